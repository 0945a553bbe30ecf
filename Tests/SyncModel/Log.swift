/// What stands at one number of a log sequence at the hub.
public enum Mark: UInt8, Sendable, Equatable {
    case row
    /// A gap: the device's bound dropped the row.
    case dropped
    /// A gap: the hub acknowledged the row and lost it.
    case lostByHub
}

/// Rows and gap records of one sequence, contiguous from `first`.
struct LogRows: Sendable {
    let session: Epoch
    let epoch: Epoch
    let first: Int
    let marks: [Mark]
}

/// A device's log: one sequence for each of its epochs (one stream is enough for the model).
struct DeviceLog: Sendable {
    struct Sequence: Sendable {
        let epoch: Epoch
        /// Up to here rows are released.
        var trim = 0
        /// Rows and gap records after `trim`.
        var marks: [Mark] = []
        /// The highest acknowledgement in this session.
        var heard: Int?

        var last: Int { trim + marks.count }
    }

    private(set) var sequences: [Sequence] = []

    mutating func append(_ epoch: Epoch) {
        for index in sequences.indices where sequences[index].epoch == epoch {
            sequences[index].marks.append(.row)
            return
        }
        sequences.append(Sequence(epoch: epoch, marks: [.row]))
    }

    /// The bound is reached: the oldest row becomes a gap record.
    mutating func dropOldest() {
        for index in sequences.indices {
            guard let oldest = sequences[index].marks.firstIndex(of: .row) else { continue }
            sequences[index].marks[oldest] = .dropped
            return
        }
    }

    /// A new session: nothing is known of what its hub has.
    mutating func onOpened() {
        for index in sequences.indices { sequences[index].heard = nil }
    }

    /// What to send next. A sequence with nothing left is asked for once in each session.
    mutating func next(_ session: Epoch, _ rules: Rules) -> LogRows? {
        for index in sequences.indices {
            let sequence = sequences[index]
            guard sequence.heard == nil || !sequence.marks.isEmpty else { continue }
            let rows = LogRows(
                session: session, epoch: sequence.epoch, first: sequence.trim + 1,
                marks: Array(sequence.marks.prefix(2)))
            if !rules[.ackReleasesRows] {
                sequences[index].marks.removeFirst(rows.marks.count)
                sequences[index].trim += rows.marks.count
            }
            return rows
        }
        return nil
    }

    mutating func onTaken(_ epoch: Epoch, upto: Int, _ rules: Rules) {
        for index in sequences.indices where sequences[index].epoch == epoch {
            let trim = sequences[index].trim
            if upto >= trim {
                let released = min(upto - trim, sequences[index].marks.count)
                sequences[index].marks.removeFirst(released)
                sequences[index].trim += released
            } else if sequences[index].heard == nil, rules[.lostRowsRecorded] {
                let lost = [Mark](repeating: .lostByHub, count: trim - upto)
                sequences[index].marks.insert(contentsOf: lost, at: 0)
                sequences[index].trim = upto
            }
            sequences[index].heard = max(upto, sequences[index].heard ?? 0)
        }
    }
}

/// The hub's copy of a device's log.
struct HubLog: Sendable {
    struct Sequence: Sendable {
        let epoch: Epoch
        var marks: [Mark] = []
    }

    private(set) var sequences: [Sequence] = []

    func marks(_ epoch: Epoch) -> [Mark] {
        for sequence in sequences where sequence.epoch == epoch { return sequence.marks }
        return []
    }

    /// Takes what continues the sequence. Returns whether anything did.
    mutating func take(_ rows: LogRows) -> Bool {
        let upto = marks(rows.epoch).count
        guard rows.first <= upto + 1, rows.first + rows.marks.count - 1 > upto else { return false }
        let news = rows.marks.dropFirst(upto + 1 - rows.first)
        for index in sequences.indices where sequences[index].epoch == rows.epoch {
            sequences[index].marks.append(contentsOf: news)
            return true
        }
        sequences.append(Sequence(epoch: rows.epoch, marks: Array(news)))
        return true
    }
}
