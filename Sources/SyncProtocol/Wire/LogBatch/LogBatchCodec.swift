public import Platform

/// Log batches as bytes, column by column: what rows have in common is written once, and numbers
/// of one property stand together, where they differ by little.
///
/// The bytes are a flag and the payload, which a compressor shortens where it can: that pays for
/// texts, which columns do not shorten. They have no length of their own: a batch is the last field
/// of what carries it.
public struct LogBatchCodec: Sendable {
    private let compressor: (any Compressor)?

    /// Without a compressor batches are written plain, and compressed ones are not read.
    public init(compressor: (any Compressor)? = nil) { self.compressor = compressor }

    /// Rows and gaps of one batch. A row costs a few bits where it repeats the one before, so the
    /// bytes of a frame do not bound them; who makes batches must not put in more.
    public static let itemsMost = 4096
    /// Values of map rows that stand in columns. Further rows are written whole.
    static let cellsMost = 1 << 16
    /// Entries of a map row that stand in columns. A longer map is written whole.
    static let shapeEntriesMost = 256
    /// Bytes of keys, names and texts in the rows of a batch, counted as often as they occur.
    /// Without a bound a few thousand bytes could stand for gigabytes at whoever writes the rows
    /// out. Far over what a frame's worth of rows has.
    static let textBytesMost = 1 << 22
    /// Payloads shorter than this are sent plain: columns leave little in them to shorten, and an
    /// idle board that never compresses never loads the compressor's code (0.5 MiB of its memory).
    static let compressedBytesLeast = 256
    /// A payload in bytes, decompressed.
    static let payloadBytesMost = FrameBounds.bytes

    /// What a compressor may refer to as if it came before each batch. Both ends must have been
    /// made with it.
    public static var vocabulary: [UInt8] { LogVocabulary.bytes }

    /// What the payload is. New forms are added, none is reused.
    private enum Form: UInt8 {
        case plain = 0
        /// By Zstandard, behind `vocabulary`.
        case compressed = 1
    }

    /// - Parameter known: An epoch that the reader is told otherwise, mostly that of the sequence;
    ///   it takes one byte instead of nine.
    public func encode(_ batch: LogBatch, known: Epoch? = nil) -> [UInt8] {
        var writer = ByteWriter()
        writer.byte(Form.plain.rawValue)
        writer.payload(batch, known: known)
        let payload = writer.bytes
        guard (Self.compressedBytesLeast...Self.payloadBytesMost).contains(payload.count),
            let compressed = compressor?.compress(Array(payload.dropFirst()))
        else { return payload }
        return [Form.compressed.rawValue] + compressed
    }

    /// Total: any bytes give a batch or a `FrameError`, in memory and time bounded by this type's
    /// bounds. `known` is what the writer was given.
    public func decode(
        _ bytes: ArraySlice<UInt8>, known: Epoch? = nil
    ) throws(FrameError) -> LogBatch {
        guard let first = bytes.first else { throw .truncated }
        guard let form = Form(rawValue: first) else {
            throw .malformed("batch form \(first) is not known here")
        }
        var reader: ByteReader
        switch form {
        case .plain: reader = ByteReader(bytes.dropFirst())
        case .compressed:
            guard let compressor else { throw .malformed("a compressed batch is not read here") }
            let payload = compressor.decompress(
                Array(bytes.dropFirst()), maximum: Self.payloadBytesMost)
            guard let payload else { throw .malformed("batch does not decompress") }
            reader = ByteReader(payload[...])
        }
        let batch = try reader.payload(known: known)
        guard reader.isAtEnd else { throw .malformed("bytes after the batch") }
        return batch
    }
}
