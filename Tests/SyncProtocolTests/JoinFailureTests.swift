import Platform
import SyncProtocol
import TestSupport
import Testing

private let hub = Epoch(nonce: 1)
private let device = Epoch(nonce: 2)
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
        let directives = session.onFrame(
            .state(
                request: request, session: hub,
                reference: HubReference(epoch: hub, commit: 7),
                context: CausalContext([device: 4]), deltas: [], isLast: true), now)
        #expect(directives.contains(.sendChanges(session: hub)))
    }

    private static func answer(
        _ session: inout DeviceSession, _ now: MonotonicTime
    ) -> [DeviceSession.Directive] {
        session.onFrame(
            .down(
                session: hub, reference: HubReference(epoch: hub, commit: 8),
                acknowledged: covered, deltas: [], winners: [], isLast: true), now)
    }

    @Test func itConfirmsNothing() {
        var session = Self.asking()
        #expect(!Self.answer(&session, at(20)).isEmpty)
        #expect(session.confirmed == covered)
        session.onJoinFailed(at(20))
        #expect(session.confirmed == CausalContext())
    }

    @Test func theQuestionIsOpenAgainAndAsksNothingMoreUntilItsDeadline() {
        var session = Self.asking()
        _ = Self.answer(&session, at(20))
        session.onJoinFailed(at(20))
        #expect(session.session == hub)
        // Not the long wait of an idle session.
        #expect(session.deadline == at(1020))
        #expect(session.onChanged(at(21)) == [])
        #expect(session.onTick(at(1019)) == [])
    }

    @Test func atTheDeadlineItGreetsAnewAndWhatWasNotWrittenIsSentAgain() {
        var session = Self.asking()
        _ = Self.answer(&session, at(20))
        session.onJoinFailed(at(20))
        let directives = session.onTick(at(1020))
        #expect(directives.first == .closed && directives.count == 2)
        Self.greet(&session, at(1030))
        // The hub has it; only a written answer makes it confirmed.
        #expect(session.acknowledged == CausalContext())
        _ = Self.answer(&session, at(1040))
        #expect(session.confirmed == covered)
    }

    @Test func theFirstPartOfAGreetingsAnswerKeepsItsDeadline() {
        var session = Self.asking()
        _ = session.onDisconnected()
        _ = session.onConnected(at(30))
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
