import LinuxPlatform
import Platform
import TestSupport

@testable import SyncProtocol

extension FuzzTarget {
    /// A batch as its columns are, without the byte before them.
    static let log = FuzzTarget(
        name: "log",
        run: { bytes in
            if let batch = LogInput.read([0] + bytes, by: LogInput.plain) {
                LogInput.check(batch, by: LogInput.plain)
            }
        },
        examples: [plain(LogInput.dense)], random: { plain(LogInput.batch(&$0)) },
        large: { plain(LogInput.telemetry(1500, &$0)) })

    private static func plain(_ batch: LogBatch) -> [UInt8] {
        Array(LogInput.plain.encode(batch, known: FuzzWire.device).dropFirst())
    }

    /// A byte of choices, then what zstd is to decompress, or to compress: bit 0.
    static let logZstd = FuzzTarget(
        name: "log-zstd",
        run: { bytes in
            var input = FuzzInput(bytes)
            guard input.byte() & 1 == 0 else { return LogInput.compress(input.all()) }
            if let batch = LogInput.read([1] + input.all(), by: LogInput.compressing) {
                LogInput.check(batch, by: LogInput.compressing)
            }
        },
        examples: [compressed(LogInput.dense)], random: { compressed(LogInput.batch(&$0)) },
        large: { compressed(LogInput.telemetry(1500, &$0)) })

    private static func compressed(_ batch: LogBatch) -> [UInt8] {
        let encoded = LogInput.compressing.encode(batch, known: FuzzWire.device)
        return [encoded.first == 1 ? 0 : 1] + encoded.dropFirst()
    }
}

enum LogInput {
    static let plain = LogBatchCodec()
    private static let zstd = Zstd(prefix: LogBatchCodec.vocabulary)
    static let compressing = LogBatchCodec(compressor: zstd)

    static func read(_ bytes: [UInt8], by codec: LogBatchCodec) -> LogBatch? {
        Oracle.read { try? codec.decode(bytes[...], known: FuzzWire.device) }
    }

    static func check(_ batch: LogBatch, by codec: LogBatchCodec) {
        let bytes = codec.encode(batch, known: FuzzWire.device)
        guard bytes.count <= LogBatchCodec.payloadBytesMost else { return }
        let again = read(bytes, by: codec)
        Oracle.expect(again == batch, "\(batch) was read back as \(String(describing: again))")
    }

    static func compress(_ content: [UInt8]) {
        guard let compressed = zstd.compress(content) else { return }
        Oracle.expect(compressed.count < content.count, "compressed and no shorter")
        Oracle.expect(
            zstd.decompress(compressed, maximum: content.count) == content,
            "other bytes come out of zstd")
        Oracle.expect(
            zstd.decompress(compressed, maximum: content.count - 1) == nil,
            "zstd gives more than it may")
    }

    static func batch(_ generator: inout SeededGenerator) -> LogBatch {
        generator.once(in: 3)
            ? telemetry(generator.number(1...20), &generator) : generator.batch()
    }

    /// As many rows and values as a batch may have, in a few bytes.
    static var dense: LogBatch {
        let names = LogBatchCodec.cellsMost / LogBatchCodec.itemsMost
        let value = Value.object((0..<names).map { ("property\($0)", .string("on")) })
        let time = LogTime(
            boot: BootID(rawValue: 1), monotonic: MonotonicTime(milliseconds: 1), offset: 0,
            quality: .synchronized)
        let row = LogItem.row(LogRow(time: time, key: "devices/a", value: value))
        return LogBatch(
            sequence: LogSequence(stream: "telemetry", epoch: FuzzWire.device), first: 1,
            items: Array(repeating: row, count: LogBatchCodec.itemsMost), clocks: [])
    }

    /// Rows as a sensor's, with a line of a log between them.
    static func telemetry(_ count: Int, _ generator: inout SeededGenerator) -> LogBatch {
        var items: [LogItem] = []
        for row in 0..<count {
            let time = LogTime(
                boot: BootID(rawValue: 1),
                monotonic: MonotonicTime(milliseconds: Int64(row) * 30_000),
                offset: 0, quality: .synchronized)
            let reading = Value.object([
                ("temperature", .double(Double(generator.number(1900...2300)) / 100)),
                ("state", .string(generator.once(in: 5) ? "ON" : "OFF")),
                ("battery", .int(Int64(generator.number(0...100)))),
            ])
            let line = Value.string("info: request \(generator.number(0...9999)) 200 ms")
            items.append(
                .row(
                    LogRow(
                        time: time, key: row % 4 == 3 ? "line" : "devices/a",
                        value: row % 4 == 3 ? line : reading)))
        }
        return LogBatch(
            sequence: LogSequence(stream: "telemetry", epoch: FuzzWire.device), first: 1,
            items: items, clocks: [])
    }
}
