import CEdgeShims
import CZstd
import Images

/// Decompresses a layer that comes in chunks, in bounded memory.
struct LayerDecompressor: ~Copyable {
    /// The longest history that a zstd frame may ask for, as a power of two: 16 MiB. zstd's own
    /// tools ask for 8 up to their level 19 (RFC 8878 §3.1.1.1.2 names 8 as what decoders should
    /// have), others up to 16.
    static let windowLogMax: Int32 = 24

    private enum Engine {
        case none
        case gzip(UnsafeMutableRawPointer)
        case zstd(OpaquePointer)
    }

    private let engine: Engine
    /// True before the first byte and after a whole member or frame.
    private var isBetween = true
    /// Several gzip members may follow each other, and zeros may follow the last (gzip(1)).
    private var isPadding = false

    init(_ compression: LayerCompression) throws(ImageError) {
        switch compression {
        case .none: engine = .none
        case .gzip:
            if let reason = edge_inflate_load() {
                throw ImageError(
                    .store, "zlib cannot be loaded: \(String(cString: reason))",
                    advice: "install the package zlib1g")
            }
            guard let stream = edge_inflate_open() else { throw Self.noMemory }
            engine = .gzip(stream)
        case .zstd:
            guard let stream = ZSTD_createDCtx() else { throw Self.noMemory }
            ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, Self.windowLogMax)
            engine = .zstd(stream)
        }
    }

    deinit {
        switch engine {
        case .none: break
        case .gzip(let stream): edge_inflate_close(stream)
        case .zstd(let stream): ZSTD_freeDCtx(stream)
        }
    }

    /// Takes from `input`, fills `output` as far as it goes, and says how much of both. Nothing put
    /// and nothing taken means that more input is due.
    mutating func step(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws(ImageError) -> (taken: Int, put: Int) {
        switch engine {
        case .none:
            let count = min(input.count, output.count)
            output.copyMemory(from: UnsafeRawBufferPointer(rebasing: input[0..<count]))
            return (count, count)
        case .gzip(let stream): return try inflate(stream, input, output)
        case .zstd(let stream):
            var from = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
            var to = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
            let result = ZSTD_decompressStream(stream, &to, &from)
            guard ZSTD_isError(result) == 0 else {
                throw Self.damaged(
                    "zstd: \(String(cString: ZSTD_getErrorName(result))) (a history of more than "
                        + "\(1 << (Self.windowLogMax - 20)) MiB is refused)")
            }
            if from.pos > 0 || to.pos > 0 { isBetween = result == 0 }
            return (from.pos, to.pos)
        }
    }

    private mutating func inflate(
        _ stream: UnsafeMutableRawPointer, _ input: UnsafeRawBufferPointer,
        _ output: UnsafeMutableRawBufferPointer
    ) throws(ImageError) -> (taken: Int, put: Int) {
        guard !input.isEmpty || !isBetween else { return (0, 0) }
        if isPadding || isBetween && isAfterMember && input.first == 0 {
            isPadding = true
            guard input.allSatisfy({ $0 == 0 }) else {
                throw Self.damaged("gzip: other bytes follow the zeros after its end")
            }
            return (input.count, 0)
        }
        var taken = 0
        var put = 0
        let result = edge_inflate_step(
            stream, input.assumingMemoryBound(to: UInt8.self).baseAddress, input.count,
            output.assumingMemoryBound(to: UInt8.self).baseAddress, output.count, &taken, &put)
        switch result {
        case EDGE_INFLATE_DAMAGED: throw Self.damaged("gzip: its data or its checksum is wrong")
        case EDGE_INFLATE_END:
            isBetween = true
            isAfterMember = true
        default: if taken > 0 { isBetween = false }
        }
        return (taken, put)
    }

    private var isAfterMember = false

    /// - Throws: where the input ended too early.
    func finish() throws(ImageError) {
        guard isBetween else { throw Self.damaged("it ends too early") }
    }

    private static func damaged(_ why: String) -> ImageError {
        ImageError(
            .archive, "a layer cannot be decompressed: \(why)",
            advice: "build or push the image again")
    }

    private static var noMemory: ImageError {
        ImageError(
            .store, "there is no memory to decompress a layer", advice: "free memory on the board")
    }
}
