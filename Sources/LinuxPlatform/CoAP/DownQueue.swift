/// The hub's frames for one device, numbered from 1 and kept until the device has said that it has
/// them, within bounds. A link may lose frames; this one loses none while both ends live.
struct DownQueue: Sendable {
    /// Names this queue among all that the device had before.
    let name: UInt64
    private var frames: [[UInt8]] = []
    /// The number of the first frame that is kept, or of the next.
    private(set) var first: UInt64 = 1
    private(set) var bytes = 0

    /// The largest twin of a board at once, after it has lost everything.
    static let bytesMaximum = 4 << 20
    static let framesMaximum = FrameBundle.framesMaximum

    init(name: UInt64) { self.name = name }

    /// The number of the last frame that was ever appended.
    var last: UInt64 { first + UInt64(frames.count) - 1 }

    /// False, and nothing changes, where a bound would be passed.
    mutating func append(_ frame: [UInt8]) -> Bool {
        guard frames.count < Self.framesMaximum, bytes + frame.count <= Self.bytesMaximum else {
            return false
        }
        frames.append(frame)
        bytes += frame.count
        return true
    }

    /// The device has everything up to here. A number of the future is nobody's and is ignored.
    mutating func confirm(through number: UInt64) {
        guard number >= first, number <= last else { return }
        let count = Int(number - first) + 1
        bytes -= frames.prefix(count).reduce(0) { $0 + $1.count }
        frames.removeFirst(count)
        first = number + 1
    }

    /// Frames behind `number`: as many as fit, and where `isWhole` one in any case.
    func bundle(after number: UInt64, limit: Int, isWhole: Bool) -> FrameBundle {
        let start = max(number + 1, first)
        var bundle = FrameBundle(queue: name, number: start)
        guard start <= last else { return bundle }
        var size = FrameBundle.headMaximum
        for frame in frames[Int(start - first)...] {
            size += FrameBundle.size(of: frame)
            guard size <= limit || isWhole && bundle.frames.isEmpty else { break }
            bundle.frames.append(frame)
        }
        return bundle
    }
}
