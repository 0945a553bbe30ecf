import Platform
import SyncProtocol
import TestSupport
import Testing

@testable import FleetHub

@Suite struct HubLogTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private static func rows(
        _ hub: HubHarness, stream: String? = nil, after: Int64 = 0, limit: Int = 1000
    ) async throws -> [Value] {
        let page = try await hub.hub.log(
            "board-1", stream: stream, after: after, limit: limit)
        return page["rows"]?.arrayValue ?? []
    }

    @Test func rowsAreAcknowledgedAndShown() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            _ = try await board.hello()
            let replies = try await board.log("telemetry", first: 1, [.int(5), .int(6)])
            let sequence = LogSequence(stream: "telemetry", epoch: board.epoch)
            #expect(
                replies == [.logAcknowledged(sequence: sequence, upto: 2)])
            let time = WallTime(milliseconds: Release.date.milliseconds + 1000)
            #expect(
                try await Self.rows(hub).first
                    == .object([
                        ("n", .int(1)), ("stream", .string("telemetry")),
                        ("epoch", .string(board.epoch.text)), ("seq", .int(1)),
                        ("time", .string(RFC3339.text(time))),
                        ("clock", .string("synchronized")), ("key", .string("k")),
                        ("value", .int(5)),
                    ]))
        }
    }

    @Test func duplicatesAndHolesChangeNothing() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            _ = try await board.hello()
            func upto(_ first: UInt64, _ values: [Value]) async throws -> UInt64? {
                let replies = try await board.log("event", first: first, values)
                guard case .logAcknowledged(_, let upto) = replies.first else { return nil }
                return upto
            }
            #expect(try await upto(1, [.int(1), .int(2)]) == 2)
            #expect(try await upto(1, [.int(1), .int(2)]) == 2)
            #expect(try await upto(2, [.int(2), .int(3)]) == 3)
            // What is before it comes first.
            #expect(try await upto(9, [.int(9)]) == 3)
            #expect(try await Self.rows(hub).map { $0["value"] } == [.int(1), .int(2), .int(3)])
            #expect(try await Self.rows(hub).map { $0["n"] } == [.int(1), .int(2), .int(3)])
        }
    }

    @Test func pagesGoOnWhereTheLastEnded() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            _ = try await board.hello()
            _ = try await board.log("event", first: 1, (1...3).map { .int($0) })
            _ = try await board.log("telemetry", first: 1, (4...7).map { .int($0) })
            let page = try await hub.hub.log("board-1", stream: nil, after: 0, limit: 5)
            #expect(page["rows"]?.arrayValue?.count == 5)
            #expect(page["next"] == .int(5))
            let rest = try await hub.hub.log("board-1", stream: nil, after: 5, limit: 5)
            #expect(rest["rows"]?.arrayValue?.map { $0["value"] } == [.int(6), .int(7)])
            let end = try await hub.hub.log("board-1", stream: nil, after: 7, limit: 5)
            #expect(end["rows"] == .array([]))
            #expect(end["next"] == .int(7))
            let events = try await Self.rows(hub, stream: "event")
            #expect(events.map { $0["value"] } == [.int(1), .int(2), .int(3)])
        }
    }

    @Test func gapsAreCountedAndShown() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            _ = try await board.hello()
            let gap = LogGap(first: 1, last: 10, reason: .evicted)
            _ = try await board.send(
                LogBatch(
                    sequence: LogSequence(stream: "telemetry", epoch: board.epoch), first: 1,
                    items: [.gap(gap), .row(board.row(.int(1)))], clocks: []))
            let shown = try await Self.rows(hub)
            #expect(
                shown.first?["gap"]
                    == .object([
                        ("first", .int(1)), ("last", .int(10)), ("reason", .string("evicted")),
                    ]))
            #expect(shown.last?["seq"] == .int(11))
            let cursors = try await hub.hub.logCursors("board-1")["cursors"]?.arrayValue
            #expect(
                cursors == [
                    .object([
                        ("stream", .string("telemetry")), ("epoch", .string(board.epoch.text)),
                        ("upto", .int(11)), ("rows", .int(1)), ("gap_rows", .int(10)),
                        ("trimmed_rows", .int(0)),
                    ])
                ])
            let log = try await hub.hub.device("board-1")["log"]
            #expect(log == .object([("rows", .int(1)), ("gap_rows", .int(10))]))
        }
    }

    @Test func eventsAndAlarmsAreToldOnceAndOnlyOnceTaken() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            _ = try await board.hello()
            let events = await hub.watch()
            let sequence = LogSequence(stream: "alarm", epoch: board.epoch)
            _ = try await board.log("telemetry", first: 1, [.int(0)])
            _ = try await board.log("alarm", first: 1, (1...5).map { .int($0) })
            // Too early: not taken, so not told.
            _ = try await board.log("alarm", first: 20, [.int(20)])
            // A gap over what is known already, then a row that is new.
            let gap = LogGap(first: 4, last: 10, reason: .evicted)
            _ = try await board.send(
                LogBatch(
                    sequence: sequence, first: 4,
                    items: [.gap(gap), .row(board.row(.int(11)))], clocks: []))
            _ = try await board.log("alarm", first: 5, [.int(5)])
            let told = try await events.read(hub).filter { $0.kind == "log" }
            #expect(
                told.map { $0.data["value"] }
                    == [.int(1), .int(2), .int(3), .int(4), .int(5), .int(11)])
            #expect(told.allSatisfy { $0.data["stream"] == .string("alarm") })
        }
    }

    @Test func aRowFromBeforeTheClockWasSetIsCorrected() async throws {
        try await HubHarness.run(folder) { hub in
            let board = FakeBoard(hub: hub)
            _ = try await board.hello()
            let boot = BootID(rawValue: 1)
            let time = LogTime(
                boot: boot, monotonic: MonotonicTime(milliseconds: 1000), offset: 0,
                quality: .unset)
            let clock = BootClock(
                boot: boot, offset: Milliseconds(Release.date.milliseconds),
                quality: .synchronized)
            let sequence = LogSequence(stream: "event", epoch: board.epoch)
            let early = LogItem.row(LogRow(time: time, key: "k", value: .null))
            _ = try await board.send(
                LogBatch(sequence: sequence, first: 1, items: [early], clocks: []))
            #expect(try await Self.rows(hub).first?["clock"] == .string("unset"))
            _ = try await board.send(
                LogBatch(sequence: sequence, first: 2, items: [early], clocks: [clock]))
            let corrected = RFC3339.text(
                WallTime(milliseconds: Release.date.milliseconds + 1000))
            for row in try await Self.rows(hub) {
                #expect(row["clock"] == .string("synchronized"))
                #expect(row["time"] == .string(corrected))
            }
        }
    }

    @Test func retentionTakesTelemetryFirstAndCountsWhatItTook() async throws {
        var settings = FleetHub.Settings()
        settings.logRowsMaximum = 20
        try await HubHarness.run(folder, settings: settings) { hub in
            let board = FakeBoard(hub: hub)
            _ = try await board.hello()
            _ = try await board.log("event", first: 1, (1...5).map { .int($0) })
            for batch in 0..<10 {
                let first = UInt64(batch) * 10 + 1
                _ = try await board.log(
                    "telemetry", first: first, (0..<10).map { .int(Int64(first) + $0) })
            }
            let rows = try await Self.rows(hub)
            #expect(rows.count <= 22)
            #expect(rows.count { $0["stream"] == .string("event") } == 5)
            #expect(rows.last?["value"] == .int(100))
            let cursors = try await hub.hub.logCursors("board-1")["cursors"]?.arrayValue ?? []
            let telemetry = try #require(
                cursors.first { $0["stream"] == .string("telemetry") })
            #expect(telemetry["upto"] == .int(100))
            #expect(telemetry["rows"] == .int(Int64(rows.count) - 5))
            #expect(telemetry["trimmed_rows"] == .int(100 - Int64(rows.count) + 5))
            // What was trimmed is not asked for again.
            #expect(try await board.log("telemetry", first: 1, [.int(1)]).count == 1)
            #expect(try await Self.rows(hub).count == rows.count)
        }
    }
}
