public import Platform

/// A write as a user means it.
public enum TwinWrite: Sendable, Hashable {
    /// A register's value; null deletes. In a multi-value register it replaces what was seen.
    case set(TwinPath, Value)
    case add(TwinPath, Value)
    /// Takes an element out of a set.
    case remove(TwinPath, Value)
    case increment(TwinPath, by: Int64)
    /// Empties whatever is at the path: a register by null, a counter by a new generation.
    case delete(TwinPath)

    public var path: TwinPath {
        switch self {
        case .set(let path, _), .add(let path, _), .remove(let path, _),
            .increment(let path, _), .delete(let path):
            path
        }
    }
}

extension TwinWrite {
    /// What the write puts there.
    var value: Value? {
        switch self {
        case .set(_, let value), .add(_, let value): value
        case .remove, .increment, .delete: nil
        }
    }

    /// The writes of one commit in the order of their paths, those to one path as they came.
    /// Counters and keys then rise together, and a frame says both in next to nothing.
    public static func inOrder(_ writes: [TwinWrite]) -> [TwinWrite] {
        writes.enumerated().sorted {
            ($0.element.path, $0.offset) < ($1.element.path, $1.offset)
        }.map(\.element)
    }
}

/// Why a write is none.
public enum TwinWriteFault: Error, Sendable, Hashable, CustomStringConvertible {
    case notWritable(TwinPath)
    case wrongKind(TwinPath)
    case overflow(TwinPath)
    case tooLarge(TwinPath)

    public var description: String {
        switch self {
        case .notWritable(let path): "\(path.text) is written by the device alone"
        case .wrongKind(let path):
            "\(path.text) takes no such write; sets/ take add and remove, counters/ inc, the "
                + "others set"
        case .tooLarge(let path):
            "the value for \(path.text) is longer than \(FrameBounds.value) bytes; keep it below"
        case .overflow(let path):
            "\(path.text) would pass the range of a counter, 64 bits with sign"
        }
    }
}

/// One replica's own hand: its epoch, how many dots it has given in a document, and the stamp of
/// the commit under way.
public struct TwinWriter: Sendable, Hashable {
    public let epoch: Epoch
    public private(set) var counter: UInt64
    /// Dots of this epoch up to here may be known elsewhere. Of one that never left nobody needs
    /// to learn that another write took its place.
    public var sent: UInt64

    /// - Parameters:
    ///   - counter: What the context says of `epoch`.
    ///   - sent: Every dot, unless the writer keeps account of what it sends.
    public init(epoch: Epoch, counter: UInt64 = 0, sent: UInt64 = .max) {
        self.epoch = epoch
        self.counter = counter
        self.sent = sent
    }

    mutating func next() -> Dot {
        counter += 1
        return Dot(epoch: epoch, counter: counter)
    }

    /// Removes what a join dropped, for others to learn of it; nil where it dropped nothing.
    public mutating func removal(of dropped: [Dot]) -> Removal? {
        dropped.isEmpty ? nil : Removal(dot: next(), removed: dropped)
    }
}

extension TwinStorage {
    /// Carries out a write; nothing where it says nothing new. The caller advances the context to
    /// the writer's counter once, before it commits.
    ///
    /// - Parameter stamp: The commit's time, for last-writer-wins.
    public func write(
        _ write: TwinWrite, by writer: inout TwinWriter, stamp: HybridTimestamp
    ) throws(Failure) -> Result<JoinOutcome, TwinWriteFault> {
        let path = write.path
        guard path.isWritable(by: writer.epoch.role) else { return .failure(.notWritable(path)) }
        if let value = write.value, ValueCodec.size(value) > FrameBounds.value {
            return .failure(.tooLarge(path))
        }
        switch (path.kind, write) {
        case (.singleWriter, .set(_, let value)):
            return .success(try report(path, value, &writer))
        case (.singleWriter, .delete): return .success(try report(path, .null, &writer))
        case (.lastWriterWins, .set(_, let value)):
            return .success(try decide(path, value, &writer, stamp))
        case (.lastWriterWins, .delete):
            return .success(try decide(path, .null, &writer, stamp))
        case (.multiValue, .set(_, let value)):
            return .success(
                try replace(try cells(at: path), with: (path, value), &writer))
        case (.multiValue, .delete), (.addWinsSet, .delete):
            return .success(try take(try cells(at: path), &writer))
        case (.addWinsSet, .add(_, let element)):
            let held = try cells(at: path).filter { $0.value == element }
            return .success(try replace(held, with: (path, element), &writer))
        case (.addWinsSet, .remove(_, let element)):
            return .success(
                try take(try cells(at: path).filter { $0.value == element }, &writer))
        case (.counter, .increment(_, let by)): return try count(path, by, &writer)
        case (.counter, .delete): return .success(try reset(path, &writer))
        default: return .failure(.wrongKind(path))
        }
    }

