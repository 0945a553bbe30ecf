import Platform
import SyncProtocol
import Testing

private typealias Harness = SessionHarness
private let hub = SessionHarness.hub
private let newHub = SessionHarness.newHub
private let device = SessionHarness.device
private let reference = SessionHarness.reference
private let context = SessionHarness.context
private let delta = SessionHarness.delta

private func at(_ milliseconds: Int64) -> MonotonicTime { SessionHarness.at(milliseconds) }

@Suite struct DeviceSessionTests {
    @Test func offlineItSaysNothing() {
        var session = Harness().session
        #expect(session.onChanged(at(0)) == [] && session.onTick(at(1 << 40)) == [])
        #expect(session.onBaseMissing(at(0)) == [] && session.onDisconnected() == [])
        let frames = [
            Harness.state(0), .want(request: 0, have: .init()), Harness.down(nil), Harness.down(0),
            .reset,
            .hint(hub: hub), .refused(reason: "no"),
            .hello(Frame.Hello(request: 0, epoch: hub, reference: nil, recent: .init())),
        ]
        for frame in frames { #expect(session.onFrame(frame, at(0)) == []) }
        #expect(session.phase == .offline && session.deadline == nil)
    }

    @Test func greetsThenAsks() {
        let harness = Harness.asking()
        #expect(harness.session.session == hub && harness.session.reference == reference)
        #expect(harness.session.deadline == at(1010))
    }

    @Test func echoesOfOlderGreetingsAreIgnored() {
        var harness = Harness()
        _ = harness.session.onConnected(at(0))
        let old = harness.request
        #expect(Harness.isGreeting(harness.session.onTick(at(1000))))
        #expect(harness.request != old)
        #expect(harness.session.onFrame(Harness.state(old), at(1010)) == [])
        #expect(harness.session.onFrame(.want(request: old, have: .init()), at(1010)) == [])
        #expect(harness.session.phase == .greeting(request: harness.request))
        #expect(harness.session.reference == nil)
        let request = harness.request
        #expect(harness.session.onFrame(Harness.state(request), at(1020)).count == 3)
        // Once the session stands, its own echo is old too.
        #expect(harness.session.onFrame(Harness.state(request), at(1030)) == [])
        #expect(harness.session.onFrame(.want(request: request, have: .init()), at(1030)) == [])
    }

    @Test func aStateInPartsOpensWithTheLast() {
        var harness = Harness()
        _ = harness.session.onConnected(at(0))
        let request = harness.request
        let first = Harness.state(request, deltas: [delta], isLast: false)
        #expect(harness.session.onFrame(first, at(900)) == [Harness.part([delta])])
        #expect(harness.session.session == nil && harness.session.deadline == at(1900))
        #expect(harness.session.reference == nil)
        #expect(
            harness.session.onFrame(Harness.state(request), at(1000))
                == [
                    Harness.join(covered: context, complete: context), .opened(session: hub),
                    .ask(question: 1),
                ])
    }

