import Platform
import Testing

@testable import Identity

@Suite struct AuditChainTests {
    /// Hands back what was to be hashed.
    private struct Verbatim: Digests {
        func sha256(_ bytes: [UInt8]) -> [UInt8] { bytes }
        func hmacSHA256(_ bytes: [UInt8], key: [UInt8]) -> [UInt8] { bytes }
    }

    private func row(who: String = "a", role: String = "b") -> AuditRow {
        AuditRow(
            number: 0x0102, time: WallTime(milliseconds: 3), who: who, role: role, origin: "",
            action: "", target: "", detail: "", result: "é")
    }

    @Test func theEncodingIsTheDocumented() {
        let bytes = row().hash(after: [9], by: Verbatim())
        let expected =
            Array("fleet-audit-1".utf8) + [9, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0, 3]
            + [0, 0, 0, 1, 0x61, 0, 0, 0, 1, 0x62] + [UInt8](repeating: 0, count: 16)
            + [0, 0, 0, 2, 0xC3, 0xA9]
        #expect(bytes == expected)
    }

    @Test func textsDoNotRunIntoEachOther() {
        let one = row(who: "ab", role: "c").hash(after: [], by: Verbatim())
        #expect(one != row(who: "a", role: "bc").hash(after: [], by: Verbatim()))
    }

    @Test func aHashIsReadAsItIsWritten() {
        let hash = (0..<32).map { UInt8($0 * 7 % 256) }
        #expect(AuditHead.hash(AuditHead.text(hash)) == hash)
        let digits = String(repeating: "0", count: 64)
        #expect(AuditHead.hash(digits) == AuditHead.beginning.hash)
        for bad in [
            "", "00", digits + "0", String(digits.dropLast()) + "g", digits.dropLast() + "é",
        ] {
            #expect(AuditHead.hash(bad) == nil)
        }
    }
}
