import Platform
import SyncProtocol
import TestSupport
import Testing

/// A device's session under test, and what a hub would say to it.
struct SessionHarness {
    static let hub = Epoch(nonce: 1)
    static let newHub = Epoch(nonce: 3)
    static let device = Epoch(nonce: 2)
    static let reference = HubReference(epoch: hub, commit: 7)
    /// What each whole state says that the hub has.
    static let context = CausalContext([device: 4, hub: 9])
    static let delta = IntervalDelta(epoch: hub, since: 0, upto: 1, cells: [])

    var session: DeviceSession

    /// The request of the greeting that is open; 0 where none is.
    var request: UInt64 {
        if case .greeting(let request) = session.phase { request } else { 0 }
    }

    init(confirmed: CausalContext = CausalContext(), reference: HubReference? = nil) {
        var settings = DeviceSession.Settings()
        settings.timeout = 1000
        settings.timeoutMaximum = 8000
        settings.idleInterval = 60_000
        session = DeviceSession(
            settings: settings, entropy: SeededEntropy(SeededGenerator(seed: 1)),
            confirmed: confirmed, reference: reference)
    }

    /// A session that has just asked its first question, 1.
    static func asking() -> SessionHarness {
        var harness = SessionHarness()
        #expect(isGreeting(harness.session.onConnected(at(0))))
        harness.session.onSent([])
        let directives = harness.session.onFrame(state(harness.request), at(10))
        #expect(
            directives == [
                join(covered: context, complete: context), .opened(session: hub), .ask(question: 1),
            ])
        harness.session.onSent([])
        return harness
    }

    /// A session whose first question is answered.
    static func idle() -> SessionHarness {
        var harness = asking()
        #expect(harness.session.onFrame(down(1), at(20)) == [join()])
        return harness
    }

    /// Writes up to a counter of the device's own go with what was asked last.
    mutating func sent(upto counter: UInt64) {
        session.onSent([IntervalDelta(epoch: Self.device, since: 0, upto: counter, cells: [])])
    }

    static func at(_ milliseconds: Int64) -> MonotonicTime {
        MonotonicTime(milliseconds: milliseconds)
    }

    // MARK: Frames

    static func state(
        _ request: UInt64, hub: Epoch = hub, deltas: [IntervalDelta] = [], isLast: Bool = true
    ) -> Frame {
        .state(
            Frame.State(
                request: request, reference: HubReference(epoch: hub, commit: 7),
                time: WallTime(milliseconds: 0), context: isLast ? context : CausalContext(),
                deltas: deltas, isLast: isLast))
    }

    static func down(
        _ question: UInt8?, commit: UInt64 = 7, acknowledged: CausalContext = CausalContext(),
        deltas: [IntervalDelta] = [], complete: CausalContext = CausalContext(),
        isLast: Bool = true
    ) -> Frame {
        .down(
            Frame.Down(
                question: question, commit: commit, acknowledged: acknowledged, deltas: deltas,
                complete: complete, isLast: isLast))
    }

    // MARK: Directives

    /// What a last part has joined with it.
    static func join(
        _ deltas: [IntervalDelta] = [], covered: CausalContext = CausalContext(),
        complete: CausalContext = CausalContext(), commit: UInt64 = 7
    ) -> DeviceSession.Directive {
        .join(
            HubAnswer(
                deltas: deltas, covered: covered, complete: complete,
                reference: HubReference(epoch: hub, commit: commit)))
    }

    static func part(_ deltas: [IntervalDelta]) -> DeviceSession.Directive {
        .join(HubAnswer(deltas: deltas))
    }

    static func isGreeting(_ directives: [DeviceSession.Directive]) -> Bool {
        guard directives.count == 1, case .greet = directives[0] else { return false }
        return true
    }

    static func isClosingAndGreeting(_ directives: [DeviceSession.Directive]) -> Bool {
        directives.first == .closed && isGreeting(Array(directives.dropFirst()))
    }
}
