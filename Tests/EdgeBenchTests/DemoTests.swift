import Foundation
import Platform
import Testing

@testable import edge_bench

@Suite struct DemoTests {
    @Test func aGen2DumpPublishesEachComponentsStatus() throws {
        let dump = try JSONReader.read(
            """
            {"config":{"mqtt":{"topic_prefix":"plug-1"}},"status":{"ble":{},"sys":{"uptime":1},
            "switch:0":{"output":true},"temperature:0":{"tC":46.6}}}
            """)
        let messages = DemoInput.messages(dump)
        #expect(messages.map(\.topic) == ["plug-1/status/switch:0", "plug-1/status/temperature:0"])
        #expect(messages.first?.payload == "{\"output\":true}")
    }

    @Test func aGen1DumpPublishesItsWholeStatus() throws {
        let dump = try JSONReader.read(
            "{\"settings\":{\"device\":{\"hostname\":\"shellyair-A\"}},\"status\":{\"uptime\":5}}")
        #expect(
            DemoInput.messages(dump) == [
                DemoInput.Message(topic: "shellies/shellyair-A/info", payload: "{\"uptime\":5}")
            ])
    }

    @Test func aDumpWithoutANamePublishesNothing() throws {
        #expect(DemoInput.messages(try JSONReader.read("{\"status\":{}}")).isEmpty)
        #expect(DemoInput.messages(try JSONReader.read("[1]")).isEmpty)
    }

    @Test func aSeriesKeepsItsNumbersOnly() {
        let text = "timestamp,value\n2013-12-02 21:15:00,73.9\nbroken\n2013-12-02 21:20:00,74.5\n"
        #expect(DemoInput.series(text) == [73.9, 74.5])
    }

    @Test func generatedInputIsTheSameAtEachRunAndValidJSON() throws {
        let input = DemoInput()
        #expect(input.devices.count == 3)
        #expect(input.temperatures == DemoInput().temperatures)
        for message in input.devices.joined() {
            #expect(try JSONReader.read(message.payload).mapValue != nil)
        }
    }

    /// The README and CI name the folder relative to the checkout.
    private static let folder = "../shared/data"

    @Test(
        .enabled(
            if: FileManager.default.fileExists(atPath: folder),
            "needs the data folder beside the checkout"))
    func realDumpsGiveAllBoardsDevices() throws {
        let input = try #require(DemoInput(folder: Self.folder))
        #expect(input.devices.allSatisfy { !$0.isEmpty })
        #expect(input.temperatures.count > 1000)
    }

    @Test func anAbsentFolderGivesNoInput() {
        #expect(DemoInput(folder: "no/such/folder") == nil)
    }

    private static func board(written: Int, upto: Int, numbers: [Int]) -> DemoReport.Board {
        DemoReport.Board(
            id: "barn", numbered: numbers.max() ?? 0, unnumbered: 1, written: written,
            entries: numbers.enumerated().map { index, number in
                HubEntry(
                    stream: "telemetry", epoch: "a",
                    content: .row(
                        .init(
                            seq: index + 1, time: "", clock: "", key: "devices/machine",
                            value: .object([("n", .int(Int64(number)))]))))
            },
            cursors: [
                HubCursor(
                    stream: "telemetry", epoch: "a", upto: upto, rows: upto, gapRows: 0,
                    trimmedRows: 0)
            ], kills: 0, bytesUp: 10, pssKiB: 5000)
    }

    @Test func theClosingLineHasTheFieldsInOrder() {
        let report = DemoReport(
            boards: [Self.board(written: 3, upto: 3, numbers: [1, 2, 3])],
            reconvergeMilliseconds: 420, complaints: [])
        #expect(report.failures.isEmpty)
        #expect(
            report.line.json
                == "{\"demo\":\"ok\",\"devices\":1,\"published\":4,\"log_written\":3,"
                + "\"log_acked\":3,\"log_lost\":0,\"duplicates\":0,\"converged\":true,"
                + "\"reconverge_ms\":420,\"bytes_up\":10,\"agent_pss_kib\":5000}")
    }

    @Test func lossAndDuplicatesFail() {
        let lossy = DemoReport(
            boards: [Self.board(written: 4, upto: 3, numbers: [1, 2, 4])],
            reconvergeMilliseconds: 1, complaints: [])
        #expect(!lossy.failures.isEmpty)
        #expect(lossy.line.json.contains("\"log_lost\":2"))
        let doubled = DemoReport(
            boards: [Self.board(written: 3, upto: 3, numbers: [1, 2, 2])],
            reconvergeMilliseconds: 1, complaints: [])
        #expect(!doubled.failures.isEmpty)
        #expect(doubled.line.json.contains("\"duplicates\":1"))
        let apart = DemoReport(
            boards: [Self.board(written: 3, upto: 3, numbers: [1, 2, 3])],
            reconvergeMilliseconds: nil, complaints: [])
        #expect(apart.line.json.hasPrefix("{\"demo\":\"failed\""))
    }
}
