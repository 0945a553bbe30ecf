import Platform
import SyncProtocol
import TestSupport
import Testing

private let session = Epoch(nonce: 1)
private let nextSession = Epoch(nonce: 3)
private let own = Epoch(nonce: 2)
private let alarm = LogSequence(stream: "alarm", epoch: own)
private let event = LogSequence(stream: "event", epoch: own)
private let telemetry = LogSequence(stream: "telemetry", epoch: own)

private func at(_ milliseconds: Int64) -> MonotonicTime {
    MonotonicTime(milliseconds: milliseconds)
}

extension LogFeeder {
    /// Sends what is next, `rows` at a time, and says what it was.
    fileprivate mutating func send(
        rows: UInt64 = 10, lowest: MessagePriority = .telemetry, at now: MonotonicTime = at(0)
    ) -> String? {
        guard let (sequence, first) = next(lowest: lowest) else { return nil }
        onSent(sequence, through: first + rows - 1, at: now)
        return "\(sequence.stream) \(first)"
    }
}

/// A feeder with rows `1...last` of each class; `acknowledged` of them are already released.
private func feeder(
    last: UInt64 = 100, acknowledged: UInt64 = 0, framesInFlight: Int = 100, isOpen: Bool = true
) -> LogFeeder {
    var settings = LogFeeder.Settings()
    settings.framesInFlight = framesInFlight
    settings.timeout = 1000
    var feeder = LogFeeder(settings: settings)
    for (sequence, priority) in [
        (telemetry, MessagePriority.telemetry), (alarm, .alarm), (event, .event),
    ] {
        feeder.onCommitted(sequence, priority: priority, last: last, acknowledged: acknowledged)
    }
    if isOpen { feeder.onOpened(session) }
    return feeder
}

@Suite struct LogFeederTests {
    @Test func nothingGoesWithoutASession() {
        var feeder = feeder(isOpen: false)
        #expect(feeder.send() == nil)
        feeder.onOpened(session)
        #expect(feeder.send() == "alarm 1")
        feeder.onClosed()
        #expect(feeder.send() == nil)
    }

