public import Platform

/// The device's side of a sync session, as a value: events in, directives out.
///
/// The device always asks: `hello`, then `up`; the hub answers, or hints that it has something.
/// One question is open at a time, so a lost answer costs a timeout and never a write.
public struct DeviceSession: Sendable {
    public struct Settings: Sendable {
        /// How long an answer may take before the question is asked again. It doubles up to
        /// `timeoutMaximum`, as a hub that does not answer is rarely helped by being asked more.
        public var timeout: Milliseconds = 10_000
        public var timeoutMaximum: Milliseconds = 120_000
        /// How often an idle device asks anyway: it finds a hub that was restored meanwhile.
        public var idleInterval: Milliseconds = 300_000

        public init() {}
    }

    public enum Phase: Sendable, Hashable {
        case offline
        case greeting(request: UInt64)
        case synchronized(session: Epoch)
        /// The hub does not want this device; asked again at the deadline.
        case refused(reason: String)
    }

    /// To be carried out in order.
    public enum Directive: Sendable, Hashable {
        /// Send `hello` with what the store holds.
        case greet(request: UInt64)
        /// Send everything the store holds as `seed`.
        case seed(request: UInt64)
        /// Send `up` with what the hub has not acknowledged.
        case sendChanges(session: Epoch)
        /// Join and commit. Where a base is missing, or `complete` is not covered after it (a part
        /// was lost on the way), call `onBaseMissing` and leave the directives after this one.
        case join(
            deltas: [IntervalDelta], winners: [Cell], covered: CausalContext,
            complete: CausalContext, reference: HubReference?)
        /// The session stands: log frames may flow.
        case opened(session: Epoch)
        case closed
        case report(refusal: String)
    }

    public private(set) var phase = Phase.offline
    /// What the hub is known to have committed of device epochs, in this session.
    public private(set) var acknowledged = CausalContext()
    /// What answers to `up` have covered, over all sessions. The hub may have lowered a stamp of
    /// what it committed, and only such an answer says so: a cell whose answer was lost is sent
    /// again, although the hub's context covers it. Keep it in the store, sooner or later.
    public private(set) var confirmed: CausalContext
    /// When to call `onTick` at the latest.
    public private(set) var deadline: MonotonicTime?

    private let settings: Settings
    private let entropy: any Entropy
    private var timeout: Milliseconds
    private var isUpOutstanding = false
    /// Something changed since the last `up` was built.
    private var isDirty = false
    /// `confirmed` before the answer that is being joined.
    private var confirmedBefore = CausalContext()

    /// - Parameter confirmed: as the store has it from an earlier run.
    public init(
        settings: Settings = Settings(), entropy: any Entropy,
        confirmed: CausalContext = CausalContext()
    ) {
        self.settings = settings
        self.confirmed = confirmed
        self.entropy = entropy
        timeout = settings.timeout
    }

    public var session: Epoch? {
        if case .synchronized(let session) = phase { session } else { nil }
    }

    public mutating func onConnected(_ now: MonotonicTime) -> [Directive] {
        timeout = settings.timeout
        return greet(now)
    }

    public mutating func onDisconnected() -> [Directive] {
        let wasOpen = session != nil
        phase = .offline
        deadline = nil
        return wasOpen ? [.closed] : []
    }

    /// The twin has committed changes of its own.
    public mutating func onChanged(_ now: MonotonicTime) -> [Directive] {
        isDirty = true
        return ask(now)
    }

    /// A delta did not join: this side lacks what it builds on.
    public mutating func onBaseMissing(_ now: MonotonicTime) -> [Directive] {
        confirmed = confirmedBefore
        guard phase != .offline else { return [] }
        return closing + greet(now)
    }

    /// An answer could not be written: it is as if it had not come. The deadline greets anew; not
    /// at once, as a disk that is full stays so for a while.
    public mutating func onJoinFailed(_ now: MonotonicTime) {
        confirmed = confirmedBefore
        guard session != nil else { return }
        isUpOutstanding = true
        deadline = now + timeout
    }

