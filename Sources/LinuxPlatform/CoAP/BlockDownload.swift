/// A body that is fetched in blocks (RFC 7959 §2.4).
struct BlockDownload: Sendable {
    private var body: [UInt8] = []
    private var entityTag: [UInt8]?
    private let maximum: Int

    enum Answer: Sendable, Hashable {
        case complete([UInt8])
        /// Ask for this block.
        case next(CoAPBlock)
        /// Of a block that is not the one asked for: a repetition.
        case ignored
        /// The body has changed meanwhile, or it is over the bound.
        case broken
    }

    init(maximum: Int) { self.maximum = maximum }

    /// The first block is there and the last is not.
    var isUnderWay: Bool { !body.isEmpty }

    mutating func receive(_ answer: CoAPMessage) -> Answer {
        guard let block = answer.block(.block2) else {
            // While blocks are fetched, a whole answer is one that was delayed.
            return isUnderWay ? .ignored : .complete(answer.payload)
        }
        guard block.offset == body.count else { return .ignored }
        guard body.count + answer.payload.count <= maximum else { return .broken }
        if block.number == 0 { entityTag = answer.value(.entityTag) }
        // §2.4: blocks belong together only under one entity tag.
        guard answer.value(.entityTag) == entityTag else { return .broken }
        body += answer.payload
        guard block.hasMore else { return .complete(body) }
        guard answer.payload.count == block.size else { return .broken }
        return .next(
            CoAPBlock(number: block.number + 1, hasMore: false, exponent: block.exponent))
    }
}
