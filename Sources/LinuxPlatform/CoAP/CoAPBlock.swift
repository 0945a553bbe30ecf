/// Which part of a body a message carries or asks for (RFC 7959 §2.2).
struct CoAPBlock: Sendable, Hashable {
    /// Counts blocks of `size` from 0; below 2^20.
    var number: Int
    var hasMore: Bool
    /// The size is 2^(exponent + 4); 0…6.
    var exponent: Int

    /// A datagram of 1024 bytes and its header passes everywhere undivided (RFC 7252 §4.6).
    static let largestExponent = 6

    init(number: Int, hasMore: Bool, exponent: Int) {
        self.number = number
        self.hasMore = hasMore
        self.exponent = exponent
    }

    /// Nil for more than three bytes and for the exponent 7, which is reserved on UDP.
    init?(_ bytes: [UInt8]) {
        guard bytes.count <= 3, let value = CoAPOption.integer(bytes), value & 7 != 7 else {
            return nil
        }
        self.init(number: Int(value >> 4), hasMore: value & 8 != 0, exponent: Int(value & 7))
    }

    var size: Int { 1 << (exponent + 4) }
    var offset: Int { number * size }

    var bytes: [UInt8] {
        CoAPOption.bytes(UInt32(number << 4 | (hasMore ? 8 : 0) | exponent))
    }

    /// This block of a body, `hasMore` set as it is; nil beyond its end. An empty body has one
    /// empty block.
    static func cut(
        _ body: [UInt8], number: Int, exponent: Int
    ) -> (block: CoAPBlock, bytes: ArraySlice<UInt8>)? {
        var block = CoAPBlock(number: number, hasMore: false, exponent: exponent)
        guard block.offset < body.count || number == 0 else { return nil }
        let end = min(block.offset + block.size, body.count)
        block.hasMore = end < body.count
        return (block, body[block.offset..<end])
    }
}

extension CoAPMessage {
    /// Nil where there is none, and for one that cannot be read, of which `isMalformed` tells.
    func block(_ number: CoAPOption.Number) -> CoAPBlock? { value(number).flatMap(CoAPBlock.init) }

    /// A block option is critical: one that cannot be read is an error (RFC 7252 §5.4.1).
    var isMalformed: Bool {
        [CoAPOption.Number.block1, .block2].contains { value($0) != nil && block($0) == nil }
    }

    var path: [String] {
        get { values(.uriPath).map { String(decoding: $0, as: UTF8.self) } }
        set { for part in newValue { add(.uriPath, Array(part.utf8)) } }
    }

    /// The value of the query `name=…`.
    func query(_ name: String) -> String? {
        let prefix = Array("\(name)=".utf8)
        return values(.uriQuery).first { $0.starts(with: prefix) }.map {
            String(decoding: $0.dropFirst(prefix.count), as: UTF8.self)
        }
    }

    /// The device that a request names: `?d=…`, or a segment behind those of the resource.
    var claim: String? {
        if let name = query("d") { return name }
        let path = path
        return path.count == 3 && path[0] == "v1" ? path[2] : nil
    }

    mutating func addQuery(_ name: String, _ value: String) {
        add(.uriQuery, Array("\(name)=\(value)".utf8))
    }

    /// What went wrong, as the server says it (RFC 7252 §5.5.2).
    static func refusal(_ code: CoAPCode, _ reason: String, retryAfter: UInt32? = nil) -> Self {
        var message = CoAPMessage(code)
        if let retryAfter { message.add(.maximumAge, CoAPOption.bytes(retryAfter)) }
        message.payload = Array(reason.utf8)
        return message
    }
}
