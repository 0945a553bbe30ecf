/// Reads a tar archive that comes in chunks: ustar, pax, GNU's long names, and files with holes in
/// all four forms. Total: any bytes give events or an error, in linear time and bounded memory.
///
///     var position = 0
///     while let event = try reader.next(in: chunk, at: &position) { … }
///
/// The next chunk is due when there is no event; `finish` when there is no chunk.
public struct TarReader: Sendable {
    /// Bytes of a path or of a link's target: the kernel's own bound (PATH_MAX).
    public static let pathBytesMax = 4096

    enum State {
        case header
        /// The content of an extended header, or of a long name.
        case extended(type: UInt8, remaining: Int)
        /// More of GNU's old list of holes.
        case sparseBlock(stored: UInt64)
        /// The list of holes before a file's content (pax 1.0).
        case sparseText(SparseTextDraft)
        case content(remaining: UInt64, offset: UInt64)
        case padding(Int)
        case ended
    }

    struct SparseTextDraft {
        var remaining: UInt64
        var number: UInt64?
        var numbersLeft: UInt64?
        var offset: UInt64?
        var bytesOfBlock = 0
    }

    var state = State.header
    /// A block, or an extended header, that is not whole yet.
    var held: [UInt8] = []
    var position: UInt64 = 0
    var isAfterEmptyBlock = false
    var globals = PaxRecords()
    var records: PaxRecords?
    var longName: [UInt8]?
    var longLink: [UInt8]?
    var entry: TarEntry?
    var holes: SparseMap?
    /// The parts between holes, as far as they were read. Not in the state, which is copied.
    var segments: [SparseMap.Segment] = []
    var extensionsInRow = 0
    var hasEntryToTell = false

    public init() {}

    /// The next event in `chunk` from `at` on, which moves; nil where the chunk is used up.
    public mutating func next(
        in chunk: [UInt8], at index: inout Int
    ) throws(ImageError) -> TarEvent? {
        while true {
            if hasEntryToTell, let entry {
                hasEntryToTell = false
                return .entry(entry)
            }
            switch state {
            case .header:
                guard let block = takeBlock(chunk, &index) else { return nil }
                try onHeader(block)
            case .extended(let type, let remaining):
                guard index < chunk.count else { return nil }
                try onExtension(type, remaining, chunk, &index)
            case .sparseBlock(let stored):
                guard let block = takeBlock(chunk, &index) else { return nil }
                try onSparseBlock(stored, block)
            case .sparseText(let draft):
                guard index < chunk.count else { return nil }
                try onSparseText(draft, chunk, &index)
            case .content(0, _):
                return endOfEntry()
            case .content(let remaining, let offset):
                guard index < chunk.count else { return nil }
                return try onContent(remaining, offset, chunk, &index)
            case .padding(let count):
                guard index < chunk.count || count == 0 else { return nil }
                let skipped = min(count, chunk.count - index)
                advance(&index, skipped)
                guard skipped == count else {
                    state = .padding(count - skipped)
                    return nil
                }
                state = .header
            case .ended:
                advance(&index, chunk.count - index)
                return nil
            }
        }
    }

    /// Leaves out the content of the entry that was told last, for who can seek; its `endOfEntry`
    /// comes next.
    /// - Returns: How many bytes the next chunk begins further on.
    public mutating func skipContent() -> UInt64 {
        guard case .content(let remaining, let offset) = state else { return 0 }
        state = .content(remaining: 0, offset: offset + remaining)
        position += remaining
        return remaining
    }

    /// - Throws: where the archive ended within a member.
    public func finish() throws(ImageError) {
        // Some writers leave out the two empty blocks at the end.
        if case .ended = state { return }
        if case .header = state, held.isEmpty, records == nil, longName == nil, longLink == nil {
            return
        }
        throw ImageError.archive("it ends at byte \(position), within a member")
    }

    // MARK: Steps

    mutating func advance(_ index: inout Int, _ count: Int) {
        index += count
        position += UInt64(count)
    }

    private mutating func takeBlock(_ chunk: [UInt8], _ index: inout Int) -> [UInt8]? {
        let count = min(TarHeader.blockBytes - held.count, chunk.count - index)
        held += chunk[index..<index + count]
        advance(&index, count)
        guard held.count == TarHeader.blockBytes else { return nil }
        defer { held.removeAll(keepingCapacity: true) }
        return held
    }

    private mutating func onHeader(_ block: [UInt8]) throws(ImageError) {
        if block.allSatisfy({ $0 == 0 }) {
            if isAfterEmptyBlock { state = .ended }
            isAfterEmptyBlock = true
            return
        }
        isAfterEmptyBlock = false
        let header = try TarHeader(block, at: position - UInt64(TarHeader.blockBytes))
        guard let size = header.size else {
            throw ImageError.archive("a member's size is no number")
        }
        switch header.type {
        case UInt8(ascii: "x"), UInt8(ascii: "g"), UInt8(ascii: "L"), UInt8(ascii: "K"):
            extensionsInRow += 1
            guard size <= UInt64(PaxRecords.bytesMax), extensionsInRow <= 8 else {
                throw ImageError(
                    .limit,
                    "an extended header has more than \(PaxRecords.bytesMax) bytes, or more than "
                        + "eight stand in a row",
                    advice: "build the image again without such attributes or names")
            }
            state = .extended(type: header.type, remaining: Int(size))
            if size == 0 { try finishExtension(header.type, 0) }
        default:
            extensionsInRow = 0
            try begin(header, block, size: size)
        }
    }

    private mutating func onExtension(
        _ type: UInt8, _ remaining: Int, _ chunk: [UInt8], _ index: inout Int
    ) throws(ImageError) {
        let count = min(remaining, chunk.count - index)
        held += chunk[index..<index + count]
        advance(&index, count)
        guard count == remaining else {
            state = .extended(type: type, remaining: remaining - count)
            return
        }
        try finishExtension(type, held.count)
    }

    private mutating func finishExtension(_ type: UInt8, _ size: Int) throws(ImageError) {
        let bytes = held
        held = []
        switch type {
        case UInt8(ascii: "g"):
            try globals.read(bytes)
            // What holds for one file only would lay all others over it.
            guard globals.path == nil, globals.linkPath == nil, globals.size == nil,
                !globals.isSparse, globals.attributes.isEmpty
            else { throw PaxRecords.error("a name, a size or attributes are given to all members") }
        case UInt8(ascii: "x"):
            var read = PaxRecords()
            try read.read(bytes)
            records = read
        case UInt8(ascii: "L"): longName = Array(bytes.prefix { $0 != 0 })
        default: longLink = Array(bytes.prefix { $0 != 0 })
        }
        state = .padding(Self.padding(UInt64(size)))
    }

    static func padding(_ size: UInt64) -> Int {
        let block = UInt64(TarHeader.blockBytes)
        return Int((block - size % block) % block)
    }
}
