import Platform
import SyncProtocol
import TestSupport
import Testing

private let hub = Epoch(nonce: 1)
private let newHub = Epoch(nonce: 3)
private let device = Epoch(nonce: 2)
private let reference = HubReference(epoch: hub, commit: 7)

private func at(_ milliseconds: Int64) -> MonotonicTime {
    MonotonicTime(milliseconds: milliseconds)
}

private func state(
    _ request: UInt64, session: Epoch = hub, deltas: [IntervalDelta] = [], isLast: Bool = true
) -> Frame {
    .state(
        request: request, session: session, reference: reference,
        context: stateContext, deltas: deltas, isLast: isLast)
}

private let stateContext = CausalContext([device: 4, hub: 9])

private func down(
    session: Epoch = hub, acknowledged: CausalContext = CausalContext(),
    deltas: [IntervalDelta] = [], winners: [Cell] = [], isLast: Bool = true
) -> Frame {
    .down(
        session: session, reference: reference, acknowledged: acknowledged, deltas: deltas,
        winners: winners, isLast: isLast)
}

private func join(
    _ deltas: [IntervalDelta] = [], covered: CausalContext = CausalContext(),
    complete: CausalContext = CausalContext(), isLast: Bool = true
) -> DeviceSession.Directive {
    .join(
        deltas: deltas, winners: [], covered: covered, complete: complete,
        reference: isLast ? reference : nil)
}

private let delta = IntervalDelta(epoch: hub, since: 0, upto: 1, cells: [])

private func isGreeting(_ directives: [DeviceSession.Directive]) -> Bool {
    guard directives.count == 1, case .greet = directives[0] else { return false }
    return true
}

private func isClosingAndGreeting(_ directives: [DeviceSession.Directive]) -> Bool {
    directives.first == .closed && isGreeting(Array(directives.dropFirst()))
}

private struct Harness {
    var session: DeviceSession

    /// The request of the greeting that is open; 0 where none is.
    var request: UInt64 {
        if case .greeting(let request) = session.phase { request } else { 0 }
    }

    init() {
        var settings = DeviceSession.Settings()
        settings.timeout = 1000
        settings.timeoutMaximum = 8000
        settings.idleInterval = 60_000
        session = DeviceSession(
            settings: settings, entropy: SeededEntropy(SeededGenerator(seed: 1)))
    }

    /// A session that has just asked its first question.
    static func asking() -> Harness {
        var harness = Harness()
        #expect(isGreeting(harness.session.onConnected(at(0))))
        let request = harness.request
        let directives = harness.session.onFrame(state(request), at(10))
        let joined = join(complete: stateContext)
        #expect(directives == [joined, .opened(session: hub), .sendChanges(session: hub)])
        return harness
    }

    /// A session whose question is answered.
    static func idle() -> Harness {
        var harness = asking()
        #expect(harness.session.onFrame(down(), at(20)) == [join()])
        return harness
    }
}