    @Test func oneQuestionIsOpenAtATime() {
        var harness = Harness.asking()
        #expect(harness.session.onChanged(at(11)) == [])
        #expect(harness.session.onChanged(at(12)) == [])
        #expect(harness.session.onFrame(.hint(hub: hub), at(13)) == [])
        // The answer lets one further question go for all of these.
        #expect(
            harness.session.onFrame(Harness.down(1), at(20)) == [Harness.join(), .ask(question: 2)])
        #expect(harness.session.onFrame(Harness.down(2), at(30)) == [Harness.join()])
        #expect(harness.session.onChanged(at(31)) == [.ask(question: 3)])
    }

    /// Questions are told apart by one byte: an answer from 256 questions ago is not to be feared,
    /// as each was open until it was answered or the session ended.
    @Test func questionsAreCountedInOneByte() {
        var harness = Harness.idle()
        for number in 2...600 {
            let question = UInt8(truncatingIfNeeded: number)
            #expect(harness.session.onChanged(at(30)) == [.ask(question: question)])
            #expect(harness.session.onFrame(Harness.down(question), at(30)) == [Harness.join()])
        }
    }

    @Test func anAnswerInPartsIsOneAnswer() {
        var harness = Harness.asking()
        let first = Harness.down(1, deltas: [delta], isLast: false)
        #expect(harness.session.onFrame(first, at(500)) == [Harness.part([delta])])
        #expect(harness.session.deadline == at(1500))
        // What was read is told by the next question.
        #expect(
            harness.session.onFrame(Harness.down(1, complete: context), at(600))
                == [Harness.join(complete: context), .ask(question: 2)])
    }

    /// What a complete answer would cover is checked after its last part: `complete` says it.
    @Test func aPartThatWasLostIsMissedAtTheLast() {
        var harness = Harness.asking()
        let covered = CausalContext([device: 3])
        harness.sent(upto: 3)
        let last = Harness.down(1, commit: 8, acknowledged: covered, complete: context)
        #expect(
            harness.session.onFrame(last, at(600))
                == [Harness.join(covered: covered, complete: context, commit: 8)])
        // The caller finds that `complete` is not covered: nothing of this answer counts.
        #expect(Harness.isClosingAndGreeting(harness.session.onBaseMissing(at(601))))
        #expect(harness.session.confirmed == CausalContext())
        #expect(harness.session.reference == reference)
    }

    /// Asked again after a break, the hub may answer both questions: the older answer says what
    /// was true, so it is joined, and it ends no question and confirms nothing.
    @Test func anAnswerToAnOlderQuestionOnlyBringsNews() {
        var harness = Harness.asking()
        harness.sent(upto: 3)
        _ = harness.session.onDisconnected()
        _ = harness.session.onConnected(at(30))
        harness.sent(upto: 5)
        let covered = CausalContext([device: 3])
        let late = Harness.down(1, commit: 9, acknowledged: covered, deltas: [delta])
        #expect(harness.session.onFrame(late, at(40)) == [.join(.news([delta]))])
        #expect(harness.session.confirmed == CausalContext())
        #expect(harness.session.reference == reference)
        // Still open: its own answer ends it, and the news are told of with the next.
        #expect(
            harness.session.onFrame(Harness.down(2, acknowledged: covered), at(50))
                == [Harness.join(covered: covered), .ask(question: 3)])
        #expect(harness.session.confirmed == covered)
        // Without news there is nothing in it.
        #expect(harness.session.onFrame(Harness.down(1, acknowledged: covered), at(60)) == [])
    }

    /// The hub says what is new without being asked; the device tells that it has read it.
    @Test func newsAreJoinedAndTold() {
        var idle = Harness.idle()
        #expect(
            idle.session.onFrame(Harness.down(nil, commit: 99, deltas: [delta]), at(30))
                == [.join(.news([delta])), .ask(question: 2)])
        // They are no answer: neither the reference nor what is confirmed moves.
        #expect(idle.session.reference == reference)
        #expect(idle.session.confirmed == CausalContext())
        var asking = Harness.asking()
        #expect(
            asking.session.onFrame(Harness.down(nil, deltas: [delta]), at(15))
                == [.join(.news([delta]))])
        #expect(
            asking.session.onFrame(Harness.down(1), at(20)) == [Harness.join(), .ask(question: 2)])
    }

    @Test func anAnswerThatNobodyAskedForEndsNothing() {
        var harness = Harness.idle()
        #expect(
            harness.session.onFrame(
                Harness.down(1, commit: 9, acknowledged: context, deltas: [delta]), at(30))
                == [.join(.news([delta]))])
        #expect(harness.session.reference == reference)
        #expect(harness.session.confirmed == CausalContext())
    }

    @Test func aGreetingWithoutAnAnswerIsRepeatedLaterAndLater() {
        var harness = Harness()
        _ = harness.session.onConnected(at(0))
        var now: Int64 = 0
        for timeout: Int64 in [1000, 2000, 4000, 8000, 8000, 8000] {
            guard let deadline = harness.session.deadline else {
                Issue.record("no deadline")
                return
            }
            // Half to whole: devices must not stay in step.
            let wait = deadline - at(now)
            #expect(wait >= Milliseconds(timeout / 2) && wait <= Milliseconds(timeout))
            #expect(harness.session.onTick(at(deadline.milliseconds - 1)) == [])
            now = deadline.milliseconds
            #expect(Harness.isGreeting(harness.session.onTick(at(now))))
        }
        // An answer forgets the long waits.
        let request = harness.request
        _ = harness.session.onFrame(Harness.state(request), at(now))
        #expect(harness.session.deadline == at(now + 1000))
    }

    @Test func aQuestionWithoutAnAnswerBecomesAGreeting() {
        var harness = Harness.asking()
        #expect(harness.session.onTick(at(1009)) == [])
        #expect(Harness.isClosingAndGreeting(harness.session.onTick(at(1010))))
    }

    @Test func anIdleDeviceAsksNowAndThen() {
        var harness = Harness.idle()
        #expect(harness.session.deadline == at(60_020))
        #expect(harness.session.onTick(at(60_019)) == [])
        #expect(harness.session.onTick(at(60_020)) == [.ask(question: 2)])
    }

    /// A hub that does not know the session any more, or lacks what a question builds on.
    @Test func aResetGreets() {
        for harness in [Harness.asking(), .idle()] {
            var session = harness.session
            #expect(Harness.isClosingAndGreeting(session.onFrame(.reset, at(30))))
            // It may come twice.
            #expect(session.onFrame(.reset, at(31)) == [])
        }
    }

    @Test func aHintAsks() {
        var idle = Harness.idle()
        #expect(idle.session.onFrame(.hint(hub: hub), at(30)) == [.ask(question: 2)])
        #expect(idle.session.onFrame(.hint(hub: hub), at(31)) == [])
    }

    @Test func aHintOfAnotherOpeningOfTheHubGreets() {
        for harness in [Harness.asking(), .idle()] {
            var session = harness.session
            #expect(Harness.isClosingAndGreeting(session.onFrame(.hint(hub: newHub), at(30))))
            // The greeting is on its way; it need not be repeated.
            #expect(session.onFrame(.hint(hub: newHub), at(31)) == [])
        }
    }

    @Test(arguments: [1, 12, 600]) func aBusyHubSaysWhenToComeAgain(_ seconds: Int64) {
        var harness = Harness.idle()
        let reason = RetryAfter.reason("busy", .seconds(seconds))
        // No refusal that anybody has to know of.
        #expect(harness.session.onFrame(.refused(reason: reason), at(30)) == [.closed])
        let deadline = harness.session.deadline ?? at(0)
        #expect(deadline >= at(30 + seconds * 1000))
        #expect(deadline <= at(30 + seconds * 1250))
        #expect(Harness.isGreeting(harness.session.onTick(deadline)))
    }

    @Test(
        arguments: [
            ("no", nil), ("busy; retry-after=", nil), ("busy; retry-after=x", nil),
            ("; retry-after=5", 5), ("busy; retry-after=9999", 600),
            ("busy; retry-after=12345", nil),
            ("busy; retry-after=0", 1), ("retry-after=5", nil), ("", nil),
            ("busy; retry-after=5 ", nil),
        ] as [(String, Int64?)])
    func whatARefusalSaysOfLaterIsReadAsItIs(_ reason: String, _ seconds: Int64?) {
        #expect(RetryAfter.wait(in: reason) == seconds.map { .seconds($0) })
    }

    @Test func refusedItTriesAgainLater() {
        var harness = Harness.idle()
        #expect(
            harness.session.onFrame(.refused(reason: "removed"), at(30))
                == [.closed, .report(refusal: "removed")])
        #expect(harness.session.phase == .refused(reason: "removed"))
        #expect(harness.session.onChanged(at(40)) == [])
        #expect(harness.session.onFrame(.hint(hub: hub), at(41)) == [])
        #expect(harness.session.deadline == at(8030))
        #expect(harness.session.onTick(at(8029)) == [])
        #expect(Harness.isGreeting(harness.session.onTick(at(8030))))
        #expect(
            harness.session.onFrame(.refused(reason: "removed"), at(8040))
                == [.report(refusal: "removed")])
        // A link that comes back is a reason to try again at once, from the start.
        _ = harness.session.onDisconnected()
        #expect(Harness.isGreeting(harness.session.onConnected(at(8050))))
    }

    @Test func aMissingBaseGreetsAgain() {
        var harness = Harness.asking()
        #expect(Harness.isClosingAndGreeting(harness.session.onBaseMissing(at(20))))
        var greeting = Harness()
        _ = greeting.session.onConnected(at(0))
        #expect(Harness.isGreeting(greeting.session.onBaseMissing(at(1))))
    }

    @Test func framesThatAHubDoesNotSendAreIgnored() {
        var harness = Harness.asking()
        let sequence = LogSequence(stream: "event", epoch: device)
        let batch = LogBatch(sequence: sequence, first: 1, items: [], clocks: [])
        let frames: [Frame] = [
            .hello(Frame.Hello(request: 1, epoch: hub, reference: nil, recent: .init())),
            .seed(request: harness.request, deltas: [], isLast: true),
            .up(Frame.Up(question: 1, deltas: [], joined: .init())), .log(batch),
            .logAcknowledged(sequence: sequence, upto: 1),
        ]
        for frame in frames { #expect(harness.session.onFrame(frame, at(20)) == []) }
        #expect(harness.session.deadline == at(1010))
    }
}
