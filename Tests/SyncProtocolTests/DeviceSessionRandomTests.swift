import Platform
import SyncProtocol
import TestSupport
import Testing

private typealias Harness = SessionHarness

/// A session that anything may happen to.
@Suite struct DeviceSessionRandomTests {
    /// What the caller sees of a session.
    private struct Caller {
        var isOpen = false
        /// The question that is open; nil where none is.
        var asked: UInt8?
        var request: UInt64 = 0

        mutating func perform(_ directives: [DeviceSession.Directive], _ session: DeviceSession) {
            for directive in directives {
                switch directive {
                case .opened(let to):
                    #expect(!isOpen && session.session == to)
                    isOpen = true
                case .closed:
                    #expect(isOpen)
                    (isOpen, asked) = (false, nil)
                case .greet(let new, _):
                    #expect(!isOpen)
                    request = new
                case .ask(let question):
                    #expect(isOpen && asked == nil)
                    asked = question
                case .seed(let to, _): #expect(to == request)
                case .reportPause: #expect(!isOpen)
                case .join, .report, .reportReset, .compare, .repair: break
                }
            }
        }
    }

    /// Whatever comes in, the session never asks two things at once, never stays without a
    /// deadline while it is connected, opens and closes in turn, and counts nothing as confirmed
    /// that it did not send.
    @Test func randomEventsKeepTheSessionsPromises() {
        var generator = SeededGenerator.announced(for: "randomEventsKeepTheSessionsPromises")
        for _ in 0..<200 {
            var session = Harness().session
            var (caller, now, sent) = (Caller(), Int64(0), UInt64(0))
            for _ in 0..<200 {
                now += Int64(generator.number(0...1500))
                let directives = step(&session, caller, Harness.at(now), &generator)
                if case .down(let down)? = directives.frame, down.isLast,
                    down.question != nil, down.question == caller.asked
                {
                    caller.asked = nil
                }
                caller.perform(directives.list, session)
                let asks = directives.list.contains {
                    switch $0 {
                    case .ask, .greet: true
                    default: false
                    }
                }
                if asks {
                    sent += UInt64(generator.number(0...3))
                    session.onSent([
                        IntervalDelta(epoch: Harness.device, since: 0, upto: sent, cells: [])
                    ])
                }
                #expect(caller.isOpen == (session.session != nil))
                #expect((session.deadline == nil) == (session.phase == .offline))
                #expect(session.confirmed[Harness.device] <= sent)
            }
        }
    }

    private struct Step {
        var list: [DeviceSession.Directive]
        var frame: Frame?
    }

    private func step(
        _ session: inout DeviceSession, _ caller: Caller, _ now: MonotonicTime,
        _ generator: inout SeededGenerator
    ) -> Step {
        let hub = generator.once(in: 6) ? Harness.newHub : Harness.hub
        let echo = generator.once(in: 4) ? generator.next() : caller.request
        let isLast = !generator.once(in: 3)
        let counter = UInt64(generator.number(0...40))
        var frame: Frame?
        switch generator.number(0...13) {
        case 0:
            guard session.phase == .offline else { return Step(list: []) }
            return Step(list: session.onConnected(now))
        case 1:
            return Step(list: generator.once(in: 3) ? session.onDisconnected() : [])
        case 2: return Step(list: session.onChanged(now))
        case 3: return Step(list: session.onBaseMissing(now))
        case 4: return Step(list: session.onTick(now))
        case 5: frame = .want(request: echo, have: CausalContext())
        case 6: frame = .reset
        case 7: frame = .hint(hub: hub)
        case 8: frame = generator.once(in: 3) ? .refused(reason: "no") : nil
        case 9, 10: frame = Harness.state(echo, hub: hub, isLast: isLast)
        default:
            let question = generator.once(in: 4) ? UInt8(generator.number(0...9)) : caller.asked
            frame = Harness.down(
                question, acknowledged: CausalContext([Harness.device: counter]),
                deltas: generator.once(in: 3) ? [Harness.delta] : [], isLast: isLast)
        }
        guard let frame else { return Step(list: []) }
        return Step(list: session.onFrame(frame, now), frame: frame)
    }
}
