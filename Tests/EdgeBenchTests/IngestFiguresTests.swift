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
            link: "mqtt", security: "tls", devices: boards, batch: 10, rows: 5000, seconds: 2,
            latencies: latencies, memory: memory,
            hub: Growth(boards: boards - 200, before: 5000, after: 6600),
            broker: Growth(boards: boards - 200, before: 100, after: 900), connectSeconds: 3,
            datagramsLost: 7, processorSeconds: 1, commits: 50, ceiling: 10_000)
    }

    @Test func theLineSaysAll() throws {
        let latencies = (1...100).reversed().map { Duration.milliseconds($0) }
        let line = try JSONReader.read(Self.figures(latencies).line.json)
        let expected: [(String, Value)] = [
            ("link", .string("mqtt")), ("security", .string("tls")), ("devices", .int(1000)),
            ("batch", .int(10)), ("deltas_per_s", .int(2500)), ("p50_ms", .number(50)),
            ("p99_ms", .number(99)), ("hub_rss_kib", .int(9)), ("bytes_per_board", .int(2048)),
            ("sqlite_rows_per_s", .int(10_000)), ("share", .number(0.25)),
            ("rows_per_commit", .number(100)), ("hub_cpu_share", .number(0.5)),
            ("broker_bytes_per_board", .int(1024)), ("connect_s", .number(3)),
            ("datagrams_lost", .int(7)),
        ]
        for (name, value) in expected {
            #expect(line[name]?.doubleValue == value.doubleValue, "\(name)")
            #expect(line[name]?.stringValue == value.stringValue, "\(name)")
        }
    }

    @Test func withoutBoardsToCompareThereIsNoShareOfMemory() throws {
        #expect(try Self.figures(boards: 200).hub.bytesPerBoard == nil)
        #expect(try Self.figures().percentile(0.99) == 0)
    }

    @Test func lostDatagramsAreThoseOfTheHub() {
        let text = """
               sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid \
             timeout inode ref pointer drops
              101: 0100007F:1633 00000000:0000 07 00000000:00000000 00:00000000 00000000     0 \
                   0 4711 2 0000000000000000 40
              102: 0100007F:1634 00000000:0000 07 00000000:00000000 00:00000000 00000000     0 \
                   0 4712 2 0000000000000000 2
              103: 0100007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0 \
                   0 4713 2 0000000000000000 900
            """
        #expect(DatagramLosses.count(ports: [5683, 5684], text: text) == 42)
        #expect(DatagramLosses.count(ports: [5685], text: text) == 0)
    }

    @Test(arguments: [
        ("--link mqtt", true), ("--link coap --security none", true), ("--link coaps", true),
        ("--link mqtt --security none --connections 4", true),
        ("--link mqtt-tls --security none", false), ("--link mqtt --connections 4", false),
        ("--link coap --security none --connections 4", false), ("--connections 4", false),
        ("--link mqtt --security none --connections 2000", false),
    ])
    func onlyWhatCanBeMeasuredIsTaken(_ words: String, _ isTaken: Bool) {
        let arguments = words.split(separator: " ").map(String.init)
        let parsed = try? HubMemory.parse(arguments)
        #expect((parsed != nil) == isTaken, "\(words)")
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
