import Identity
import Platform
import Testing

@testable import SQLiteStore

@Suite struct AuditTableTests {
    /// Enough of a hash for a chain: the library that makes real ones is not this module's.
    private struct Sums: Digests {
        func sha256(_ bytes: [UInt8]) -> [UInt8] {
            var sum: UInt64 = 0xCBF2_9CE4_8422_2325
            for byte in bytes { sum = (sum ^ UInt64(byte)) &* 0x100_0000_01B3 }
            return withUnsafeBytes(of: sum) { Array($0) } + [UInt8](repeating: 7, count: 24)
        }

        func hmacSHA256(_ bytes: [UInt8], key: [UInt8]) -> [UInt8] { sha256(key + bytes) }
    }

    private func row(_ number: Int64) -> AuditRow {
        AuditRow(
            number: number, time: now, who: "ann", role: "admin", origin: "", action: "a",
            target: "t", detail: "", result: "done")
    }

    /// Old segments go, and what is kept still shows what it follows.
    @Test func theLogIsBoundedBySegments() throws {
        let folder = try StoreFolder()
        let store = try HubStore(folder)
        let table = AuditTable(store.connection, segmentRows: 4, rowsMaximum: 12)
        for number in 1...30 as ClosedRange<Int64> {
            try table.append(by: Sums()) { row($0) }
            let kept = try table.page(after: 0, since: WallTime(milliseconds: 0), limit: 100)
            #expect(kept.count <= 12 + 3)
            #expect(kept.last?.row.number == number)
            let start = try table.start()
            #expect(start.number % 4 == 0 && start.number + 1 == kept.first?.row.number)
            var check = AuditCheck(from: start, by: Sums())
            for entry in kept { try check.take(entry.row, hash: entry.hash) }
            #expect(check.head == (try table.head()))
        }
        // One row more gone than the hub itself dropped.
        try store.connection.execute("DELETE FROM audit WHERE n<=17")
        #expect(try table.start() == .beginning)
        let again = AuditTable(store.connection)
        #expect(try again.head().number == 30)
    }

    @Test func pagesGoOnWhereTheyEnded() throws {
        let folder = try StoreFolder()
        let store = try HubStore(folder)
        let table = store.audit
        for _ in 0..<10 { try table.append(by: Sums()) { row($0) } }
        let page = try table.page(after: 4, since: WallTime(milliseconds: 0), limit: 3)
        #expect(page.map(\.row.number) == [5, 6, 7])
        #expect(
            try table.page(after: 0, since: WallTime(milliseconds: now.milliseconds + 1), limit: 3)
                .isEmpty)
    }
}
