/// A device's part in comparing a document with the hub's, as a value: when to ask for the hub's
/// root, and which ranges are to be compared yet. An exchange that a lost frame ends is not taken
/// up again; the hub is asked for its root again some time, and what was repaired until then stays.
public struct RangeRepair: Sendable, Hashable {
    private struct Roots: Sendable, Hashable {
        let own: UInt64
        let hub: UInt64
    }

    /// The hub has been told that the documents differ, and not yet that they are equal again.
    public private(set) var isDiverged = false
    /// Counts the comparisons of a session: the hub reads none twice.
    public private(set) var number: UInt64 = 0
    /// Questions since the hub said its root.
    private var questions = AuditBounds.questions
    private var isAsking = false
    private var rounds = 0
    private var pending: [CellRange] = []
    /// Of the audit under way; and of the last one that ran out of rounds.
    private var roots: Roots?
    private var spent: Roots?
    /// Audits, one after another, that ran out of rounds and changed nothing.
    private var failures = 0
    /// Roots to be passed over yet.
    private var pause = 0

    public init() {}

    /// Whether the next question is to ask for the hub's root: where there is nothing else to say,
    /// and now and then where there always is.
    ///
    /// - Parameter isIdle: The question carries nothing.
    public mutating func onQuestion(isIdle: Bool) -> Bool {
        if questions < AuditBounds.questions { questions += 1 }
        return isIdle || questions == AuditBounds.questions
    }

    /// The hub has said its root.
    public mutating func onRoot() { questions = 0 }

    /// Whether to compare: the hub's root is another one, or was before. Two that no audit brought
    /// nearer, as may be after a mistake in the rules, are looked at less and less often.
    public mutating func begin(own: UInt64, hub: UInt64) -> Bool {
        guard own != hub || isDiverged else { return false }
        let found = Roots(own: own, hub: hub)
        if let spent {
            failures = spent == found ? failures + 1 : 0
            pause = failures == 0 ? 0 : min(1 << min(failures, 16), AuditBounds.pause)
            self.spent = nil
        }
        guard pause == 0 else {
            pause -= 1
            return false
        }
        roots = found
        isAsking = true
        rounds = 0
        pending = own == hub ? [] : [.whole]
        return true
    }

    /// Another session, in which comparisons count from the start.
    public mutating func onGreeting() {
        questions = AuditBounds.questions
        isAsking = false
        number = 0
        pending = []
    }

    /// Whether the whole was asked about last.
    public private(set) var isFirst = false

    /// Whether this is the answer to the last comparison.
    public func awaits(_ number: UInt64) -> Bool { isAsking && number == self.number }

    /// The ranges of the next comparison; nil where there were too many.
    ///
    /// - Parameter bytes: Room for their sums.
    public mutating func ask(bytes: Int) -> [CellRange]? {
        guard rounds < AuditBounds.rounds else {
            isAsking = false
            spent = roots
            return nil
        }
        rounds += 1
        number += 1
        let most = min(max(1, bytes / AuditBounds.rangeBytes), AuditBounds.ranges)
        let ranges = Array(pending.suffix(most))
        pending.removeLast(ranges.count)
        isFirst = ranges.contains(.whole)
        return ranges
    }

    /// The hub's answer. True where it is the first that says that something differs.
    public mutating func onAnswer(_ answer: Frame.Differ, isEqual: Bool) -> Bool {
        if isEqual {
            isAsking = false
            isDiverged = false
            failures = 0
            return false
        }
        add(answer.splits)
        defer { isDiverged = true }
        return !isDiverged
    }

    /// Ranges that need another look.
    public mutating func add(_ ranges: [CellRange]) {
        pending += ranges.prefix(AuditBounds.pending - pending.count)
    }

    /// One of both has moved on: what differs now may be on its way.
    public mutating func stop() { isAsking = false }
}
