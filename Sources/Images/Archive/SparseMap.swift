/// Which parts of a file an archive holds; the rest are holes.
struct SparseMap {
    struct Segment: Sendable, Hashable {
        var offset: UInt64
        var count: UInt64
    }

    /// So many are kept in memory, 16 bytes each.
    static let segmentsMax = 32_768

    private let segments: [Segment]
    private var index = 0
    /// Bytes of the current segment that were handed out.
    private var done: UInt64 = 0

    /// - Throws: where segments overlap, go back, pass the file's end, or are not as long together
    ///   as what is stored.
    init(_ segments: [Segment], size: UInt64, stored: UInt64) throws(ImageError) {
        var end: UInt64 = 0
        var sum: UInt64 = 0
        for segment in segments {
            let (next, isOver) = segment.offset.addingReportingOverflow(segment.count)
            guard !isOver, segment.offset >= end, next <= size else {
                throw ImageError.archive("a list of holes contradicts itself")
            }
            end = next
            sum += segment.count
        }
        guard sum == stored else {
            throw ImageError.archive("a list of holes does not fit what is stored of its file")
        }
        self.segments = segments.filter { $0.count > 0 }
    }

    /// Where the next stored bytes go, at most `count` of them in one piece.
    mutating func take(_ count: Int) -> (offset: UInt64, count: Int)? {
        guard index < segments.count else { return nil }
        let segment = segments[index]
        let taken = min(UInt64(count), segment.count - done)
        let offset = segment.offset + done
        done += taken
        if done == segment.count {
            index += 1
            done = 0
        }
        return (offset, Int(taken))
    }
}