@Suite struct DeviceSessionTests {
    @Test func offlineItSaysNothing() {
        var session = Harness().session
        #expect(session.onChanged(at(0)) == [] && session.onTick(at(1 << 40)) == [])
        #expect(session.onBaseMissing(at(0)) == [] && session.onDisconnected() == [])
        let frames = [
            state(0), .want(request: 0), down(), .reset(session: hub), .hint(session: hub),
            .refused(reason: "no"),
            .hello(request: 0, epoch: hub, reference: nil, context: .init()),
        ]
        for frame in frames { #expect(session.onFrame(frame, at(0)) == []) }
        #expect(session.phase == .offline && session.deadline == nil)
    }

    @Test func greetsThenAsks() {
        let harness = Harness.asking()
        #expect(harness.session.session == hub)
        #expect(harness.session.deadline == at(1010))
    }

    /// The hub has the write but its answer, which may hold a lowered stamp, was lost.
    @Test func whatNoAnswerCoveredIsSentAgainAlthoughTheHubHasIt() {
        var harness = Harness.asking()
        #expect(harness.session.acknowledged == CausalContext())
        _ = harness.session.onFrame(down(acknowledged: CausalContext([device: 3])), at(20))
        #expect(harness.session.confirmed == CausalContext([device: 3]))
        _ = harness.session.onDisconnected()
        _ = harness.session.onConnected(at(30))
        _ = harness.session.onFrame(state(harness.request), at(40))
        #expect(harness.session.acknowledged == CausalContext([device: 3]))
    }

    /// A hub that has less than it once answered for is sent what it lacks.
    @Test func theHubsContextLimitsWhatWasConfirmed() {
        var settings = DeviceSession.Settings()
        settings.timeout = 1000
        var session = DeviceSession(
            settings: settings, entropy: SeededEntropy(SeededGenerator(seed: 1)),
            confirmed: CausalContext([device: 9]))
        _ = session.onConnected(at(0))
        guard case .greeting(let request) = session.phase else { return }
        _ = session.onFrame(state(request), at(10))
        #expect(session.acknowledged == CausalContext([device: 4]))
    }

    @Test func anAnswerThatDidNotJoinConfirmsNothing() {
        var harness = Harness.asking()
        _ = harness.session.onFrame(down(acknowledged: CausalContext([device: 3])), at(20))
        _ = harness.session.onBaseMissing(at(21))
        #expect(harness.session.confirmed == CausalContext())
    }

    @Test func onlyTheLastPartOfAnAnswerConfirms() {
        var harness = Harness.asking()
        let covered = CausalContext([device: 3])
        _ = harness.session.onFrame(down(acknowledged: covered, isLast: false), at(20))
        #expect(harness.session.confirmed == CausalContext())
        _ = harness.session.onFrame(down(acknowledged: covered), at(21))
        #expect(harness.session.confirmed == covered)
    }

    @Test func echoesOfOlderGreetingsAreIgnored() {
        var harness = Harness()
        _ = harness.session.onConnected(at(0))
        let old = harness.request
        #expect(isGreeting(harness.session.onTick(at(1000))))
        #expect(harness.request != old)
        #expect(harness.session.onFrame(state(old), at(1010)) == [])
        #expect(harness.session.onFrame(.want(request: old), at(1010)) == [])
        #expect(harness.session.phase == .greeting(request: harness.request))
        let request = harness.request
        #expect(harness.session.onFrame(state(request), at(1020)).count == 3)
        // Once the session stands, its own echo is old too.
        #expect(harness.session.onFrame(state(request), at(1030)) == [])
        #expect(harness.session.onFrame(.want(request: request), at(1030)) == [])
    }

    @Test func aStateInPartsOpensWithTheLast() {
        var harness = Harness()
        _ = harness.session.onConnected(at(0))
        let request = harness.request
        let part = state(request, deltas: [delta], isLast: false)
        #expect(harness.session.onFrame(part, at(900)) == [join([delta], isLast: false)])
        #expect(harness.session.session == nil && harness.session.deadline == at(1900))
        #expect(
            harness.session.onFrame(state(request), at(1000))
                == [
                    join(complete: stateContext), .opened(session: hub),
                    .sendChanges(session: hub),
                ])
    }

