/// What one frame of the hub brings, to be joined in one transaction.
public struct HubAnswer: Sendable, Hashable {
    public var deltas: [IntervalDelta]
    public var winners: [Cell]
    public var dead: [Dot]
    /// What the hub has joined of this device, as of this answer.
    public var covered: CausalContext
    /// What must be seen here after the join, or a part was lost on the way.
    public var complete: CausalContext
    /// The hub state that is joined with this, where it is the answer's last part.
    public var reference: HubReference?
    /// Said unasked: where a base is missing, it was too early, and the next question brings it.
    public private(set) var isNews = false

    public init(
        deltas: [IntervalDelta], winners: [Cell] = [], dead: [Dot] = [],
        covered: CausalContext = CausalContext(), complete: CausalContext = CausalContext(),
        reference: HubReference? = nil
    ) {
        self.deltas = deltas
        self.winners = winners
        self.dead = dead
        self.covered = covered
        self.complete = complete
        self.reference = reference
    }

    /// Not an answer but what the hub said unasked, or to another question.
    public static func news(_ deltas: [IntervalDelta]) -> HubAnswer {
        var news = HubAnswer(deltas: deltas)
        news.isNews = true
        return news
    }

    /// Whether it brings nothing but a reference.
    public var isEmpty: Bool { deltas.isEmpty && winners.isEmpty && dead.isEmpty }
}
