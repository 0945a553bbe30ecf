import Platform

/// What a shard of the hub keeps of one device that is there.
struct CoAPSeat: Sendable {
    /// Where an answer goes, which is wherever the latest request came from.
    struct Address: Sendable, Hashable {
        let peer: UInt64
        let token: [UInt8]
    }

    enum Upload: Sendable {
        case none
        case assembling(BlockAssembly)
        /// Handed to the hub and not yet durable there: the answer waits, as nothing may be
        /// released before (docs/sync-protocol.md).
        case held(Held)
        /// So that a repeated request gets the same answer and is not handed over twice.
        case answered(tag: [UInt8], block: CoAPBlock?)
    }

    struct Held: Sendable {
        let tag: [UInt8]
        /// Of the last request, echoed in the answer (RFC 7959 §2.3).
        let block: CoAPBlock?
        var address: Address
        /// What must be acknowledged first; nil until the hub has the frames.
        var through: UInt64?
    }

    /// A request for what comes next that waits for it (RFC 7252 §5.2.2: a separate response).
    struct Poll: Sendable {
        let address: Address
        let until: MonotonicTime
        /// The device takes more than one answer (RFC 7641).
        let isObserving: Bool
    }

    /// Sent and not confirmed by a later request: sent again, rarer each time.
    struct Unconfirmed: Sendable {
        let address: Address
        var repeats = 0
        var next: MonotonicTime
    }

    /// An answer that takes more than one block, as it was when its first block left.
    struct Body: Sendable {
        let bytes: [UInt8]
        let entityTag: [UInt8]
        let last: UInt64
    }

    var queue: DownQueue
    /// When the device spoke last, or had no reason to speak before: see `endPoll`.
    var heard: MonotonicTime
    var upload = Upload.none
    /// The last frame that has been sent; behind the last confirmed one.
    var offered: UInt64 = 0
    var poll: Poll?
    /// Frames wait until then for an answer that leaves anyway.
    var heldBackUntil: MonotonicTime?
    var unconfirmed: Unconfirmed?
    var body: Body?
    /// The latest request for frames: its run and its number there.
    var latest: (run: String, number: UInt64)?
    private var observation: UInt32 = 1

    init(queue: UInt64, now: MonotonicTime) {
        self.queue = DownQueue(name: queue)
        heard = now
    }

    /// The last frame that the device says it has.
    var confirmed: UInt64 { queue.first - 1 }

    var assembledBytes: Int {
        if case .assembling(let assembly) = upload { assembly.body.count } else { 0 }
    }

    /// The poll gets its answer. While it was held the hub had asked for silence, so that the
    /// device's own begins here.
    mutating func endPoll(at now: MonotonicTime) {
        poll = nil
        heard = max(heard, now)
    }

    mutating func confirm(through number: UInt64) {
        queue.confirm(through: number)
        if let body, body.last <= confirmed { self.body = nil }
        if unconfirmed != nil, offered <= confirmed { unconfirmed = nil }
        offered = max(offered, confirmed)
    }

    /// 2.05 with the frames behind `number`; its first block where they need more than one.
    mutating func content(
        after number: UInt64, limit: Int, token: [UInt8], isObserved: Bool
    ) -> CoAPMessage {
        let bundle = queue.bundle(after: number, limit: limit, isWhole: true)
        offered = max(confirmed, bundle.number + UInt64(bundle.frames.count) - 1)
        let bytes = bundle.bytes
        // One tag for one content: the queue, its beginning and its end.
        let entityTag = [
            queue.name, bundle.number, offered,
        ].flatMap { value in (0..<2).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) } }
        let isLong = bytes.count > 1 << (CoAPBlock.largestExponent + 4)
        body = isLong ? Body(bytes: bytes, entityTag: entityTag, last: offered) : nil
        var message = CoAPMessage(.content, token: token)
        if isObserved {
            // Grows, as §4.4 asks; frames are ordered by their own numbers all the same.
            observation = (observation + 1) & 0xFF_FFFF
            message.add(.observe, CoAPOption.bytes(observation))
        }
        message.add(.contentFormat, CoAPOption.bytes(FrameBundle.contentFormat))
        // Nothing of this may be cached (RFC 7252 §5.6.1).
        message.add(.maximumAge, CoAPOption.bytes(0))
        guard let body else {
            message.payload = bytes
            return message
        }
        message.fill(body, CoAPBlock(number: 0, hasMore: true, exponent: 6))
        return message
    }
}

extension CoAPMessage {
    /// A block of a longer answer; false beyond its end.
    @discardableResult
    mutating func fill(_ body: CoAPSeat.Body, _ asked: CoAPBlock) -> Bool {
        guard
            let (block, bytes) = CoAPBlock.cut(
                body.bytes, number: asked.number, exponent: asked.exponent)
        else { return false }
        add(.entityTag, body.entityTag)
        add(.block2, block.bytes)
        payload = Array(bytes)
        return true
    }
}
