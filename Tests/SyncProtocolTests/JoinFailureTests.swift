import Platform
import SyncProtocol
import TestSupport
import Testing

private let hub = Epoch(nonce: 1)
private let device = Epoch(nonce: 2)
private let reference = HubReference(epoch: hub, commit: 7)
private let covered = CausalContext([device: 3])

private func at(_ milliseconds: Int64) -> MonotonicTime {
    MonotonicTime(milliseconds: milliseconds)
}

/// An answer of the hub that the store could not write is as if it had not come.
@Suite struct JoinFailureTests {
    /// A session that has asked its first question at 10.
    private static func asking() -> DeviceSession {
        var settings = DeviceSession.Settings()
        settings.timeout = 1000
        settings.timeoutMaximum = 8000
        settings.idleInterval = 60_000
        var session = DeviceSession(
            settings: settings, entropy: SeededEntropy(SeededGenerator(seed: 1)))
        _ = session.onConnected(at(0))
        greet(&session, at(10))
        return session
    }

    private static func greet(_ session: inout DeviceSession, _ now: MonotonicTime) {
        guard case .greeting(let request) = session.phase else {
            Issue.record("not greeting")
            return
        }
        session.onSent([])
        let directives = session.onFrame(
            .state(
                Frame.State(
                    request: request, reference: reference, time: WallTime(milliseconds: 0),
                    context: CausalContext([device: 4]), deltas: [], isLast: true)), now)
        guard case .ask(let question) = directives.last else {
            Issue.record("asks nothing")
            return
        }
        session.onSent([IntervalDelta(epoch: device, since: 0, upto: 3, cells: [])])
        #expect(question == 1 || question == 2)
    }

    private static func answer(
        _ session: inout DeviceSession, _ question: UInt8, _ now: MonotonicTime
    ) -> [DeviceSession.Directive] {
        session.onFrame(
            .down(
                Frame.Down(question: question, commit: 8, acknowledged: covered, deltas: [])), now)
    }

    @Test func itConfirmsNothing() {
        var session = Self.asking()
        #expect(!Self.answer(&session, 1, at(20)).isEmpty)
        #expect(session.confirmed == covered && session.reference?.commit == 8)
        session.onJoinFailed(at(20))
        // The two belong together, and stay so.
        #expect(session.confirmed == CausalContext() && session.reference == reference)
    }

    @Test func theQuestionIsOpenAgainAndAsksNothingMoreUntilItsDeadline() {
        var session = Self.asking()
        _ = Self.answer(&session, 1, at(20))
        session.onJoinFailed(at(20))
        #expect(session.session == hub)
        // Not the long wait of an idle session.
        #expect(session.deadline == at(1020))
        #expect(session.onChanged(at(21)) == [])
        #expect(session.onTick(at(1019)) == [])
    }

    @Test func atTheDeadlineItGreetsAnewAndWhatWasNotWrittenIsSentAgain() {
        var session = Self.asking()
        _ = Self.answer(&session, 1, at(20))
        session.onJoinFailed(at(20))
        let directives = session.onTick(at(1020))
        #expect(directives.first == .closed && directives.count == 2)
        Self.greet(&session, at(1030))
        // The hub has it; only a written answer makes it confirmed.
        #expect(session.confirmed == CausalContext())
        _ = Self.answer(&session, 2, at(1040))
        #expect(session.confirmed == covered)
    }

    /// The session opened, and what opened it could not be written.
    @Test func aStateThatWasNotWrittenIsAskedForAgain() {
        var session = Self.asking()
        session.onJoinFailed(at(10))
        #expect(session.confirmed == CausalContext() && session.reference == nil)
        #expect(session.deadline == at(1010))
        #expect(session.onChanged(at(11)) == [])
        let directives = session.onTick(at(1010))
        #expect(directives.first == .closed && directives.count == 2)
    }

    /// News are confirmed by no answer: what was, stays.
    @Test func newsThatWereNotWrittenTakeNothingBackButTime() {
        var session = Self.asking()
        _ = Self.answer(&session, 1, at(20))
        let delta = IntervalDelta(epoch: hub, since: 0, upto: 1, cells: [])
        _ = session.onFrame(
            .down(Frame.Down(question: nil, commit: 9, deltas: [delta])), at(30))
        session.onJoinFailed(at(30))
        #expect(session.deadline == at(1030))
        #expect(session.onTick(at(1030)).first == .closed)
    }

    @Test func theFirstPartOfAGreetingsAnswerKeepsItsDeadline() {
        var session = Self.asking()
        _ = session.onFrame(.reset, at(30))
        let deadline = session.deadline
        session.onJoinFailed(at(40))
        #expect(session.deadline == deadline && session.session == nil)
    }

    @Test func offlineItStaysSilent() {
        var session = Self.asking()
        _ = session.onDisconnected()
        session.onJoinFailed(at(20))
        #expect(session.deadline == nil && session.phase == .offline)
    }
}
