import Platform
import SyncProtocol
import Testing

@testable import edge_bench

@Suite struct IngestFiguresTests {
    private static func figures(
        _ latencies: [Duration] = [], boards: Int = 1000
    ) throws -> IngestFigures {
        let memory = try #require(MemoryFigures(text: "Rss: 9 kB\nPss: 1 kB\nAnonymous: 1 kB\n"))
        return IngestFigures(
            link: "mqtt", security: "none", devices: boards, batch: 10, rows: 5000, seconds: 2,
            latencies: latencies, memory: memory, connected: ((200, 5000), (boards, 6600)),
            processorSeconds: 1, commits: 50, ceiling: 10_000)
    }

    @Test func theLineSaysAll() throws {
        let latencies = (1...100).reversed().map { Duration.milliseconds($0) }
        let line = try JSONReader.read(Self.figures(latencies).line.json)
        let expected: [(String, Value)] = [
            ("link", .string("mqtt")), ("security", .string("none")), ("devices", .int(1000)),
            ("batch", .int(10)), ("deltas_per_s", .int(2500)), ("p50_ms", .number(50)),
            ("p99_ms", .number(99)), ("hub_rss_kib", .int(9)), ("bytes_per_board", .int(2048)),
            ("sqlite_rows_per_s", .int(10_000)), ("share", .number(0.25)),
            ("rows_per_commit", .number(100)), ("hub_cpu_share", .number(0.5)),
        ]
        for (name, value) in expected {
            #expect(line[name]?.doubleValue == value.doubleValue, "\(name)")
            #expect(line[name]?.stringValue == value.stringValue, "\(name)")
        }
    }

    @Test func withoutBoardsToCompareThereIsNoShareOfMemory() throws {
        #expect(try Self.figures(boards: 200).bytesPerBoard == nil)
        #expect(try Self.figures().percentile(0.99) == 0)
    }

    @Test func rowsGoOnWhereTheirListEnds() {
        let rows = LoadRows()
        let count = UInt64(LoadRows.count)
        let across = rows.items(from: count - 1, count: 4)
        #expect(across == rows.items(from: count - 1, count: 2) + rows.items(from: 1, count: 2))
        #expect(rows.items(from: count + 1, count: 3) == rows.items(from: 1, count: 3))
    }

    @Test func boardsAreFoundByTheirNames() {
        #expect(LoadFleet.number(of: LoadFleet.name(0)) == 0)
        #expect(LoadFleet.number(of: LoadFleet.name(12_345)) == 12_345)
        #expect(LoadFleet.number(of: "board-1") == nil)
    }
}
