public import Platform

/// The device's side of a sync session about one document, as a value: events in, directives out.
///
/// The device always asks: `hello`, then `up`; the hub answers, or says that it has something. One
/// question is open at a time, so a lost answer costs a timeout and never a write. A session
/// lasts as long as both processes live: after a break of the link the next question is an `up`
/// again, one round trip.
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
        /// Session after session ended as soon as it stood; greets again at the deadline.
        case pausing
    }

    /// To be carried out in order.
    public enum Directive: Sendable, Hashable {
        /// Send `hello` with what the store holds, this reference, and the first part of what is
        /// not confirmed.
        case greet(request: UInt64, reference: HubReference?)
        /// Send the next part of everything the store holds, beyond `after`, as `seed`.
        case seed(request: UInt64, after: CausalContext)
        /// Send `up` with what is not confirmed.
        case ask(question: UInt8)
        /// Join and commit. Where a base is missing, or `complete` is not covered after it (a part
        /// was lost on the way), call `onBaseMissing` and leave the directives after this one.
        case join(HubAnswer)
        /// What the hub holds has this sum. Where nothing is unconfirmed here, and the sum here is
        /// another one, send `compare`.
        case compare(root: UInt64)
        /// Join, as far as it belongs to a comparison under way, and send the next one.
        case repair(Frame.Differ)
        /// The session stands: log frames may flow.
        case opened(session: Epoch)
        case closed
        /// The hub does not know the history that this device has joined: it was wiped, or a
        /// backup of it restored.
        case reportReset
        case report(refusal: String)
        /// This many sessions in a row came to nothing, the last one as an answer did not join;
        /// the next greeting waits. Told with the second, fourth, eighth and so on.
        case reportPause(sessions: Int, wait: Milliseconds)
    }

    public private(set) var phase = Phase.offline
    /// What answers have covered of this device's epochs, over all sessions. The hub may have
    /// lowered a stamp of what it committed, and only the answer to it says so: a cell whose
    /// answer was lost is sent again. Keep it in the store, sooner or later, and with it
    /// `reference`.
    public private(set) var confirmed: CausalContext
    /// The hub state joined last. Never older than what `confirmed` came from.
    public private(set) var reference: HubReference?
    /// When to call `onTick` at the latest.
    public private(set) var deadline: MonotonicTime?

    /// When the last question that the hub answered had been asked: the hub has heard this board
    /// since then.
    public private(set) var answered: MonotonicTime?
    private var askedAt: MonotonicTime?

    private let settings: Settings
    private let entropy: any Entropy
    private var timeout: Milliseconds
    /// The session that both sides last knew, also while the link is down.
    private var known: Epoch?
    private var question: UInt8 = 0
    /// What the hub said last that it has of the copy it wants.
    private var wanted: CausalContext?
    private var isOutstanding = false
    /// Something changed since the last question was built.
    private var isDirty = false
    /// What the open question carries of this device's epochs.
    private var asked = CausalContext()
    private var before: (confirmed: CausalContext, reference: HubReference?)
    private var pace = GreetingPace()

    /// - Parameters:
    ///   - confirmed: As the store has it from an earlier run.
    ///   - reference: Likewise.
    public init(
        settings: Settings = Settings(), entropy: any Entropy,
        confirmed: CausalContext = CausalContext(), reference: HubReference? = nil
    ) {
        self.settings = settings
        self.confirmed = confirmed
        self.reference = reference
        self.entropy = entropy
        before = (confirmed, reference)
        timeout = settings.timeout
    }

    public var session: Epoch? {
        if case .synchronized(let session) = phase { session } else { nil }
    }

    /// Whether this is the question that waits for an answer.
    public func awaits(_ question: UInt8?) -> Bool { isOutstanding && question == self.question }

    public mutating func onConnected(_ now: MonotonicTime) -> [Directive] {
        timeout = settings.timeout
        guard let known else { return greet(now) }
        phase = .synchronized(session: known)
        isOutstanding = false
        isDirty = true
        return [.opened(session: known)] + ask(now)
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

    /// A greeting or a question left, with this much of the device's epochs in it.
    public mutating func onSent(_ deltas: [IntervalDelta]) {
        asked = CausalContext()
        for delta in deltas { asked.advance(delta.epoch, to: delta.upto) }
    }

    /// An answer did not join: this side lacks what it builds on, or reads it in other words.
    public mutating func onBaseMissing(_ now: MonotonicTime) -> [Directive] {
        (confirmed, reference) = before
        known = nil
        guard phase != .offline else { return [] }
        let directives = closing + greetAgain(now)
        guard phase == .pausing, pace.isWorthTelling, let deadline else { return directives }
        return directives + [.reportPause(sessions: pace.failures, wait: deadline - now)]
    }

    /// An answer could not be written: it is as if it had not come. The deadline greets anew; not
    /// at once, as a disk that is full stays so for a while.
    public mutating func onJoinFailed(_ now: MonotonicTime) {
        (confirmed, reference) = before
        guard session != nil else { return }
        isOutstanding = true
        deadline = now + timeout
    }

    /// The store was replaced by another one, which has its own memory of what was confirmed.
    public mutating func onStoreReplaced(
        confirmed: CausalContext, reference: HubReference?, _ now: MonotonicTime
    ) -> [Directive] {
        before = (confirmed, reference)
        pace = GreetingPace()
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
        case .pausing: return greet(now)
        case .synchronized where isOutstanding:
            // No answer: the hub may be gone or new. A greeting tells.
            return [.closed] + greet(now)
        case .synchronized:
            isDirty = true
            return ask(now)
        }
    }

    public mutating func onFrame(_ frame: Frame, _ now: MonotonicTime) -> [Directive] {
        switch frame {
        case .state(let state): return onState(state, now)
        case .want(let request, let have):
            // One that came twice would make two of every part to come, and each of those two.
            guard phase == .greeting(request: request), wanted?.covers(have) != true else {
                return []
            }
            wanted = have
            deadline = now + timeout
            let report: [Directive] = have.isEmpty ? [.reportReset] : []
            return report + [.seed(request: request, after: have)]
        case .down(let down): return onDown(down, now)
        case .reset:
            guard session != nil else { return [] }
            pace.onForgotten()
            return [.closed] + greetAgain(now)
        case .hint(let hub):
            guard let session else { return [] }
            guard session == hub else { return [.closed] + greet(now) }
            isDirty = true
            return ask(now)
        case .refused(let reason):
            guard phase != .offline else { return [] }
            let wasOpen = session != nil
            phase = .refused(reason: reason)
            known = nil
            let closed: [Directive] = wasOpen ? [.closed] : []
            // A hub that is busy spreads its boards; that is no refusal to tell of. A quarter more
            // at most, so that those who share a second fall out of step.
            if let wait = RetryAfter.wait(in: reason) {
                let jitter = entropy.below(UInt64(wait.count / 4) + 1)
                deadline = now + wait + Milliseconds(Int64(jitter))
                return closed
            }
            deadline = now + settings.timeoutMaximum
            return closed + [.report(refusal: reason)]
        case .differ(let differ): return session == nil ? [] : [.repair(differ)]
        case .logAcknowledged, .hello, .seed, .up, .log, .compare: return []
        }
    }

    private mutating func onState(_ state: Frame.State, _ now: MonotonicTime) -> [Directive] {
        #if EDGE_MUTANTS
            if SyncMutant.active == .anyStateTaken, phase != .offline {
                phase = .greeting(request: state.request)
            }
        #endif
        guard phase == .greeting(request: state.request) else {
            // What answers another greeting opens nothing; what it says of the twin is as true.
            return state.deltas.isEmpty ? [] : [.join(.news(state.deltas))]
        }
        guard pace.accepts(state.reference.epoch) else { return greet(now) }
        // What the hub holds now is the truth also where it has lowered a stamp since this board
        // saw it, so its registers count as winners.
        let registers = state.deltas.flatMap(\.cells).filter(\.kind.isRegister)
        guard state.isLast else {
            deadline = now + timeout
            return [
                .join(
                    HubAnswer(
                        deltas: state.deltas, winners: registers, covered: state.context))
            ]
        }
        let session = state.reference.epoch
        pace.onOpened(by: session)
        answered = askedAt
        phase = .synchronized(session: session)
        known = session
        timeout = settings.timeout
        isOutstanding = false
        // The first question tells the hub what came, and brings what the greeting had no room
        // for.
        isDirty = true
        before = (confirmed, reference)
        let covered = asked.limited(to: state.context)
        confirmed.merge(covered)
        reference = state.reference
        let join = HubAnswer(
            deltas: state.deltas, winners: state.winners + registers, dead: state.dead,
            covered: state.context, complete: state.context, reference: state.reference)
        return [.join(join), .opened(session: session)] + ask(now)
    }

    private mutating func onDown(_ down: Frame.Down, _ now: MonotonicTime) -> [Directive] {
        guard let session else { return [] }
        // What was read is confirmed by the next question.
        if !down.deltas.isEmpty { isDirty = true }
        guard let question = down.question else {
            return [.join(.news(down.deltas))] + ask(now)
        }
        // An answer to an older question says less than the one to come; its news are news.
        guard isOutstanding, question == self.question else {
            return down.deltas.isEmpty ? [] : [.join(.news(down.deltas))]
        }
        guard down.isLast else {
            deadline = now + timeout
            return [.join(HubAnswer(deltas: down.deltas))]
        }
        isOutstanding = false
        timeout = settings.timeout
        pace.onAnswered()
        answered = askedAt
        before = (confirmed, reference)
        let reference = HubReference(epoch: session, commit: down.commit)
        confirmed.merge(asked.limited(to: down.acknowledged))
        self.reference = reference
        deadline = now + settings.idleInterval
        let join = HubAnswer(
            deltas: down.deltas, winners: down.winners, dead: down.dead,
            covered: down.acknowledged, complete: down.complete, reference: reference)
        let compare: [Directive] = down.root.map { [.compare(root: $0)] } ?? []
        return [.join(join)] + compare + ask(now)
    }

    private var closing: [Directive] { session != nil ? [.closed] : [] }

    /// A session ended because of what was in it.
    private mutating func greetAgain(_ now: MonotonicTime) -> [Directive] {
        let wait = pace.onFailed(first: settings.timeout, maximum: settings.timeoutMaximum)
        guard let wait else { return greet(now) }
        phase = .pausing
        known = nil
        isOutstanding = false
        deadline = now + spread(wait)
        return []
    }

    /// Half to whole: devices that a hub's restart put in step fall out of it again.
    private func spread(_ wait: Milliseconds) -> Milliseconds {
        let half = wait.count / 2
        return Milliseconds(half + Int64(entropy.below(UInt64(half) + 1)))
    }

    private mutating func greet(_ now: MonotonicTime) -> [Directive] {
        let request = entropy.next()
        phase = .greeting(request: request)
        askedAt = now
        wanted = nil
        known = nil
        deadline = now + spread(timeout)
        isOutstanding = false
        return [.greet(request: request, reference: pace.named(reference))]
    }

    private mutating func ask(_ now: MonotonicTime) -> [Directive] {
        guard session != nil, isDirty, !isOutstanding else { return [] }
        isDirty = false
        isOutstanding = true
        askedAt = now
        deadline = now + timeout
        question &+= 1
        return [.ask(question: question)]
    }
}
