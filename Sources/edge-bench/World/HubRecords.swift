import Platform

/// One entry of a device's log as the hub's API gives it.
struct HubEntry {
    /// A committed row.
    struct Row {
        let seq: Int
        /// RFC 3339, UTC.
        let time: String
        /// `unset`, `plausible` or `synchronized`.
        let clock: String
        let key: String
        let value: Value
    }

    enum Content {
        case row(Row)
        /// Rows `first…last` were dropped at the board, and why.
        case gap(first: Int, last: Int, reason: String)
    }

    let stream: String
    let epoch: String
    let content: Content

    /// The row, nil for a gap.
    var row: Row? {
        if case .row(let row) = content { row } else { nil }
    }
}

/// How far the hub has one stream of one epoch.
struct HubCursor: Equatable {
    let stream: String
    let epoch: String
    /// The hub has every number from 1 to this one, as a row or in a gap.
    let upto: Int
    let rows: Int
    let gapRows: Int
    /// Rows that the hub's own retention has removed.
    let trimmedRows: Int

    /// All numbers accounted for.
    var total: Int { rows + gapRows + trimmedRows }
}
