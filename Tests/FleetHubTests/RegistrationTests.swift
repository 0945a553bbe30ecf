import Platform
import SyncProtocol
import TestSupport
import Testing

@testable import FleetHub

@Suite struct RegistrationTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func aDeviceIsRegisteredByItsFirstFrameAndForGood() async throws {
        try await HubHarness.run(folder) { hub in
            let events = await hub.watch()
            let error = await #expect(throws: HubError.self) {
                try await hub.hub.device("board-1")
            }
            #expect(error?.code == .notFound)
            _ = try await FakeBoard(hub: hub).hello()
            let device = try await hub.hub.device("board-1")
            #expect(device["name"] == .string("board-1"))
            #expect(device["state"] == .string("active"))
            #expect(device["connected"] == .bool(true))
            #expect(
                device["registered_at"] == .string(RFC3339.text(hub.clock.now().wall)))
            _ = try await FakeBoard(hub: hub).hello()
            let registered = try await events.read(hub)
                .filter { $0.data["state"] == .string("registered") }
            #expect(registered.count == 1)
        }
        try await HubHarness.run(folder, epoch: 0xAC01) { hub in
            let device = try await hub.hub.device("board-1")
            #expect(device["connected"] == .bool(false))
        }
    }

    @Test func aRemovedDeviceIsRefusedAlsoByTheNextHub() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            _ = try await board.hello()
            _ = try await board.log("event", first: 1, [.int(1)])
            try await hub.hub.removeDevice("board-1", forget: false)
            let replies = try await board.hello()
            guard case .refused(let reason) = replies.first else {
                Issue.record("\(replies)")
                return
            }
            #expect(reason.contains("fleet device rm board-1 --forget"))
            #expect(try await board.log("event", first: 2, [.int(2)]).map(\.name) == ["refused"])
            let devices = try await hub.hub.devices(selector: nil)
            #expect(devices["devices"] == .array([]))
            let error = await #expect(throws: HubError.self) {
                try await hub.hub.setCell("board-1", path: "config/x", value: .null)
            }
            #expect(error?.code == .notFound)
        }
        try await HubHarness.run(folder, epoch: 0xAC01) { hub in
            let replies = try await FakeBoard(hub: hub).hello()
            #expect(replies.map(\.name) == ["refused"])
        }
    }

    @Test func aForgottenDeviceJoinsAgainAsANewOne() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            _ = try await board.hello()
            _ = try await board.log("event", first: 1, [.int(1)])
            _ = try await hub.hub.updateDevice(
                "board-1", name: "barn", labels: ["site": "barn"])
            try await hub.hub.removeDevice("board-1", forget: false)
            try await hub.hub.removeDevice("board-1", forget: true)
            #expect(try await board.hello().map(\.name) == ["state"])
            let device = try await hub.hub.device("board-1")
            #expect(device["name"] == .string("board-1"))
            #expect(device["labels"] == .map([]))
            #expect(device["log"]?["rows"] == .int(0))
        }
    }

    /// The hub's writes that the device holds come back, so that their dots are not given twice.
    @Test func aForgottenDeviceStillHearsWhatIsWrittenAfterItJoinedAgain() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            _ = try await board.hello()
            for number in 1...3 {
                _ = try await hub.hub.setCell(
                    "board-1", path: "config/x", value: .int(Int64(number)))
            }
            let held = try await board.up().flatMap(\.cells)
            #expect(held.map(\.dot.counter) == [3])
            var context = CausalContext([hub.epoch: 3])
            try await hub.hub.removeDevice("board-1", forget: true)

            let reference = HubReference(epoch: hub.epoch, commit: 1)
            let first = try await board.hello(
                request: 7, reference: reference, recent: context)
            #expect(first.map(\.name) == ["want"])
            let seed = IntervalDelta(epoch: hub.epoch, since: 0, upto: 3, cells: held)
            let answer = try await board.seed(7, [seed], isLast: true)
            #expect(answer.map(\.name) == ["state"])
            _ = try await hub.hub.setCell("board-1", path: "config/x", value: .int(9))
            context.advance(hub.epoch, to: 3)
            let news = try await board.up(joined: context).flatMap(\.cells)
            #expect(news.map(\.value) == [.int(9)])
            #expect(news.map(\.dot.counter) == [4])
        }
    }

    @Test func removingWhatIsNotThereIsAnError() async throws {
        try await HubHarness.run(folder) { hub in
            for forget in [true, false] {
                let error = await #expect(throws: HubError.self) {
                    try await hub.hub.removeDevice("ghost", forget: forget)
                }
                #expect(error?.code == .notFound)
            }
        }
    }

    @Test func labelsSelectDevices() async throws {
        try await HubHarness.run(folder) { hub in
            for (id, rack) in [("a", "1"), ("b", "2"), ("c", "2")] {
                _ = try await FakeBoard(hub: hub, id: id).hello()
                _ = try await hub.hub.updateDevice(
                    id, name: nil, labels: ["site": "barn", "rack": rack])
            }
            func ids(_ selector: String?) async throws -> [String?] {
                let list = try await hub.hub.devices(selector: selector)
                return (list["devices"]?.arrayValue ?? []).map { $0["id"]?.stringValue }
            }
            #expect(try await ids(nil) == ["a", "b", "c"])
            #expect(try await ids("") == ["a", "b", "c"])
            #expect(try await ids("site=barn,rack=2") == ["b", "c"])
            #expect(try await ids("rack=3").isEmpty)
            let error = await #expect(throws: HubError.self) {
                try await hub.hub.devices(selector: "barn")
            }
            #expect(error?.code == .invalid)
            // Labels are replaced, and outlive the hub.
            _ = try await hub.hub.updateDevice("a", name: nil, labels: ["site": "mill"])
            #expect(try await ids("rack=1").isEmpty)
        }
        try await HubHarness.run(folder, epoch: 0xAC01) { hub in
            let device = try await hub.hub.device("a")
            #expect(device["labels"] == .object([("site", .string("mill"))]))
        }
    }

    @Test func aBoardsOwnLabelsCountUnlessTheOperatorSaysOtherwise() async throws {
        let own = Value.object([
            ("labels", .object([("site", .string("barn")), ("rack", .string("1"))])),
            ("version", .string("test")),
        ])
        let merged = Value.object([("site", .string("barn")), ("rack", .string("2"))])
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            _ = try await board.hello()
            _ = try await board.up([
                board.delta(try board.cell("reported/agent", own, counter: 1))
            ])
            #expect(
                try await hub.hub.devices(selector: "site=barn")["devices"]?.arrayValue?.count
                    == 1)
            let device = try await hub.hub.updateDevice(
                "board-1", name: nil, labels: ["rack": "2"])
            #expect(device["labels"] == merged)
        }
        try await HubHarness.run(folder, epoch: 0xAC01) { hub in
            let device = try await hub.hub.device("board-1")
            #expect(device["labels"] == merged)
        }
    }

    @Test func whenADeviceWasLastSeenOutlivesTheHubToTheMinute() async throws {
        let seen = Guarded("")
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            _ = try await board.hello()
            _ = try await board.up()
            hub.clock.advance(60_000)
            _ = try await board.up()
            let last = RFC3339.text(hub.clock.now().wall)
            seen.with { $0 = last }
            hub.clock.advance(59_999)
            _ = try await board.up()
        }
        try await HubHarness.run(folder, epoch: 0xAC01) { hub in
            let device = try await hub.hub.device("board-1")
            #expect(device["last_seen"] == .string(seen.with { $0 }))
        }
    }

    @Test func namesAreUnique() async throws {
        try await HubHarness.run(folder) { hub in
            for id in ["a", "b"] { _ = try await FakeBoard(hub: hub, id: id).hello() }
            let renamed = try await hub.hub.updateDevice("a", name: "pump", labels: nil)
            #expect(renamed["name"] == .string("pump"))
            let error = await #expect(throws: HubError.self) {
                try await hub.hub.updateDevice("b", name: "pump", labels: ["x": "y"])
            }
            #expect(error?.code == .conflict)
            let untouched = try await hub.hub.device("b")
            #expect(untouched["name"] == .string("b"))
            #expect(untouched["labels"] == .map([]))
            // Its own name is no conflict.
            _ = try await hub.hub.updateDevice("a", name: "pump", labels: nil)
        }
    }

    @Test func presenceIsShownAndToldOnce() async throws {
        try await HubHarness.run(folder) { hub in
            _ = try await FakeBoard(hub: hub).hello()
            let events = await hub.watch()
            for isOnline in [true, false, false, true] {
                try await hub.deliver(.presence(device: "board-1", isOnline: isOnline))
            }
            try await hub.deliver(.presence(device: "stranger", isOnline: true))
            #expect(try await hub.hub.device("board-1")["connected"] == .bool(true))
            let states = try await events.read(hub)
                .filter { $0.kind == "device" }.map { $0.data["state"] }
            #expect(states == [.string("offline"), .string("online")])
            // Without the broker nobody is there.
            #expect(try await hub.hub.device("board-1")["connected"] == .bool(false))
        }
    }

    @Test func tokensAreKnownByTheirHash() async throws {
        try await HubHarness.run(folder) { hub in
            #expect(await hub.hub.caller(token: "secret", from: "") == nil)
            try await hub.hub.addToken("secret")
            let caller = await hub.hub.caller(token: "secret", from: "::1")
            #expect(caller == Caller(name: "test", role: .admin, origin: "::1"))
            for token in ["", "Secret", "secret ", FleetHub.hash(token: "secret")] {
                #expect(await hub.hub.caller(token: token, from: "") == nil)
            }
        }
        // FIPS 180-4: the digest of "abc".
        #expect(
            FleetHub.hash(token: "abc")
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test func theHubTellsWhoItIs() async throws {
        var settings = FleetHub.Settings()
        settings.version = "1.2.3"
        try await HubHarness.run(folder, settings: settings) { hub in
            let answer = await hub.hub.hub()
            #expect(answer["version"] == .string("1.2.3"))
            #expect(answer["epoch"] == .string("000000000000ab01"))
            #expect(answer["started_at"] == .string(RFC3339.text(hub.clock.now().wall)))
        }
    }
}
