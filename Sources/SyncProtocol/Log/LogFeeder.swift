public import Platform

/// Decides which log rows to send next: the highest class first, a bounded number of frames in
/// flight, and everything again from the last acknowledgement when one does not come.
///
/// Only the hub's own acknowledgement moves `acknowledged`; nothing that the link says does.
public struct LogFeeder: Sendable {
    public struct Settings: Sendable {
        /// Frames sent and not acknowledged. More fill a slow link's buffers and must be sent
        /// again after a break.
        public var framesInFlight = 8
        public var timeout: Milliseconds = 10_000

        public init() {}
    }

    private struct Position {
        let priority: MessagePriority
        var last: UInt64
        var acknowledged: UInt64
        var sent: UInt64
        /// The session in which the hub last acknowledged this sequence.
        var session: Epoch?
    }

    private struct Sent {
        let sequence: LogSequence
        let through: UInt64
        let deadline: MonotonicTime
    }

    public enum Acknowledgement: Sendable, Hashable {
        /// Rows up to here may be released.
        case advanced(upto: UInt64)
        /// The hub has less than it once acknowledged: it lost data.
        case regressed(upto: UInt64)
        case unchanged
    }

    public let settings: Settings
    private var positions: [LogSequence: Position] = [:]
    private var inFlight: [Sent] = []
    private var session: Epoch?

    public init(settings: Settings = Settings()) { self.settings = settings }

    /// Rows up to `last` are durable.
    public mutating func onCommitted(
        _ sequence: LogSequence, priority: MessagePriority, last: UInt64, acknowledged: UInt64
    ) {
        if positions[sequence] == nil {
            positions[sequence] = Position(
                priority: priority, last: last, acknowledged: acknowledged, sent: acknowledged)
        } else {
            positions[sequence]?.last = last
        }
    }

    /// The session stands. `acknowledged` is what the store holds as acknowledged, where that is
    /// less than what was heard.
    ///
    /// A hub that opened its store anew may have opened an older copy of it. What an earlier
    /// opening acknowledged counts no more then, and where nothing is left to send the last number
    /// is sent again: the answer tells how much this hub has.
    public mutating func onOpened(_ session: Epoch, acknowledged: [LogSequence: UInt64] = [:]) {
        self.session = session
        rewind()
        for (sequence, position) in positions where position.session != session {
            let stored = min(acknowledged[sequence] ?? .max, position.acknowledged)
            positions[sequence]?.acknowledged = stored
            positions[sequence]?.sent = min(stored, max(position.last, 1) - 1)
        }
        // Also a hub that goes on may have dropped this device's data since: the first answer of
        // each session counts, whatever it says.
        for sequence in positions.keys { positions[sequence]?.session = nil }
    }

    public mutating func onClosed() {
        session = nil
        rewind()
    }

    /// The sequence to send from next, and its first number; nil where nothing is to be sent now.
    /// Classes below `lowest` are held back.
    public func next(lowest: MessagePriority) -> (sequence: LogSequence, first: UInt64)? {
        guard session != nil, inFlight.count < settings.framesInFlight else { return nil }
        let candidates = positions.filter { _, position in
            position.sent < position.last && position.priority <= lowest
        }
        let best = candidates.min { left, right in
            (left.value.priority, left.key) < (right.value.priority, right.key)
        }
        return best.map { (sequence: $0.key, first: $0.value.sent + 1) }
    }

    /// Whether every row that is durable here was sent and acknowledged.
    public var isDone: Bool {
        inFlight.isEmpty && positions.values.allSatisfy { $0.sent >= $0.last }
    }

    public mutating func onSent(
        _ sequence: LogSequence, through: UInt64, at now: MonotonicTime
    ) {
        positions[sequence]?.sent = through
        inFlight.append(
            Sent(sequence: sequence, through: through, deadline: now + settings.timeout))
    }

    public mutating func onAcknowledged(
        _ sequence: LogSequence, upto: UInt64, session: Epoch
    ) -> Acknowledgement {
        guard session == self.session, var position = positions[sequence] else { return .unchanged }
        defer { positions[sequence] = position }
        let isFirst = position.session != session
        position.session = session
        inFlight.removeAll { $0.sequence == sequence && $0.through <= upto }
        if upto > position.acknowledged, upto <= position.last {
            position.acknowledged = upto
            position.sent = max(position.sent, upto)
            return .advanced(upto: upto)
        }
        // Within a session the hub's cursor only grows, so a lower number that is not the first
        // one is an old frame.
        if isFirst, upto < position.acknowledged {
            position.acknowledged = upto
            position.sent = upto
            inFlight.removeAll { $0.sequence == sequence }
            return .regressed(upto: upto)
        }
        return .unchanged
    }

    /// How far each sequence was sent in this session.
    public var sent: [LogSequence: UInt64] { positions.mapValues(\.sent) }

    /// A closed epoch's sequence with nothing left to send.
    public mutating func forget(_ sequence: LogSequence) { positions[sequence] = nil }

    public var deadline: MonotonicTime? { inFlight.map(\.deadline).min() }

    /// Sends a sequence again from its last acknowledgement once that is overdue.
    public mutating func onTick(_ now: MonotonicTime) {
        for late in inFlight where now >= late.deadline {
            guard let position = positions[late.sequence] else { continue }
            positions[late.sequence]?.sent = position.acknowledged
        }
        let overdue = Set(inFlight.filter { now >= $0.deadline }.map(\.sequence))
        inFlight.removeAll { overdue.contains($0.sequence) }
    }

    private mutating func rewind() {
        inFlight = []
        for (sequence, position) in positions {
            positions[sequence]?.sent = position.acknowledged
        }
    }
}
