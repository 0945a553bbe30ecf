import Platform
import SyncProtocol
import Testing

private typealias Harness = SessionHarness
private let hub = SessionHarness.hub
private let device = SessionHarness.device
private let reference = SessionHarness.reference
private let context = SessionHarness.context
private let delta = SessionHarness.delta

private func at(_ milliseconds: Int64) -> MonotonicTime { SessionHarness.at(milliseconds) }

/// What lasts longer than a link, and what a hub has confirmed.
@Suite struct DeviceSessionMemoryTests {
    @Test func aSessionSurvivesABreakOfTheLink() {
        var harness = Harness.asking()
        #expect(harness.session.onDisconnected() == [.closed])
        #expect(harness.session.onDisconnected() == [])
        #expect(harness.session.phase == .offline && harness.session.deadline == nil)
        #expect(harness.session.onTick(at(5000)) == [])
        // One round trip: it asks at once, and by another number, as the first may be answered yet.
        #expect(
            harness.session.onConnected(at(6000)) == [.opened(session: hub), .ask(question: 2)])
        #expect(harness.session.deadline == at(7000))
        #expect(harness.session.onFrame(Harness.down(2), at(6010)) == [Harness.join()])
        // Also where there was nothing to ask: it tells that the hub is the same still.
        _ = harness.session.onDisconnected()
        #expect(
            harness.session.onConnected(at(7000)) == [.opened(session: hub), .ask(question: 3)])
    }

    @Test func aHubThatForgotTheSessionMeanwhileIsGreeted() {
        for isSilent in [false, true] {
            var harness = Harness.idle()
            _ = harness.session.onDisconnected()
            _ = harness.session.onConnected(at(100))
            let directives =
                isSilent
                ? harness.session.onTick(at(1100)) : harness.session.onFrame(.reset, at(110))
            #expect(Harness.isClosingAndGreeting(directives))
            // The session is gone, so a further break does not bring it back.
            #expect(harness.session.onDisconnected() == [])
            #expect(Harness.isGreeting(harness.session.onConnected(at(2000))))
        }
    }

    /// The greeting carries writes; the answer to it covers them as that to a question does.
    @Test func whatTheGreetingCarriedIsConfirmedByTheState() {
        var harness = Harness()
        _ = harness.session.onConnected(at(0))
        harness.sent(upto: 3)
        let directives = harness.session.onFrame(Harness.state(harness.request), at(10))
        let covered = CausalContext([device: 3])
        #expect(directives.first == Harness.join(covered: context, complete: context))
        #expect(harness.session.confirmed == covered)
    }

    /// The hub may have lowered a stamp since this board saw it: what it holds now is taken even
    /// where it would lose. Other kinds have no stamps.
    @Test func theRegistersOfAStateAreWinners() throws {
        var harness = Harness()
        _ = harness.session.onConnected(at(0))
        let register = Cell(
            path: try TwinPath("config/k"), dot: Dot(epoch: hub, counter: 1), stamp: 5,
            value: .int(1))
        let note = Cell(
            path: try TwinPath("notes/n"), dot: Dot(epoch: hub, counter: 2), stamp: 0,
            value: .int(1))
        let delta = IntervalDelta(epoch: hub, since: 0, upto: 2, cells: [register, note])
        let directives = harness.session.onFrame(
            Harness.state(harness.request, deltas: [delta]), at(10))
        guard case .join(let answer)? = directives.first else {
            Issue.record("joins nothing")
            return
        }
        #expect(answer.winners == [register] && answer.deltas == [delta])
        #expect(answer.covered == context)
    }

    /// The hub joined less than the greeting had: it lacked the base of some.
    @Test func aStateConfirmsNoMoreThanTheHubHas() {
        var harness = Harness()
        _ = harness.session.onConnected(at(0))
        harness.sent(upto: 6)
        _ = harness.session.onFrame(Harness.state(harness.request), at(10))
        #expect(harness.session.confirmed == CausalContext([device: 4]))
    }

    /// Nor more than was sent: the hub may have the rest, but what it made of it is not known.
    @Test func whatNoAnswerCoveredIsSentAgainAlthoughTheHubHasIt() {
        var harness = Harness()
        _ = harness.session.onConnected(at(0))
        harness.sent(upto: 2)
        _ = harness.session.onFrame(Harness.state(harness.request), at(10))
        #expect(harness.session.confirmed == CausalContext([device: 2]))
        harness.sent(upto: 3)
        let covered = CausalContext([device: 9])
        _ = harness.session.onFrame(Harness.down(1, acknowledged: covered), at(20))
        #expect(harness.session.confirmed == CausalContext([device: 3]))
    }

    @Test func onlyTheLastPartOfAnAnswerConfirms() {
        var harness = Harness.asking()
        harness.sent(upto: 3)
        let covered = CausalContext([device: 3])
        _ = harness.session.onFrame(
            Harness.down(1, acknowledged: covered, deltas: [delta], isLast: false), at(20))
        #expect(harness.session.confirmed == CausalContext())
        _ = harness.session.onFrame(Harness.down(1, acknowledged: covered), at(21))
        #expect(harness.session.confirmed == covered)
    }

    @Test func confirmationsAreMergedAndCarryTheReferenceAlong() {
        var harness = Harness.asking()
        harness.sent(upto: 6)
        let covered = CausalContext([device: 6])
        let directives = harness.session.onFrame(
            Harness.down(1, commit: 8, acknowledged: covered), at(20))
        #expect(directives == [Harness.join(covered: covered, commit: 8)])
        #expect(harness.session.confirmed == covered)
        #expect(harness.session.reference == HubReference(epoch: hub, commit: 8))
        _ = harness.session.onChanged(at(21))
        harness.sent(upto: 2)
        _ = harness.session.onFrame(
            Harness.down(2, commit: 9, acknowledged: CausalContext([device: 2])), at(22))
        #expect(harness.session.confirmed == covered)
        #expect(harness.session.reference == HubReference(epoch: hub, commit: 9))
    }

    @Test func theStoresMemoryIsWhereItBegins() {
        let kept = CausalContext([device: 9])
        var session = Harness(confirmed: kept, reference: reference).session
        #expect(session.confirmed == kept && session.reference == reference)
        // The first answer was not joined: the memory is the store's again.
        _ = session.onConnected(at(0))
        _ = session.onBaseMissing(at(1))
        #expect(session.confirmed == kept && session.reference == reference)
    }

    @Test func anotherStoreHasAMemoryOfItsOwn() {
        var harness = Harness.asking()
        harness.sent(upto: 3)
        _ = harness.session.onFrame(
            Harness.down(1, acknowledged: CausalContext([device: 3])), at(20))
        let directives = harness.session.onStoreReplaced(
            confirmed: CausalContext(), reference: nil, at(21))
        #expect(Harness.isClosingAndGreeting(directives))
        #expect(harness.session.confirmed == CausalContext())
        #expect(harness.session.reference == nil)
        var offline = Harness()
        #expect(
            offline.session.onStoreReplaced(
                confirmed: context, reference: reference, at(0)) == [])
        #expect(offline.session.confirmed == context)
        // While the link was down, too: what the session was about is no longer here.
        var broken = Harness.idle()
        _ = broken.session.onDisconnected()
        _ = broken.session.onStoreReplaced(
            confirmed: context, reference: reference, at(30))
        #expect(Harness.isGreeting(broken.session.onConnected(at(40))))
    }

    /// A hub that lost its history takes it back in parts, and says how far it has got.
    @Test func aWantIsAnsweredWithSeedsAndThenTheStateComes() {
        var harness = Harness()
        _ = harness.session.onConnected(at(0))
        let request = harness.request
        let none = CausalContext()
        #expect(
            harness.session.onFrame(.want(request: request, have: none), at(5))
                == [.reportReset, .seed(request: request, after: none)])
        #expect(harness.session.phase == .greeting(request: request))
        #expect(harness.session.deadline == at(1005))
        // Reported once; each further part is asked for by what came.
        let have = CausalContext([device: 2])
        #expect(
            harness.session.onFrame(.want(request: request, have: have), at(900))
                == [.seed(request: request, after: have)])
        #expect(harness.session.deadline == at(1900))
        #expect(
            harness.session.onFrame(Harness.state(request), at(1000)).contains(
                .opened(session: hub)))
    }

    /// A part or the word for it was lost: the greeting is said again, and the hub goes on from
    /// what it has.
    @Test func aSeedThatIsCutShortGoesOnWithTheNextGreeting() {
        var harness = Harness()
        _ = harness.session.onConnected(at(0))
        let first = harness.request
        _ = harness.session.onFrame(.want(request: first, have: .init()), at(5))
        #expect(Harness.isGreeting(harness.session.onTick(at(1005))))
        let second = harness.request
        let have = CausalContext([device: 2])
        #expect(harness.session.onFrame(.want(request: first, have: have), at(1006)) == [])
        #expect(
            harness.session.onFrame(.want(request: second, have: have), at(1007))
                == [.seed(request: second, after: have)])
    }
}
