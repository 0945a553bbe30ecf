import CZstd
public import Platform

/// Zstandard (RFC 8878) by libzstd, tuned for chunks of tens of kilobytes on a small board.
///
/// A context lives for one call. It takes less time to make than one chunk takes to compress, and
/// a board that sends a chunk a minute would otherwise keep its memory for nothing. Compressing
/// takes at most 200 KiB beside input and output, decompressing 100 KiB.
public struct Zstd: Compressor {
    private let prefix: [UInt8]
    private let level: Int32

    /// `prefix` is what matches may refer to as if it came before the bytes; who decompresses needs
    /// the same. The level is zstd's, 1…19. From 6 to 19 a chunk of log lines takes up to thirty
    /// times as long and gets at most two hundredths shorter.
    public init(prefix: [UInt8] = [], level: Int32 = 6) {
        self.prefix = prefix
        self.level = min(max(level, 1), 19)
    }

    /// 32 KiB of history: what repeats in a chunk lies near, and the tables stay small.
    private static let windowLog: Int32 = 15
    private static let tableLog: Int32 = 13
    /// Every frame begins with these (RFC 8878 §3.1.1), so they are left out.
    private static let magic: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]

    public func compress(_ bytes: [UInt8]) -> [UInt8]? {
        guard !bytes.isEmpty, let context = ZSTD_createCCtx() else { return nil }
        defer { ZSTD_freeCCtx(context) }
        let settings: [(ZSTD_cParameter, Int32)] = [
            (ZSTD_c_compressionLevel, level), (ZSTD_c_windowLog, Self.windowLog),
            (ZSTD_c_hashLog, Self.tableLog), (ZSTD_c_chainLog, Self.tableLog),
        ]
        for (parameter, value) in settings {
            guard !failed(ZSTD_CCtx_setParameter(context, parameter, value)) else { return nil }
        }
        // One byte less than the input and the magic number: what does not fit is not shorter, and
        // zstd says so as an error.
        let capacity = bytes.count + Self.magic.count - 1
        let frame = prefix.withUnsafeBufferPointer { prefix in
            [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
                // zstd.h: a prefix is referenced, not copied, for the one frame that follows.
                guard !failed(ZSTD_CCtx_refPrefix(context, prefix.baseAddress, prefix.count))
                else { return }
                let size = ZSTD_compress2(
                    context, buffer.baseAddress, buffer.count, bytes, bytes.count)
                if !failed(size) { count = size }
            }
        }
        return frame.isEmpty ? nil : Array(frame.dropFirst(Self.magic.count))
    }

    public func decompress(_ bytes: [UInt8], maximum: Int) -> [UInt8]? {
        let frame = Self.magic + bytes
        // The frame says its length in its first bytes; unknown and error are the two highest
        // numbers (zstd.h), so they are refused with what is too long.
        let length = ZSTD_getFrameContentSize(frame, frame.count)
        guard maximum > 0, length > 0, length <= UInt64(maximum),
            let context = ZSTD_createDCtx()
        else { return nil }
        defer { ZSTD_freeDCtx(context) }
        let content = [UInt8](unsafeUninitializedCapacity: Int(length)) { buffer, count in
            let size = ZSTD_decompress_usingDict(
                context, buffer.baseAddress, buffer.count, frame, frame.count, prefix,
                prefix.count)
            if !failed(size) { count = size }
        }
        return content.count == Int(length) ? content : nil
    }

    private func failed(_ result: Int) -> Bool { ZSTD_isError(result) != 0 }
}
