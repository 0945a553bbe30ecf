import Foundation
import Platform
import TestSupport
import Testing

@testable import SyncProtocol

/// Batches as boards make them: a few devices, each with its properties.
extension SeededGenerator {
    mutating func deviceBatch(rows: Int) -> LogBatch {
        var monotonic = Int64(number(0...1 << 30))
        let offset = 1_767_225_600_000 - monotonic
        var temperature = 2150
        let first = 1 + counter(upTo: 1 << 30)
        let (oneBoot, otherBoot) = (boot(), boot())
        var next = first
        let items: [LogItem] = (0..<rows).map { row in
            monotonic += Int64(number(0...9000))
            next += 1
            if once(in: 40) {
                let gap = LogGap(first: next - 1, last: next + 8, reason: .evicted)
                next = gap.last + 1
                return .gap(gap)
            }
            temperature += number(-9...9)
            let device = number(0...3)
            var entries: [(String, Value)] = [
                ("linkquality", .int(Int64(number(60...110)))),
                ("temperature", .number(Double(temperature) / 100)),
            ]
            if device == 1 { entries.append(("state", .string(once(in: 4) ? "OFF" : "ON"))) }
            if device == 2 { entries.append(("color", value())) }
            let value: Value = device == 3 ? .number(Double(temperature) / 10) : .object(entries)
            return .row(
                LogRow(
                    time: LogTime(
                        boot: row < rows / 2 ? oneBoot : otherBoot,
                        monotonic: MonotonicTime(milliseconds: monotonic),
                        offset: Milliseconds(offset + Int64(number(0...1))),
                        quality: row < 9 ? .unset : .synchronized),
                    key: "devices/device-\(device)", value: value))
        }
        return LogBatch(
            sequence: sequence(), first: first, items: items,
            clocks: [
                BootClock(boot: oneBoot, offset: Milliseconds(offset), quality: .synchronized)
            ])
    }
}

/// Runs of equal bytes as a length and a byte: enough to tell what goes through a compressor.
private struct RunCompressor: Compressor {
    func compress(_ bytes: [UInt8]) -> [UInt8]? {
        var runs: [UInt8] = []
        for byte in bytes {
            if runs.last == byte, runs[runs.count - 2] < 255 {
                runs[runs.count - 2] += 1
            } else {
                runs += [1, byte]
            }
        }
        return runs.count < bytes.count ? runs : nil
    }

    func decompress(_ bytes: [UInt8], maximum: Int) -> [UInt8]? {
        var content: [UInt8] = []
        for index in stride(from: 0, to: bytes.count - 1, by: 2) {
            guard content.count + Int(bytes[index]) <= maximum else { return nil }
            content += [UInt8](repeating: bytes[index + 1], count: Int(bytes[index]))
        }
        return content
    }
}

private let plain = LogBatchCodec()

private func refusal(_ bytes: [UInt8], _ codec: LogBatchCodec = plain) -> FrameError? {
    do throws(FrameError) {
        _ = try codec.decode(bytes[...])
        return nil
    } catch { return error }
}

private func batch(_ rows: [LogRow]) -> LogBatch {
    LogBatch(
        sequence: LogSequence(stream: "telemetry", epoch: Epoch(nonce: 2)), first: 1,
        items: rows.map { .row($0) }, clocks: [])
}

private func row(_ value: Value, key: String = "k", at milliseconds: Int64 = 5) -> LogRow {
    LogRow(
        time: LogTime(
            boot: BootID(rawValue: 3), monotonic: MonotonicTime(milliseconds: milliseconds),
            offset: 7, quality: .plausible),
        key: key, value: value)
}

@Suite struct LogBatchTests {
    private func expectRoundTrip(_ batch: LogBatch, _ codec: LogBatchCodec = plain) throws {
        let bytes = codec.encode(batch)
        let read = try codec.decode(bytes[...])
        #expect(read == batch)
        // Equality of values goes by bytes; that of keys does not, so once more.
        #expect(codec.encode(read) == bytes)
    }