    @Test func theHighestClassGoesFirst() {
        var feeder = feeder(last: 20)
        let sent = (0..<7).map { _ in feeder.send() }
        #expect(
            sent == [
                "alarm 1", "alarm 11", "event 1", "event 11", "telemetry 1", "telemetry 11", nil,
            ]
        )
        feeder.onCommitted(alarm, priority: .alarm, last: 21, acknowledged: 0)
        #expect(feeder.send() == "alarm 21")
    }

    @Test func classesBelowTheLowestAreHeldBack() {
        var feeder = feeder(last: 10)
        #expect(feeder.send(lowest: .alarm) == "alarm 1")
        #expect(feeder.send(lowest: .alarm) == nil)
        #expect(feeder.send(lowest: .event) == "event 1")
        #expect(feeder.send(lowest: .event) == nil)
        #expect(feeder.send() == "telemetry 1")
    }

    @Test func framesInFlightAreBounded() {
        var feeder = feeder(framesInFlight: 3)
        #expect((0..<3).allSatisfy { _ in feeder.send() != nil })
        #expect(feeder.send() == nil)
        // One acknowledgement covers two frames.
        #expect(feeder.onAcknowledged(alarm, upto: 20, session: session) == .advanced(upto: 20))
        #expect(feeder.send() == "alarm 31")
        #expect(feeder.send() == "alarm 41")
        #expect(feeder.send() == nil)
    }

    @Test func onlyTheHubsAcknowledgementCountsAndOnlyOfThisSession() {
        var feeder = feeder()
        _ = feeder.send()
        #expect(feeder.onAcknowledged(alarm, upto: 10, session: nextSession) == .unchanged)
        let unknown = LogSequence(stream: "alarm", epoch: Epoch(nonce: 4))
        #expect(feeder.onAcknowledged(unknown, upto: 10, session: session) == .unchanged)
        feeder.onClosed()
        #expect(feeder.onAcknowledged(alarm, upto: 10, session: session) == .unchanged)
        feeder.onOpened(session)
        #expect(feeder.send() == "alarm 1")
    }

    @Test func anAcknowledgementBeyondTheLastRowReleasesNothing() {
        var feeder = feeder(last: 10)
        _ = feeder.send()
        #expect(feeder.onAcknowledged(alarm, upto: 11, session: session) == .unchanged)
        #expect(feeder.onAcknowledged(alarm, upto: .max, session: session) == .unchanged)
    }

    @Test func aStaleAcknowledgementInASessionIsIgnored() {
        var feeder = feeder()
        for _ in 0..<3 { _ = feeder.send() }
        #expect(feeder.onAcknowledged(alarm, upto: 20, session: session) == .advanced(upto: 20))
        #expect(feeder.onAcknowledged(alarm, upto: 10, session: session) == .unchanged)
        #expect(feeder.onAcknowledged(alarm, upto: 20, session: session) == .unchanged)
        #expect(feeder.onAcknowledged(alarm, upto: 0, session: session) == .unchanged)
        #expect(feeder.send() == "alarm 31")
        #expect(feeder.onAcknowledged(alarm, upto: 30, session: session) == .advanced(upto: 30))
    }

    /// A hub that lost rows says so with its first acknowledgement in a new session.
    @Test func aLowerFirstAcknowledgementOfASessionIsALoss() {
        var feeder = feeder(acknowledged: 50)
        #expect(feeder.send() == "alarm 51")
        #expect(feeder.onAcknowledged(alarm, upto: 20, session: session) == .regressed(upto: 20))
        #expect(feeder.send() == "alarm 21")
        #expect(feeder.onAcknowledged(alarm, upto: 10, session: session) == .unchanged)
        #expect(feeder.onAcknowledged(alarm, upto: 30, session: session) == .advanced(upto: 30))
        // Another sequence has a first acknowledgement of its own, and so has a new session.
        #expect(feeder.onAcknowledged(event, upto: 0, session: session) == .regressed(upto: 0))
        feeder.onOpened(nextSession)
        #expect(
            feeder.onAcknowledged(alarm, upto: 5, session: nextSession) == .regressed(upto: 5))
    }

    @Test func aNewSessionStartsFromTheLastAcknowledgement() {
        var feeder = feeder()
        for _ in 0..<3 { _ = feeder.send() }
        _ = feeder.onAcknowledged(alarm, upto: 10, session: session)
        feeder.onOpened(nextSession)
        #expect(feeder.deadline == nil)
        #expect(feeder.sent[alarm] == 10)
        #expect(feeder.send() == "alarm 11")
        #expect(feeder.onAcknowledged(alarm, upto: 30, session: session) == .unchanged)
        #expect(
            feeder.onAcknowledged(alarm, upto: 30, session: nextSession) == .advanced(upto: 30))
        #expect(feeder.send() == "alarm 31")
    }

    /// A hub that opened an older copy of its store says so only when it is asked.
    @Test func aNewSessionAsksAboutTheLastRow() {
        var feeder = feeder(last: 10)
        _ = feeder.send()
        #expect(feeder.onAcknowledged(alarm, upto: 10, session: session) == .advanced(upto: 10))
        feeder.onOpened(nextSession)
        #expect(feeder.send(rows: 1) == "alarm 10")
        #expect(
            feeder.onAcknowledged(alarm, upto: 3, session: nextSession) == .regressed(upto: 3))
        #expect(feeder.send(rows: 7) == "alarm 4")
        _ = feeder.onAcknowledged(alarm, upto: 10, session: nextSession)
        // A broken link to the same hub is no reason to ask again.
        feeder.onClosed()
        feeder.onOpened(nextSession)
        #expect(feeder.send() == "event 1")
    }

    /// What was heard but not committed here counts no more once the hub is another one.
    @Test func aNewSessionStartsFromWhatTheStoreHolds() {
        var feeder = feeder()
        _ = feeder.send(rows: 50)
        _ = feeder.onAcknowledged(alarm, upto: 50, session: session)
        feeder.onOpened(nextSession, acknowledged: [alarm: 20])
        #expect(feeder.send() == "alarm 21")
        feeder.onOpened(nextSession, acknowledged: [alarm: 90])
        #expect(feeder.send() == "alarm 21")
    }

    @Test func whatIsNotAcknowledgedInTimeGoesAgain() {
        var feeder = feeder(last: 20)
        _ = feeder.send(at: at(0))
        _ = feeder.send(at: at(400))
        _ = feeder.send(at: at(400))
        _ = feeder.onAcknowledged(alarm, upto: 10, session: session)
        #expect(feeder.deadline == at(1400))
        feeder.onTick(at(1399))
        #expect(feeder.send(rows: 20) == "event 11")
        feeder.onTick(at(1400))
        // From the acknowledgement on; what is not late stays in flight.
        #expect(feeder.send(at: at(1400)) == "alarm 11")
        #expect(feeder.send(at: at(1400)) == "event 1")
        #expect(feeder.deadline == at(2400))
    }

    @Test func aTimeoutFreesTheWindow() {
        var feeder = feeder(framesInFlight: 2)
        #expect(feeder.send() == "alarm 1" && feeder.send() == "alarm 11" && feeder.send() == nil)
        feeder.onTick(at(1000))
        #expect(feeder.send() == "alarm 1" && feeder.send() == "alarm 11" && feeder.send() == nil)
    }

    /// The store puts gap records where rows were evicted: a frame then covers more numbers than
    /// it has rows, and an acknowledgement may pass what this side believes it sent.
    @Test func evictedRowsAreSkippedWithTheirGap() {
        var feeder = feeder()
        #expect(feeder.send(rows: 90) == "alarm 1")
        feeder.onTick(at(1000))
        #expect(feeder.send(rows: 5) == "alarm 1")
        #expect(feeder.onAcknowledged(alarm, upto: 90, session: session) == .advanced(upto: 90))
        #expect(feeder.send(rows: 10) == "alarm 91")
    }

    /// A hub that forgot this device and goes on is the same session with an empty log.
    @Test func theFirstAnswerAfterAGreetingCountsAlsoInTheSameSession() {
        var feeder = feeder(last: 3)
        _ = feeder.send(rows: 3)
        #expect(feeder.onAcknowledged(alarm, upto: 3, session: session) == .advanced(upto: 3))
        feeder.onClosed()
        feeder.onOpened(session, acknowledged: [alarm: 3])
        #expect(feeder.onAcknowledged(alarm, upto: 0, session: session) == .regressed(upto: 0))
        #expect(feeder.send(rows: 3) == "alarm 1")
    }

    @Test func aForgottenSequenceIsNotSent() {
        var feeder = feeder()
        feeder.forget(alarm)
        #expect(feeder.send() == "event 1")
        #expect(feeder.sent[alarm] == nil)
        #expect(feeder.onAcknowledged(alarm, upto: 1, session: session) == .unchanged)
    }

    /// Whatever frames and acknowledgements get lost, all rows are released in the end, each once,
    /// and never more than the hub has.
    @Test func everythingIsReleasedOverALossyLink() {
        var generator = SeededGenerator.announced(for: "everythingIsReleasedOverALossyLink")
        for _ in 0..<60 {
            var feeder = feeder(last: 60, framesInFlight: 4)
            var hub: [LogSequence: UInt64] = [:]
            var released: [LogSequence: UInt64] = [:]
            var pending: [(LogSequence, UInt64)] = []
            var now: Int64 = 0
            for round in 0..<2000 where released.values.reduce(0, +) < 180 {
                now += 100
                feeder.onTick(at(now))
                let isLossy = round < 200
                if let (sequence, first) = feeder.next(lowest: .telemetry) {
                    let last = min(60, first + UInt64(generator.number(0...9)))
                    feeder.onSent(sequence, through: last, at: at(now))
                    if !isLossy || !generator.once(in: 3), first <= hub[sequence, default: 0] + 1 {
                        hub[sequence] = max(hub[sequence, default: 0], last)
                    }
                    pending.append((sequence, hub[sequence, default: 0]))
                }
                guard !pending.isEmpty, !isLossy || generator.once(in: 2) else { continue }
                let (sequence, upto) = pending.remove(at: generator.number(0...pending.count - 1))
                guard !isLossy || !generator.once(in: 3) else { continue }
                if case .advanced(let upto) = feeder.onAcknowledged(
                    sequence, upto: upto, session: session)
                {
                    #expect(upto > released[sequence, default: 0])
                    #expect(upto <= hub[sequence, default: 0])
                    released[sequence] = upto
                }
            }
            #expect(released == [alarm: 60, event: 60, telemetry: 60])
        }
    }
}
