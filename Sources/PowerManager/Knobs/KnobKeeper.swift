public import Platform

/// Knows which knobs are changed, from what, and to what; says what to do about each, and never
/// fights another owner.
///
/// A knob is read, judged, written where that is the verdict, and read again. Before the first write
/// of a knob, what was found has to be durable (`held`), so that a next start can put it back.
public struct KnobKeeper: Sendable {
    /// A knob that was changed.
    public struct Held: Sendable, Hashable {
        public let name: String
        public let rule: Knob.Rule
        /// What it said before.
        public let found: String
        /// What it may say now, what was written last at the end. One text once a write was seen to
        /// have worked; before that also the one that it takes the place of.
        public internal(set) var written: [String]
    }

    public enum Verdict: Sendable, Hashable {
        case leave
        /// Make `held` durable, write this, then call `onWritten`.
        case write(String)
    }

    /// Something that an operator should know of.
    public enum Fault: Sendable, Hashable {
        /// Somebody else changed it after us.
        case taken(wrote: String, reads: String)
        /// The kernel did not take it.
        case refused(wrote: String, reads: String)
        case failed(FileError)

        /// What happened and what follows.
        public var description: String {
            switch self {
            case .taken(let wrote, let reads):
                "it was \(wrote) and is \(reads): another program sets it, and has it for now"
            case .refused(let wrote, let reads):
                "it was set to \(wrote) and still says \(reads): the kernel does not take it"
            case .failed(let error):
                "\(error); the agent may need the right to write it (docs/power.md)"
            }
        }
    }

    /// How long a knob is left alone that another owns, or that could not be set.
    public let handsOff: Milliseconds
    /// By path. What is in here was changed by us and is not yet restored.
    public private(set) var held: [String: Held] = [:]
    /// By path, when it may be touched again.
    private var released: [String: MonotonicTime] = [:]

    /// Knobs that are remembered at most; more are left alone.
    public static let knobsMax = 64

    public init(handsOff: Milliseconds = .seconds(3600)) { self.handsOff = handsOff }

    /// Takes over what an earlier run of the agent changed.
    public mutating func recover(_ held: [String: Held]) {
        for (path, knob) in held.sorted(by: { $0.key < $1.key }).prefix(Self.knobsMax) {
            self.held[path] = knob
        }
    }

    /// A knob is there no more, with whatever was set.
    public mutating func forget(_ path: String) { held[path] = nil }

    /// Whether a knob is left to another.
    public func isReleased(_ path: String, at now: MonotonicTime) -> Bool {
        released[path].map { now < $0 } ?? false
    }

    /// - Parameter text: what the knob's file says now.
    public mutating func judge(
        _ knob: Knob, says text: String, at now: MonotonicTime
    ) -> (verdict: Verdict, fault: Fault?) {
        guard !isReleased(knob.path, at: now) else { return (.leave, nil) }
        released[knob.path] = nil
        let value = knob.rule.value(text)
        guard var mine = held[knob.path] else {
            guard let wanted = knob.wanted, !knob.rule.isKept(value, written: wanted),
                held.count < Self.knobsMax
            else { return (.leave, nil) }
            held[knob.path] = Held(
                name: knob.name, rule: knob.rule, found: value, written: [value, wanted])
            return (.write(wanted), nil)
        }
        let last = mine.written.last ?? mine.found
        guard let current = mine.written.last(where: { knob.rule.isKept(value, written: $0) })
        else {
            release(knob.path, at: now)
            return (.leave, .taken(wrote: last, reads: value))
        }
        let next = knob.wanted ?? mine.found
        // Two texts: the agent ended between the record and the write, or the write's outcome.
        if next == last, knob.wanted != nil, mine.written.count == 1 { return (.leave, nil) }
        // What it says now, not what it should: the write before this one may be lost.
        if next != last || mine.written.count > 1 { mine.written = [current, next] }
        held[knob.path] = mine
        return (.write(next), nil)
    }

    /// After a write: what the file says then, or why it could not be done.
    public mutating func onWritten(
        _ knob: Knob, _ outcome: Result<String, FileError>, at now: MonotonicTime
    ) -> Fault? {
        guard var mine = held[knob.path], let wrote = mine.written.last else { return nil }
        let fault: Fault
        switch outcome {
        case .success(let text):
            let value = knob.rule.value(text)
            if knob.rule.isKept(value, written: wrote) {
                // Only now the value before cannot come back by itself.
                mine.written = [wrote]
                held[knob.path] = knob.wanted == nil ? nil : mine
                return nil
            }
            fault = .refused(wrote: wrote, reads: value)
        case .failure(let error): fault = .failed(error)
        }
        release(knob.path, at: now)
        return fault
    }

    private mutating func release(_ path: String, at now: MonotonicTime) {
        held[path] = nil
        released = released.filter { now < $0.value }
        released[path] = now + handsOff
    }
}