    @Test func batchesReadBackTheSame() throws {
        var generator = SeededGenerator.announced(for: "batchesReadBackTheSame")
        for _ in 0..<1000 { try expectRoundTrip(generator.batch()) }
        for _ in 0..<60 {
            let batch = generator.deviceBatch(rows: generator.number(0...300))
            try expectRoundTrip(batch)
            try expectRoundTrip(batch, LogBatchCodec(compressor: RunCompressor()))
        }
    }

    @Test func truncationIsNoticedAtEachByte() {
        var generator = SeededGenerator.announced(for: "truncationIsNoticedAtEachByte")
        for round in 0..<60 {
            let batch =
                round % 2 == 0 ? generator.batch() : generator.deviceBatch(rows: 20)
            let bytes = plain.encode(batch)
            for length in 0..<bytes.count {
                #expect(refusal(Array(bytes[..<length])) == .truncated)
            }
            #expect(refusal(bytes + [0]) == .malformed("bytes after the batch"))
        }
    }

    @Test func changedBytesNeverTrap() {
        var generator = SeededGenerator.announced(for: "changedBytesNeverTrap")
        var refused = 0
        for round in 0..<3000 {
            let batch =
                round % 2 == 0 ? generator.batch() : generator.deviceBatch(rows: 20)
            var bytes = plain.encode(batch)
            for _ in 0..<generator.number(1...4) {
                bytes[generator.number(0...bytes.count - 1)] = UInt8(generator.number(0...255))
            }
            guard let read = try? plain.decode(bytes[...]) else {
                refused += 1
                continue
            }
            // What is read can be written again, as whoever passes it on does.
            #expect((try? plain.decode(plain.encode(read)[...])) == read)
        }
        #expect(refused > 0 && refused < 3000)
    }

    @Test func randomBytesNeverTrap() {
        var generator = SeededGenerator.announced(for: "randomBytesNeverTrap")
        let codec = LogBatchCodec(compressor: RunCompressor())
        for _ in 0..<8000 {
            let bytes =
                [UInt8(generator.number(0...1))]
                + generator.list(0...80) { UInt8($0.number(0...$0.number(1...255))) }
            _ = try? codec.decode(bytes[...])
        }
    }

    @Test func whatRowsHaveInCommonIsWrittenOnce() {
        let one = plain.encode(batch([row(.object([("temperature", .number(21.5))]))]))
        let many = plain.encode(
            batch((0..<256).map { row(.object([("temperature", .number(21.5))]), at: 5 + $0) }))
        // The second byte of the count and that of the step between times.
        #expect(many.count <= one.count + 3)
    }

    @Test func anEpochThatBothKnowTakesAByte() throws {
        let batch = batch([row(.null)])
        let (own, other) = (batch.sequence.epoch, Epoch(nonce: 8))
        let bytes = plain.encode(batch, known: own)
        #expect(bytes.count == plain.encode(batch).count - 8)
        #expect(try plain.decode(bytes[...], known: own) == batch)
        #expect(try plain.decode(plain.encode(batch, known: other)[...], known: other) == batch)
        #expect(refusal(bytes) == .malformed("an epoch that is not known here"))
    }