    /// A report that says nothing new is no write.
    private func report(
        _ path: TwinPath, _ value: Value, _ writer: inout TwinWriter
    ) throws(Failure) -> JoinOutcome {
        let current = try register(path)
        if (current?.value ?? .null) == value { return JoinOutcome() }
        // The highest stamp may have come from elsewhere; it must not stop this board.
        let stamp = min(current?.stamp ?? 0, .max - 1) + 1
        return try put(path, value, stamp, &writer)
    }

    /// A wish is a write even where it says what is there: it may have to win over another
    /// replica's.
    private func decide(
        _ path: TwinPath, _ value: Value, _ writer: inout TwinWriter, _ stamp: HybridTimestamp
    ) throws(Failure) -> JoinOutcome {
        let current = try register(path)
        return try put(path, value, stamp.replacing(current?.stamp).rawValue, &writer)
    }

    private func put(
        _ path: TwinPath, _ value: Value, _ stamp: UInt64, _ writer: inout TwinWriter
    ) throws(Failure) -> JoinOutcome {
        let cell = Cell(path: path, dot: writer.next(), stamp: stamp, value: value)
        try put(cell)
        var outcome = JoinOutcome()
        outcome.changed.append(cell)
        return outcome
    }

    /// Puts a cell in place of all that it has seen. The record names what lay in its own slot
    /// too: who has that, and learns of the new cell only that it was removed, must drop both.
    private func replace(
        _ held: [Cell], with new: (path: TwinPath, value: Value), _ writer: inout TwinWriter
    ) throws(Failure) -> JoinOutcome {
        var outcome = try put(new.path, new.value, 0, &writer)
        let dot = Dot(epoch: writer.epoch, counter: writer.counter)
        let known = held.map(\.dot).filter {
            $0.epoch != writer.epoch || $0.counter <= writer.sent
        }
        if !known.isEmpty { try keep(Removal(dot: dot, removed: known)) }
        for cell in held where cell.dot.epoch != writer.epoch {
            try remove(cell)
            outcome.removed.append(cell)
        }
        return outcome
    }

    private func take(
        _ held: [Cell], _ writer: inout TwinWriter
    ) throws(Failure) -> JoinOutcome {
        var outcome = JoinOutcome()
        guard !held.isEmpty else { return outcome }
        try keep(Removal(dot: writer.next(), removed: held.map(\.dot)))
        for cell in held { try remove(cell) }
        outcome.removed = held
        return outcome
    }

    private func count(
        _ path: TwinPath, _ by: Int64, _ writer: inout TwinWriter
    ) throws(Failure) -> Result<JoinOutcome, TwinWriteFault> {
        let cells = try cells(at: path)
        let generation = cells.map(\.stamp).max() ?? 0
        let own = cells.first { $0.dot.epoch == writer.epoch && $0.stamp == generation }
        let (sum, overflow) = (own?.value.intValue ?? 0).addingReportingOverflow(by)
        guard !overflow else { return .failure(.overflow(path)) }
        return .success(try put(path, .int(sum), generation, &writer))
    }

    private func reset(
        _ path: TwinPath, _ writer: inout TwinWriter
    ) throws(Failure) -> JoinOutcome {
        let cells = try cells(at: path)
        guard let generation = cells.map(\.stamp).max(),
            cells.contains(where: { $0.stamp == generation && $0.value != .null })
        else { return JoinOutcome() }
        return try put(path, .null, min(generation, .max - 1) + 1, &writer)
    }

    /// Gives a cell of the writer's own epoch a new dot.
    public func reissue(_ cell: Cell, by writer: inout TwinWriter) throws(Failure) {
        guard cell.kind.hasRemovals else {
            return try put(
                Cell(path: cell.path, dot: writer.next(), stamp: cell.stamp, value: cell.value))
        }
        _ = try replace([cell], with: (cell.path, cell.value), &writer)
    }

    /// Gives a removal record of the writer's own epoch a new dot.
    public func reissue(_ removal: Removal, by writer: inout TwinWriter) throws(Failure) {
        try keep(Removal(dot: writer.next(), removed: removal.removed))
    }
}
