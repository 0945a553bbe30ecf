/// A body on its way up, one block at a time (RFC 7959 §2.3), named by a Request-Tag (RFC 9175
/// §3), so that the hub knows its parts whatever address they come from.
struct BlockUpload: Sendable {
    let tag: [UInt8]
    let token: [UInt8]
    let body: [UInt8]
    private(set) var number = 0
    private(set) var exponent: Int
    /// How often the hub had lost the beginning.
    private var restarts = 0

    static let restartsMaximum = 4

    enum Answer: Sendable, Hashable {
        /// Of a block that is not the current one: a repetition.
        case ignored
        case next
        case complete
        case failed
    }

    init(tag: [UInt8], token: [UInt8], body: [UInt8], exponent: Int = CoAPBlock.largestExponent) {
        self.tag = tag
        self.token = token
        self.body = body
        self.exponent = exponent
    }

    var isLast: Bool { (number + 1) << (exponent + 4) >= body.count }

    /// Adds the current block to a request.
    func fill(_ request: inout CoAPMessage) {
        request.token = token
        request.add(.contentFormat, CoAPOption.bytes(FrameBundle.contentFormat))
        request.add(.requestTag, tag)
        guard let (block, bytes) = CoAPBlock.cut(body, number: number, exponent: exponent) else {
            return
        }
        if number > 0 || block.hasMore { request.add(.block1, block.bytes) }
        // §4: lets the hub refuse at once what it will not take.
        if number == 0, block.hasMore {
            request.add(.size1, CoAPOption.bytes(UInt32(body.count)))
        }
        request.payload = Array(bytes)
    }

    mutating func restart() { number = 0 }

    mutating func receive(_ answer: CoAPMessage) -> Answer {
        switch answer.code {
        case .continue:
            guard let block = answer.block(.block1), block.number == number, !isLast else {
                return .ignored
            }
            let sent = (number + 1) << (exponent + 4)
            // §2.3: the hub may ask for smaller blocks, counted in the new size from there on.
            if block.exponent < exponent { exponent = block.exponent }
            number = sent >> (exponent + 4)
            return .next
        case .changed:
            return isLast ? .complete : .ignored
        case .incomplete:
            restarts += 1
            guard restarts <= Self.restartsMaximum else { return .failed }
            number = 0
            return .next
        default:
            return .failed
        }
    }
}