    /// The store was replaced by another one, which has its own memory of what was confirmed.
    public mutating func onStoreReplaced(
        confirmed: CausalContext, _ now: MonotonicTime
    ) -> [Directive] {
        confirmedBefore = confirmed
        return onBaseMissing(now)
    }

    public mutating func onTick(_ now: MonotonicTime) -> [Directive] {
        guard let deadline, now >= deadline else { return [] }
        switch phase {
        case .offline:
            self.deadline = nil
            return []
        case .greeting, .refused:
            timeout = min(timeout * 2, settings.timeoutMaximum)
            return greet(now)
        case .synchronized where isUpOutstanding:
            // No answer: the hub may be gone or new. A greeting tells.
            return [.closed] + greet(now)
        case .synchronized:
            isDirty = true
            return ask(now)
        }
    }

    public mutating func onFrame(_ frame: Frame, _ now: MonotonicTime) -> [Directive] {
        switch frame {
        case .state(let request, let session, let reference, let context, let deltas, let isLast):
            guard phase == .greeting(request: request) else { return [] }
            let join = Directive.join(
                deltas: deltas, winners: [], covered: CausalContext(),
                complete: isLast ? context : CausalContext(),
                reference: isLast ? reference : nil)
            guard isLast else {
                deadline = now + timeout
                return [join]
            }
            phase = .synchronized(session: session)
            timeout = settings.timeout
            confirmedBefore = confirmed
            acknowledged = context.filtered(.device).limited(to: confirmed)
            isUpOutstanding = false
            isDirty = true
            return [join, .opened(session: session)] + ask(now)
        case .want(let request):
            guard phase == .greeting(request: request) else { return [] }
            deadline = now + timeout
            return [.seed(request: request)]
        case .down(
            let session, let reference, let acknowledged, let deltas, let winners, let isLast):
            guard session == self.session, isUpOutstanding else { return [] }
            self.acknowledged.merge(acknowledged)
            // What was read is confirmed by the next question.
            if !deltas.isEmpty { isDirty = true }
            let join = Directive.join(
                deltas: deltas, winners: winners, covered: acknowledged,
                complete: CausalContext(), reference: isLast ? reference : nil)
            guard isLast else {
                deadline = now + timeout
                return [join]
            }
            isUpOutstanding = false
            // The last part carries the winners, so only with it the answer is complete.
            confirmedBefore = confirmed
            confirmed.merge(acknowledged)
            deadline = now + settings.idleInterval
            return [join] + ask(now)
        case .reset(let session):
            // A reset that answers an older session's frame says nothing of this one; neither
            // does one that crosses a greeting on its way.
            guard let current = self.session else { return [] }
            guard session != current || isUpOutstanding else { return [] }
            return [.closed] + greet(now)
        case .hint(let session):
            guard let current = self.session else { return [] }
            guard session == current else { return [.closed] + greet(now) }
            isDirty = true
            return ask(now)
        case .refused(let reason):
            guard phase != .offline else { return [] }
            let wasOpen = session != nil
            phase = .refused(reason: reason)
            deadline = now + settings.timeoutMaximum
            return (wasOpen ? [.closed] : []) + [.report(refusal: reason)]
        case .logAcknowledged, .hello, .seed, .up, .log:
            return []
        }
    }

    private var closing: [Directive] { session != nil ? [.closed] : [] }

    private mutating func greet(_ now: MonotonicTime) -> [Directive] {
        let request = entropy.next()
        phase = .greeting(request: request)
        // Half to whole: devices that a hub's restart put in step fall out of it again.
        let half = timeout.count / 2
        deadline = now + Milliseconds(half + Int64(entropy.below(UInt64(half) + 1)))
        isUpOutstanding = false
        return [.greet(request: request)]
    }

    private mutating func ask(_ now: MonotonicTime) -> [Directive] {
        guard let session, isDirty, !isUpOutstanding else { return [] }
        isDirty = false
        isUpOutstanding = true
        deadline = now + timeout
        return [.sendChanges(session: session)]
    }
}
