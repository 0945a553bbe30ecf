/// One block of 512 bytes that begins a member (POSIX.1-1988 ustar, and GNU's fields).
struct TarHeader {
    static let blockBytes = 512

    private let block: [UInt8]

    /// - Throws: where the sum over the block is not the one written in it.
    init(_ block: [UInt8], at offset: UInt64) throws(ImageError) {
        self.block = block
        let written = TarNumber.unsigned(block[148..<156])
        var sum: UInt64 = 0
        var signed: Int64 = 0
        for (index, byte) in block.enumerated() {
            // The sum's own field counts as spaces.
            let counted = 148..<156 ~= index ? UInt8(ascii: " ") : byte
            sum += UInt64(counted)
            signed += Int64(Int8(bitPattern: counted))
        }
        // Old programs summed signed bytes (POSIX pax, Rationale).
        guard let written, written == sum || Int64(written) == signed else {
            throw ImageError.archive("the header at byte \(offset) has a wrong checksum")
        }
    }

    var type: UInt8 { block[156] }

    var size: UInt64? { TarNumber.unsigned(block[124..<136]) }
    var mode: UInt64? { TarNumber.unsigned(block[100..<108]) }
    var user: UInt64? { TarNumber.unsigned(block[108..<116]) }
    var group: UInt64? { TarNumber.unsigned(block[116..<124]) }
    var modified: Int64 { TarNumber.time(block[136..<148]) }
    var linkName: [UInt8] { text(157..<257) }

    /// The name, with its prefix where the block is POSIX's; GNU keeps other things there.
    var path: [UInt8] {
        let name = text(0..<100)
        guard isPOSIX else { return name }
        let prefix = text(345..<500)
        return prefix.isEmpty ? name : prefix + [UInt8(ascii: "/")] + name
    }

    private var isPOSIX: Bool { block[257..<263].elementsEqual("ustar\0".utf8) }

    private func text(_ range: Range<Int>) -> [UInt8] { Array(block[range].prefix { $0 != 0 }) }

    // GNU's old form of a file with holes (tar.info, Sparse Formats).

    var isSparseContinued: Bool { block[482] != 0 }
    var sparseSize: UInt64? { TarNumber.unsigned(block[483..<495]) }

    /// Up to `count` pairs of offset and length from `start`, until one that is empty.
    static func sparsePairs(
        _ block: [UInt8], from start: Int, count: Int
    ) throws(ImageError) -> [SparseMap.Segment] {
        var pairs: [SparseMap.Segment] = []
        for index in 0..<count {
            let at = start + index * 24
            // Both NUL: no pair, the list ends.
            if block[at] == 0 { break }
            guard let offset = TarNumber.unsigned(block[at..<at + 12]),
                let count = TarNumber.unsigned(block[at + 12..<at + 24])
            else { throw ImageError.archive("a list of holes has a number that is none") }
            pairs.append(SparseMap.Segment(offset: offset, count: count))
        }
        return pairs
    }

    static func sparsePairs(_ block: [UInt8]) throws(ImageError) -> [SparseMap.Segment] {
        try sparsePairs(block, from: 386, count: 4)
    }
}

extension ImageError {
    static func archive(_ why: String) -> ImageError {
        ImageError(
            .archive, "the tar archive cannot be read: \(why)",
            advice: "it is damaged or unfinished; make or fetch it again")
    }
}
