import Platform
import SyncProtocol
import Testing

private typealias Harness = SessionHarness
private let hub = SessionHarness.hub
private let newHub = SessionHarness.newHub
private let reference = SessionHarness.reference

/// A hub whose answers never join, and one that forgets every session, are not greeted for ever
/// as fast as they answer.
@Suite struct GreetingPaceTests {
    /// A greeting as it left: when, and what it named as the state joined last.
    private struct Greeting: Equatable {
        var at: MonotonicTime
        var reference: HubReference?
    }

    /// A device, its clock and a log of its greetings.
    private struct Device {
        var session = Harness(reference: reference).session
        var now = Harness.at(0)
        var greetings: [Greeting] = []
        var pauses = 0
        /// The greeting or question that waits for its answer.
        var open: DeviceSession.Directive?

        init() { perform(session.onConnected(now)) }

        mutating func perform(_ directives: [DeviceSession.Directive]) {
            if session.phase == .pausing { open = nil }
            for directive in directives {
                switch directive {
                case .greet(_, let reference):
                    greetings.append(Greeting(at: now, reference: reference))
                    open = directive
                case .ask: open = directive
                case .reportPause: pauses += 1
                default: break
                }
            }
        }

        mutating func receive(_ frame: Frame) { perform(session.onFrame(frame, now)) }

        /// The hub answers the open greeting, 10 ms later.
        mutating func answerGreeting(by hub: Epoch = hub) {
            guard case .greet(let request, _)? = open else { return }
            now = now + 10
            receive(Harness.state(request, hub: hub))
        }

        mutating func answerQuestion() {
            guard case .ask(let question)? = open else { return }
            now = now + 10
            receive(Harness.down(question))
        }

        mutating func miss() { perform(session.onBaseMissing(now)) }

        mutating func wait() {
            guard let deadline = session.deadline else { return }
            now = max(now, deadline)
            perform(session.onTick(now))
        }
    }

    @Test func anAnswerThatNeverJoinsIsAskedForLaterAndLater() {
        var device = Device()
        while device.now < Harness.at(3_600_000), device.greetings.count < 5000 {
            device.answerGreeting()
            device.miss()
            if device.session.phase == .pausing { device.wait() }
        }
        // The second follows at once, the next after a timeout, then twice as much, up to 8 s, of
        // which between half and all is waited: in an hour 450 to 900, and 4 more at the begin.
        #expect(450...910 ~= device.greetings.count)
        #expect(device.greetings[1].at == Harness.at(10))
        let waits = zip(device.greetings.dropFirst(), device.greetings.dropFirst(2)).map {
            ($1.at - $0.at).count - 10
        }
        for (wait, longest) in zip(waits, [1000, 2000, 4000, 8000, 8000, 8000] as [Int64]) {
            #expect(longest / 2...longest ~= wait)
        }
        // At 2, 4, 8 … 256, and perhaps 512 in a row.
        #expect(8...9 ~= device.pauses)
    }

    @Test func aHubThatForgetsEverySessionIsGreetedLaterAndLater() {
        var device = Device()
        while device.now < Harness.at(3_600_000), device.greetings.count < 5000 {
            device.answerGreeting()
            device.receive(.reset)
            if device.session.phase == .pausing { device.wait() }
        }
        #expect(450...910 ~= device.greetings.count)
    }

    /// Two boards with one key take the session from each other, each time one of them speaks.
    @Test func aSessionThatServedMayBeForgotten() {
        var device = Device()
        for _ in 0..<6 {
            device.answerGreeting()
            device.answerQuestion()
            device.receive(.reset)
        }
        #expect(device.greetings.count == 7 && device.now == Harness.at(120))
    }

    /// One question that is answered is not yet a session that goes on: its answer may be what
    /// does not join.
    @Test func aFirstAnswerAloneDoesNotCountAsRecovered() {
        var device = Device()
        for _ in 0..<4 {
            device.answerGreeting()
            device.answerQuestion()
            device.miss()
            if device.session.phase == .pausing { device.wait() }
        }
        #expect(device.pauses == 2 && device.greetings.count == 5)
    }

    @Test func aSessionThatGoesOnForgetsTheFailures() {
        var device = Device()
        for _ in 0..<3 {
            device.answerGreeting()
            device.miss()
            if device.session.phase == .pausing { device.wait() }
        }
        device.answerGreeting()
        for _ in 0..<2 {
            device.answerQuestion()
            device.perform(device.session.onChanged(device.now))
        }
        let count = device.greetings.count
        device.miss()
        #expect(device.session.phase != .pausing && device.greetings.count == count + 1)
        #expect(device.greetings.last == Greeting(at: device.now, reference: reference))
    }

    /// A state that goes on from the reference may never join: then the whole of it is asked for.
    @Test func everySecondGreetingAfterFailuresAsksForAll() {
        var device = Device()
        for _ in 0..<6 {
            device.answerGreeting()
            device.miss()
            if device.session.phase == .pausing { device.wait() }
        }
        let all = HubReference(epoch: hub, commit: 0)
        #expect(
            device.greetings.map(\.reference)
                == [reference, reference, all, reference, all, reference, all])
    }

    /// Only the opening of the hub that has just known the reference may be asked for all: one
    /// that was restored meanwhile would know the beginning of the lineage too, and not say that
    /// it has lost the rest.
    @Test func anotherHubIsGreetedWithTheReference() {
        var device = Device()
        for _ in 0..<2 {
            device.answerGreeting()
            device.miss()
        }
        device.wait()
        #expect(device.greetings.last?.reference?.commit == 0)
        device.answerGreeting(by: newHub)
        #expect(device.greetings.last == Greeting(at: device.now, reference: reference))
        #expect(device.session.session == nil && device.session.confirmed == .init())
        device.answerGreeting(by: newHub)
        #expect(device.session.session == newHub)
    }

    /// A device whose store was replaced begins anew.
    @Test func anotherStoreWaitsForNothing() {
        var device = Device()
        for _ in 0..<2 {
            device.answerGreeting()
            device.miss()
        }
        #expect(device.session.phase == .pausing)
        let count = device.greetings.count
        device.perform(
            device.session.onStoreReplaced(confirmed: .init(), reference: nil, device.now))
        #expect(device.greetings.count == count + 1)
        #expect(device.greetings.last == Greeting(at: device.now, reference: nil))
    }

    @Test(arguments: [false, true]) func aBreakOfTheLinkEndsThePause(isForgotten: Bool) {
        var device = Device()
        for _ in 0..<2 {
            device.answerGreeting()
            if isForgotten { device.receive(.reset) } else { device.miss() }
        }
        let count = device.greetings.count
        device.perform(device.session.onDisconnected())
        #expect(device.session.phase == .offline && device.session.deadline == nil)
        device.perform(device.session.onConnected(device.now))
        #expect(device.greetings.count == count + 1)
    }
}