    @Test func aWantIsAnsweredWithASeedAndThenTheStateComes() {
        var harness = Harness()
        _ = harness.session.onConnected(at(0))
        let request = harness.request
        #expect(
            harness.session.onFrame(.want(request: request), at(5)) == [.seed(request: request)])
        #expect(harness.session.phase == .greeting(request: request))
        #expect(harness.session.deadline == at(1005))
        #expect(harness.session.onFrame(state(request), at(6)).contains(.opened(session: hub)))
    }

    @Test func oneQuestionIsOpenAtATime() {
        var harness = Harness.asking()
        #expect(harness.session.onChanged(at(11)) == [])
        #expect(harness.session.onChanged(at(12)) == [])
        #expect(harness.session.onFrame(.hint(session: hub), at(13)) == [])
        // The answer lets one further question go for all of these.
        #expect(harness.session.onFrame(down(), at(20)) == [join(), .sendChanges(session: hub)])
        #expect(harness.session.onFrame(down(), at(30)) == [join()])
        #expect(harness.session.onChanged(at(31)) == [.sendChanges(session: hub)])
    }

    @Test func anAnswerInPartsIsOneAnswer() {
        var harness = Harness.asking()
        let part = down(deltas: [delta], isLast: false)
        #expect(harness.session.onFrame(part, at(500)) == [join([delta], isLast: false)])
        #expect(harness.session.deadline == at(1500))
        // What was read is confirmed by the next question.
        #expect(harness.session.onFrame(down(), at(600)) == [join(), .sendChanges(session: hub)])
    }

    @Test func anAnswerThatNobodyAskedForIsIgnored() {
        var harness = Harness.idle()
        #expect(harness.session.onFrame(down(deltas: [delta]), at(30)) == [])
        var other = Harness.asking()
        #expect(other.session.onFrame(down(session: newHub), at(30)) == [])
    }

    @Test func acknowledgementsAreMerged() {
        var harness = Harness.asking()
        let covered = CausalContext([device: 6])
        let directives = harness.session.onFrame(down(acknowledged: covered), at(20))
        #expect(directives == [join(covered: covered)])
        #expect(harness.session.acknowledged == covered)
        _ = harness.session.onChanged(at(21))
        _ = harness.session.onFrame(down(acknowledged: CausalContext([device: 2])), at(22))
        #expect(harness.session.acknowledged == covered)
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
            #expect(isGreeting(harness.session.onTick(at(now))))
        }
        // An answer forgets the long waits.
        let request = harness.request
        _ = harness.session.onFrame(state(request), at(now))
        #expect(harness.session.deadline == at(now + 1000))
    }

    @Test func aQuestionWithoutAnAnswerBecomesAGreeting() {
        var harness = Harness.asking()
        #expect(harness.session.onTick(at(1009)) == [])
        #expect(isClosingAndGreeting(harness.session.onTick(at(1010))))
    }

    @Test func anIdleDeviceAsksNowAndThen() {
        var harness = Harness.idle()
        #expect(harness.session.deadline == at(60_020))
        #expect(harness.session.onTick(at(60_019)) == [])
        #expect(harness.session.onTick(at(60_020)) == [.sendChanges(session: hub)])
    }

    @Test func aResetThatAnswersTheQuestionGreets() {
        var harness = Harness.asking()
        #expect(isClosingAndGreeting(harness.session.onFrame(.reset(session: hub), at(20))))
        // It may come twice.
        #expect(harness.session.onFrame(.reset(session: hub), at(21)) == [])
    }

    @Test func aResetOfThisSessionThatAnswersNothingIsIgnored() {
        var harness = Harness.idle()
        #expect(harness.session.onFrame(.reset(session: hub), at(30)) == [])
        #expect(harness.session.session == hub)
    }

    /// A hub that restarted has another session: a log frame brings it to light as well.
    @Test func aResetFromAnotherHubGreets() {
        var harness = Harness.idle()
        #expect(isClosingAndGreeting(harness.session.onFrame(.reset(session: newHub), at(30))))
    }

    @Test func aHintAsksOrGreets() {
        var idle = Harness.idle()
        #expect(idle.session.onFrame(.hint(session: hub), at(30)) == [.sendChanges(session: hub)])
        var other = Harness.idle()
        #expect(isClosingAndGreeting(other.session.onFrame(.hint(session: newHub), at(30))))
        #expect(other.session.onFrame(.hint(session: newHub), at(31)) == [])
    }

    @Test func refusedItTriesAgainLater() {
        var harness = Harness.idle()
        #expect(
            harness.session.onFrame(.refused(reason: "removed"), at(30))
                == [.closed, .report(refusal: "removed")])
        #expect(harness.session.phase == .refused(reason: "removed"))
        #expect(harness.session.onChanged(at(40)) == [])
        #expect(harness.session.deadline == at(8030))
        #expect(harness.session.onTick(at(8029)) == [])
        #expect(isGreeting(harness.session.onTick(at(8030))))
        #expect(
            harness.session.onFrame(.refused(reason: "removed"), at(8040))
                == [.report(refusal: "removed")])
    }

    @Test func aMissingBaseGreetsAgain() {
        var harness = Harness.asking()
        #expect(isClosingAndGreeting(harness.session.onBaseMissing(at(20))))
        var greeting = Harness()
        _ = greeting.session.onConnected(at(0))
        #expect(isGreeting(greeting.session.onBaseMissing(at(1))))
    }

    @Test func aLostLinkClosesWhatWasOpen() {
        var harness = Harness.asking()
        #expect(harness.session.onDisconnected() == [.closed])
        #expect(harness.session.onDisconnected() == [])
        #expect(harness.session.phase == .offline && harness.session.deadline == nil)
        #expect(harness.session.onFrame(down(), at(20)) == [])
        #expect(isGreeting(harness.session.onConnected(at(30))))
    }

    @Test func framesThatAHubDoesNotSendAreIgnored() {
        var harness = Harness.asking()
        let sequence = LogSequence(stream: "event", epoch: device)
        let batch = LogBatch(sequence: sequence, first: 1, items: [], clocks: [])
        let frames: [Frame] = [
            .hello(request: harness.request, epoch: hub, reference: nil, context: .init()),
            .seed(request: harness.request, deltas: [], isLast: true),
            .up(session: hub, epoch: hub, deltas: [], hubContext: .init()),
            .log(session: hub, batch: batch),
            .logAcknowledged(session: hub, sequence: sequence, upto: 1),
        ]
        for frame in frames { #expect(harness.session.onFrame(frame, at(20)) == []) }
    }

    /// Whatever comes in, the session never asks two things at once, never stays without a
    /// deadline while it is connected, and opens and closes in turn.
    @Test func randomEventsKeepTheSessionsPromises() {
        var generator = SeededGenerator.announced(for: "randomEventsKeepTheSessionsPromises")
        for _ in 0..<100 {
            var session = Harness().session
            var (isOpen, isAsking, request, now) = (false, false, UInt64(0), Int64(0))
            for _ in 0..<200 {
                now += Int64(generator.number(0...1500))
                let hub = generator.once(in: 6) ? newHub : hub
                let echo = generator.once(in: 4) ? generator.next() : request
                let isLast = !generator.once(in: 3)
                var answered = false
                let directives: [DeviceSession.Directive]
                switch generator.number(0...11) {
                case 0: directives = session.onConnected(at(now))
                case 1: directives = session.onDisconnected()
                case 2: directives = session.onChanged(at(now))
                case 3: directives = session.onBaseMissing(at(now))
                case 4: directives = session.onFrame(.want(request: echo), at(now))
                case 5: directives = session.onFrame(.reset(session: hub), at(now))
                case 6: directives = session.onFrame(.hint(session: hub), at(now))
                case 7: directives = session.onFrame(.refused(reason: "no"), at(now))
                case 8, 9:
                    directives = session.onFrame(
                        state(echo, session: hub, isLast: isLast), at(now))
                case 10:
                    answered = isAsking && session.session == hub && isLast
                    directives = session.onFrame(down(session: hub, isLast: isLast), at(now))
                default: directives = session.onTick(at(now))
                }
                if answered { isAsking = false }
                for directive in directives {
                    switch directive {
                    case .opened:
                        #expect(!isOpen)
                        isOpen = true
                    case .closed:
                        #expect(isOpen)
                        (isOpen, isAsking) = (false, false)
                    case .greet(let new):
                        request = new
                        (isOpen, isAsking) = (false, false)
                    case .sendChanges(let to):
                        #expect(isOpen && !isAsking && session.session == to)
                        isAsking = true
                    case .seed(let to): #expect(to == request)
                    case .join, .report: break
                    }
                }
                #expect(isOpen == (session.session != nil))
                #expect((session.deadline == nil) == (session.phase == .offline))
            }
        }
    }
}
