/// A body that arrives in blocks (RFC 7959 §2.3), in order and within a bound.
struct BlockAssembly: Sendable {
    let tag: [UInt8]
    private(set) var body: [UInt8] = []
    private let maximum: Int

    enum Answer: Sendable, Hashable {
        /// Taken, or a repetition of what was taken.
        case `continue`
        case complete
        /// There is a hole before this block.
        case incomplete
        case tooLarge
    }

    init(tag: [UInt8], maximum: Int) {
        self.tag = tag
        self.maximum = maximum
    }

    /// - Parameter announced: The whole body's size, where the sender says it (§4).
    mutating func add(
        _ block: CoAPBlock, _ bytes: [UInt8], announced: UInt32?
    ) -> Answer {
        if let announced, announced > maximum { return .tooLarge }
        // All blocks but the last are full (§2.2), so a place in the body is where it ends.
        guard bytes.count == block.size || !block.hasMore, bytes.count <= block.size else {
            return .incomplete
        }
        guard block.offset >= body.count else {
            let isKnown = block.offset + bytes.count <= body.count
            return isKnown && block.hasMore ? .continue : .incomplete
        }
        guard block.offset == body.count else { return .incomplete }
        guard body.count + bytes.count <= maximum else { return .tooLarge }
        body += bytes
        return block.hasMore ? .continue : .complete
    }
}