    @Test func compressionIsUsedWhereItIsShorter() throws {
        let codec = LogBatchCodec(compressor: RunCompressor())
        let text = String(repeating: "x", count: LogBatchCodec.compressedBytesLeast)
        let long = batch([row(.string(text))])
        #expect(codec.encode(long).count < plain.encode(long).count)
        #expect(codec.encode(long).first == 1)
        try expectRoundTrip(long, codec)
        // Nor where columns leave little to shorten.
        for text in ["abc", String(repeating: "x", count: 150)] {
            let short = batch([row(.string(text))])
            #expect(plain.encode(short).count < LogBatchCodec.compressedBytesLeast)
            #expect(codec.encode(short) == plain.encode(short))
        }
        // Both forms are read by who has a compressor, only one by others.
        #expect(refusal(plain.encode(long), codec) == nil)
        #expect(
            refusal(codec.encode(long)) == .malformed("a compressed batch is not read here"))
        #expect(refusal([2], codec) == .malformed("batch form 2 is not known here"))
        #expect(refusal([], codec) == .truncated)
    }

    /// A payload is taken up to its bound and not beyond.
    @Test func aBombIsRefused() {
        let codec = LogBatchCodec(compressor: RunCompressor())
        let pairs = LogBatchCodec.payloadBytesMost / 255
        let most: [UInt8] = [1] + [[UInt8]](repeating: [255, 0], count: pairs).joined()
        #expect(refusal(most, codec) == .malformed("stream name"))
        #expect(refusal(most + [255, 0], codec) == .malformed("batch does not decompress"))
    }

    /// Values that nest as deep as anything may: in a map that stands in columns, too.
    @Test func nestingIsBoundedInColumnsToo() throws {
        func nested(_ levels: Int) -> Value {
            (0..<levels).reduce(.null) { value, _ in .array([value]) }
        }
        let most = Value.maximumDepth
        try expectRoundTrip(batch([row(nested(most))]))
        try expectRoundTrip(batch([row(.object([("a", nested(most - 1))]))]))
        let deeper: [Value] = [nested(most + 1), .object([("a", nested(most))])]
        for value in deeper {
            #expect(
                refusal(plain.encode(batch([row(value)]))) == .malformed("value nested too deep"))
        }
    }

    @Test func itemsAreBounded() throws {
        let most = LogBatchCodec.itemsMost
        try expectRoundTrip(batch((0..<most).map { row(.int(Int64($0))) }))
        #expect(
            refusal(plain.encode(batch((0...most).map { row(.int(Int64($0))) })))
                == .malformed("too many rows"))
        let gaps = (0...most).map {
            LogItem.gap(
                LogGap(first: UInt64($0) + 1, last: UInt64($0) + 1, reason: .expired))
        }
        func gapBatch(_ count: Int) -> LogBatch {
            LogBatch(
                sequence: LogSequence(stream: "alarm", epoch: Epoch(nonce: 4)), first: 1,
                items: Array(gaps[..<count]), clocks: [])
        }
        try expectRoundTrip(gapBatch(most))
        #expect(refusal(plain.encode(gapBatch(most + 1))) == .malformed("too many gaps"))
        var both = gapBatch(most).items
        both.append(.row(row(.null)))
        let mixed = LogBatch(
            sequence: gapBatch(1).sequence, first: 1, items: both, clocks: [])
        #expect(refusal(plain.encode(mixed)) == .malformed("too many items"))
    }

    /// Wide maps beyond the bound on columns are written whole, and read back.
    @Test func cellsAreBounded() throws {
        func wide(_ names: Int) -> Value {
            .object((0..<names).map { ("name-\($0)", .int(Int64($0))) })
        }
        let most = LogBatchCodec.shapeEntriesMost
        let inColumns = plain.encode(batch([row(wide(most)), row(wide(most))]))
        let whole = plain.encode(batch([row(wide(most + 1)), row(wide(most + 1))]))
        #expect(whole.count > inColumns.count + most)
        try expectRoundTrip(batch([row(wide(most + 1)), row(wide(most + 1))]))
        // A map fewer, and the last one still stands in columns.
        let rows = LogBatchCodec.cellsMost / most
        try expectRoundTrip(batch([LogRow](repeating: row(wide(most)), count: rows + 2)))
        let last = plain.encode(batch([LogRow](repeating: row(wide(most)), count: rows)))
        let over = plain.encode(batch([LogRow](repeating: row(wide(most)), count: rows + 1)))
        #expect(over.count > last.count + most)
    }

    /// A device whose every message has other names: no two rows share anything.
    @Test func rowsWithNothingInCommonReadBackTheSame() throws {
        try expectRoundTrip(
            batch(
                (0..<1000).map {
                    row(.object([("name-\($0)", .int(1)), ("other-\($0 % 20)", .null)]))
                }))
        try expectRoundTrip(batch((0..<1000).map { row(.null, key: "key-\($0)") }))
        // More shapes than are tried for one key, in turn: more bytes, the same rows.
        try expectRoundTrip(
            batch((0..<1000).map { row(.object([("name-\($0 % 20)", .int(1))])) }))
    }

    /// The reader holds the writer's bounds against a writer that does not.
    @Test func hostileColumnsAreRefused() {
        // Stream, epoch, first, rows, no gaps, one boot, no clocks, times, offsets, one state.
        func payload(rows: UInt64, _ rest: (inout ByteWriter) -> Void) -> [UInt8] {
            var writer = ByteWriter()
            writer.byte(0)
            writer.string("event")
            writer.byte(1)
            writer.fixed64(2)
            writer.varint(1)
            writer.varint(rows)
            for byte: UInt8 in [0, 1] { writer.byte(byte) }
            writer.fixed64(3)
            for byte: UInt8 in [0, 0, 2, 0, 2, 0, 0, 1] { writer.byte(byte) }
            rest(&writer)
            return writer.bytes
        }
        func names(_ count: Int, _ writer: inout ByteWriter) {
            writer.varint(1)
            writer.varint(UInt64(count))
            for index in 0..<count { writer.name(String(format: "%05d", index)) }
        }
        let good = payload(rows: 2) {
            names(1, &$0)
            $0.varint(0)
            $0.name("k")
            $0.varint(1)
            $0.byte(5)
        }
        #expect(refusal(good) == nil)
        #expect(
            refusal(payload(rows: 2) { names(LogBatchCodec.shapeEntriesMost + 1, &$0) })
                == .malformed("too many names"))
        // 256 names for each of 257 rows.
        let cells = payload(rows: 257) {
            names(256, &$0)
            $0.varint(0)
            $0.name("k")
            $0.varint(1)
            for _ in 0..<256 { $0.byte(5) }
        }
        #expect(refusal(cells) == .malformed("too many values"))
        // A key of 2 KiB for 4096 rows.
        let keys = payload(rows: 4096) {
            $0.varint(0)
            $0.varint(0)
            $0.name(String(repeating: "k", count: 2048))
            $0.varint(0)
            $0.byte(5)
        }
        #expect(refusal(keys) == .malformed("too much text"))
        let twice = payload(rows: 1) {
            $0.varint(1)
            $0.varint(2)
            $0.name("a")
            $0.name("a")
        }
        #expect(refusal(twice) == .malformed("names out of order"))
        let absent = payload(rows: 2) {
            $0.varint(0)
            $0.varint(1)
            for key in ["a", "b"] {
                $0.name(key)
                $0.varint(0)
            }
            $0.column([0, 0])
            $0.byte(5)
        }
        #expect(refusal(absent) == .malformed("group without rows"))
        let unknown = payload(rows: 2) {
            $0.varint(0)
            $0.varint(1)
            for key in ["a", "b"] {
                $0.name(key)
                $0.varint(0)
            }
            $0.column([0, 2])
        }
        #expect(refusal(unknown) == .malformed("unknown group"))
    }

    /// As in the other frames: receivers add up how many numbers a sequence covers.
    @Test func rowNumbersAreBounded() throws {
        func gap(from first: UInt64, count: UInt64) -> LogBatch {
            LogBatch(
                sequence: LogSequence(stream: "event", epoch: Epoch(nonce: 2)), first: first,
                items: [.gap(LogGap(first: first, last: first + count - 1, reason: .damaged))],
                clocks: [])
        }
        let most = FrameBounds.rowNumber
        try expectRoundTrip(gap(from: 1, count: most - 1))
        let tooHigh = FrameError.malformed("row number too high")
        #expect(refusal(plain.encode(gap(from: 1, count: most))) == tooHigh)
        #expect(
            refusal(plain.encode(gap(from: most + 1, count: 1)))
                == .malformed("row number out of range"))
        let rows = LogBatch(
            sequence: LogSequence(stream: "event", epoch: Epoch(nonce: 2)), first: most,
            items: [.row(row(.null))], clocks: [])
        #expect(refusal(plain.encode(rows)) == tooHigh)
    }

    /// Bytes that were compressed with it are read with it only.
    @Test func theVocabularyIsFrozen() {
        #expect(LogBatchCodec.vocabulary.count == 1246)
        #expect(CRC32C.checksum(LogBatchCodec.vocabulary) == 0x3AB3_CF16)
    }
}
