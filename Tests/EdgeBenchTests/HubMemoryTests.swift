import Platform
import SyncProtocol
import Testing

@testable import edge_bench

@Suite struct HubMemoryTests {
    private static func memory(_ pss: Int, _ anonymous: Int) throws -> MemoryFigures {
        let text = "Rss: 1 kB\nPss: \(pss) kB\nAnonymous: \(anonymous) kB\n"
        return try #require(MemoryFigures(text: text))
    }

    private static func figures(
        devices: Int, connected: (Int, Int) = (3000, 1900), idle: (Int, Int) = (2100, 1080)
    ) throws -> HubMemoryFigures {
        HubMemoryFigures(
            devices: devices, base: try memory(2000, 1000),
            connected: try memory(connected.0, connected.1),
            idleAfterConnected: try memory(2900, 1850), restartBase: try memory(1900, 980),
            idle: try memory(idle.0, idle.1), databaseBase: 81_920, database: 2_081_920)
    }

    @Test func eachDeviceHasItsShareOfTheGrowth() throws {
        #expect(
            try Self.figures(devices: 1000).line.json
                == "{\"devices\":1000,\"hub_base_kib\":2000,\"connected_bytes_each\":1024,"
                + "\"connected_anonymous_each\":922,\"idle_bytes_each\":205,"
                + "\"idle_anonymous_each\":102,\"idle_after_connected_bytes_each\":922,"
                + "\"database_bytes_each\":2000}")
    }

    @Test func halfTheDevicesHaveTwiceAsMuchEach() throws {
        let line = try JSONReader.read(Self.figures(devices: 500).line.json)
        #expect(line["connected_bytes_each"] == .int(2048))
        #expect(line["idle_anonymous_each"] == .int(205))
        #expect(line["database_bytes_each"] == .int(4000))
        #expect(line["hub_base_kib"] == .int(2000))
    }

    @Test func aHubThatShrankIsShownAsItIs() throws {
        let figures = try Self.figures(devices: 1024, connected: (1999, 998), idle: (1876, 980))
        let line = try JSONReader.read(figures.line.json)
        #expect(line["connected_bytes_each"] == .int(-1))
        #expect(line["connected_anonymous_each"] == .int(-2))
        #expect(line["idle_bytes_each"] == .int(-24))
        #expect(line["idle_anonymous_each"] == .int(0))
    }

    @Test(arguments: ["1", "20000"])
    func devicesWithinTheBoundsAreTaken(count: String) throws {
        let command = try HubMemory.parse(["--devices", count])
        #expect(String(command.devices) == count)
    }

    @Test(arguments: ["0", "-1", "20001", "many"])
    func otherCountsAreWrongUsage(count: String) {
        #expect(throws: (any Error).self) { try HubMemory.parse(["--devices=\(count)"]) }
    }

    @Test func aBoardHasTenReportedAndTwoDesiredValues() throws {
        let paths = try TypicalBoard.values(sample: 0).map { try TwinPath($0.path) }
        #expect(Set(paths).count == 12)
        #expect(paths.count { $0.text.hasPrefix("reported/") } == 10)
        #expect(paths.count { $0.text.hasPrefix("desired/") } == 2)
    }

    @Test func aBoardTakesAllItsValues() throws {
        let device = try TypicalBoard.make("board-00001", number: 1)
        #expect(try device.store.document.count() == 12)
        try TypicalBoard.write(sample: 1, to: device)
        #expect(try device.store.document.count() == 12)
        #expect(device.events.isEmpty)
        #expect(try device.begin(nil).count == 1)
    }

    @Test func boardsOfOtherNumbersHaveOtherEpochs() throws {
        let epochs = try (1...200).map {
            try TypicalBoard.make("board", number: $0 * 100).store.epoch
        }
        #expect(Set(epochs).count == 200)
    }

    @Test func framesWaitInOrderForTheirBoards() {
        var frames = BoardFrames()
        frames.add([1], for: "a")
        frames.add([2], for: "b")
        frames.add([3], for: "a")
        #expect(frames.boards == 2)
        #expect(frames.next(for: "a") == [1])
        #expect(frames.next(for: "a") == [3])
        #expect(frames.next(for: "a") == nil)
        #expect(frames.boards == 1)
        #expect(frames.next(for: "b") == [2])
        #expect(frames.boards == 0)
    }

    @Test func framesForOneBoardAreBounded() {
        var frames = BoardFrames()
        for number in 0...BoardFrames.perBoard { frames.add([UInt8(number)], for: "a") }
        var taken: [UInt8] = []
        while let frame = frames.next(for: "a") { taken += frame }
        #expect(taken == (0..<BoardFrames.perBoard).map { UInt8($0) })
    }

    @Test func aMetricIsReadByItsWholeName() {
        let text = """
            # HELP fleethub_devices Devices in the registry.
            # TYPE fleethub_devices gauge
            fleethub_devices 7
            fleethub_devices_online 5

            """
        #expect(HubReader.metric("fleethub_devices", in: text) == 7)
        #expect(HubReader.metric("fleethub_devices_online", in: text) == 5)
        #expect(HubReader.metric("fleethub", in: text) == nil)
        #expect(HubReader.metric("fleethub_devices", in: "") == nil)
    }
}
