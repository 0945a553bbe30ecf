import Platform
import SQLiteStore
import SyncProtocol
import Testing

@testable import EdgeAgent

private let now = WallTime(milliseconds: 1000)

private func row(_ number: Int64, key: String = "k") -> LogRow {
    let time = LogTime(
        boot: BootID(rawValue: 1), monotonic: MonotonicTime(milliseconds: number), offset: 0,
        quality: .unset)
    return LogRow(time: time, key: key, value: .int(number))
}

@Suite struct StageTests {
    @Test func whatDevicesSaidCanBeTakenBackAndNothingElse() throws {
        var stage = Stage()
        stage.append(row(1, key: "devices/lamp"), to: "telemetry", .telemetry)
        stage.append(row(2, key: "board"), to: "telemetry", .telemetry)
        stage.append(row(3, key: "devices/smoke"), to: "alarm", .alarm)
        let (device, own) = (
            try TwinPath("reported/devices/lamp/on"), try TwinPath("reported/board/load_1m")
        )
        stage.write(device, .bool(true))
        stage.write(own, .int(2))
        let time = row(4).time
        #expect(stage.dropDevices(at: time) == 0)
        let batch = stage.batch(now: WallTime(milliseconds: 0), floor: nil)
        #expect(stage.rowCount == 1)
        #expect(batch.rows.flatMap { $0.rows.map(\.key) } == ["board"])
        #expect(batch.writes.map(\.write) == [.set(own, .int(2))])
    }

    @Test func whatDoesNotComeAgainIsCountedInOneEvent() {
        var stage = Stage()
        let time = row(9).time
        stage.append(row(1, key: "devices/lamp"), to: "telemetry", .telemetry)
        for count in 1...2 as ClosedRange<Int64> {
            for _ in 0..<count {
                stage.append(row(2, key: "devices/door"), to: "event", .event)
                stage.noteUnrepeated()
            }
            #expect(stage.dropDevices(at: time) == Int(count))
        }
        #expect(stage.dropDevices(at: time) == 0)
        #expect(stage.rowCount == 0 && !stage.isEmpty)
        let rows = stage.batch(now: now, floor: nil).rows
        #expect(rows.map(\.stream) == ["event"])
        #expect(rows.first?.rows.map(\.key) == ["store.dropped"])
        #expect(rows.first?.rows.first?.value["messages"] == .int(3))
    }

    private let path: TwinPath
    private let sequence = LogSequence(stream: "event", epoch: Epoch(nonce: 2))
    private let confirmation = AgentStore.Confirmation(
        context: CausalContext([Epoch(nonce: 2): 3]),
        reference: HubReference(epoch: Epoch(nonce: 1), commit: 4))

    init() throws { path = try TwinPath("reported/board/x") }

    @Test func onlyTheLastValueOfAKeyIsKept() throws {
        var stage = Stage()
        for number in 0..<100 { stage.write(path, .int(Int64(number))) }
        stage.write(try TwinPath("reported/board/a"), .null)
        let batch = stage.batch(now: now, floor: nil)
        #expect(batch.writes.map(\.write.path.text) == ["reported/board/a", "reported/board/x"])
        #expect(batch.writes.last?.write == .set(path, .int(99)))
        #expect(batch.writes.allSatisfy { $0.document == nil })
        #expect(stage.staged(path) == .int(99))
    }

    @Test func rowsAreAllKeptInOrderByStream() {
        var stage = Stage()
        stage.append(row(1), to: "telemetry", .telemetry)
        stage.append(row(2), to: "event", .event)
        stage.append(row(3), to: "telemetry", .telemetry)
        let batch = stage.batch(now: now, floor: nil)
        #expect(batch.rows.map(\.stream) == ["event", "telemetry"])
        #expect(batch.rows.map(\.priority) == [.event, .telemetry])
        #expect(batch.rows.last?.rows.map(\.value) == [.int(1), .int(3)])
        #expect(stage.rowCount == 3)
    }

    @Test func everythingMakesItNotEmpty() {
        #expect(Stage().isEmpty)
        let fillings: [(inout Stage) -> Void] = [
            { $0.write(path, .null) }, { $0.append(row(1), to: "event", .event) },
            { $0.acknowledge(sequence, upto: 1) }, { $0.mark("output.web", 1) },
            {
                $0.clock = BootClock(
                    boot: BootID(rawValue: 1), offset: 0, quality: .plausible)
            },
            { $0.confirmed = confirmation },
        ]
        for fill in fillings {
            var stage = Stage()
            fill(&stage)
            #expect(!stage.isEmpty)
        }
    }

    @Test func itIsFullAtTheBound() {
        var stage = Stage()
        for number in 1..<Stage.rowsMaximum {
            stage.append(row(Int64(number)), to: "event", .event)
            stage.write(path, .int(Int64(number)))
        }
        #expect(!stage.isFull)
        #expect(stage.room == 1)
        stage.append(row(0), to: "alarm", .alarm)
        #expect(stage.isFull)
        #expect(stage.room == 0)
    }

    @Test func theLatestAcknowledgementCountsAlsoWhereTheHubLostRows() {
        var stage = Stage()
        stage.acknowledge(sequence, upto: 100)
        stage.acknowledge(sequence, upto: 50)
        #expect(stage.batch(now: now, floor: nil).acknowledgements == [sequence: 50])
    }

    @Test func aWriteCanBeTakenBack() {
        var stage = Stage()
        stage.write(path, .int(1))
        stage.takeBack(path, to: nil)
        #expect(stage.isEmpty)
        stage.write(path, .int(2))
        stage.takeBack(path, to: .int(1))
        #expect(stage.staged(path) == .int(1))
    }

    @Test func whatIsConfirmedIsOfTheBoardsOwnDocument() {
        var stage = Stage()
        #expect(stage.batch(now: now, floor: nil).confirmed.isEmpty)
        stage.confirmed = confirmation
        let batch = stage.batch(now: now, floor: nil)
        #expect(batch.confirmed == [AgentStore.own: confirmation])
    }

    @Test func marksClockAndFloorGoIntoTheSameBatch() {
        var stage = Stage()
        let clock = BootClock(boot: BootID(rawValue: 1), offset: 5, quality: .plausible)
        stage.clock = clock
        stage.mark("output.web", 10)
        stage.mark("output.web", 20)
        let batch = stage.batch(now: now, floor: now)
        #expect(batch.clock == clock)
        #expect(batch.marks == ["output.web": 20])
        #expect(batch.clockFloor == now)
    }
}
