import Foundation
import Platform
import SyncProtocol
import Testing

/// Telemetry that others recorded, where the checkout stands beside a folder of it.
@Suite struct LogBatchSizeTests {
    private static let file = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
        .appending(path: "shared/data/nab/machine_temperature_system_failure.csv")

    private static let lines: [Substring] =
        (try? String(contentsOf: file, encoding: .utf8))?.split(whereSeparator: \.isNewline) ?? []

    /// A machine's temperature every five minutes, as a sensor with two decimals says it: in whole
    /// frames of 256 rows 1.7 bytes a row, uncompressed.
    @Test(.enabled(if: !lines.isEmpty, "../shared/data/nab is not beside the checkout"))
    func recordedTelemetryIsSmall() throws {
        let boot = BootID(rawValue: 0x1234_5678_9ABC_DEF0)
        let start: Int64 = 1_386_018_900_000
        let rows: [LogRow] = try Self.lines.dropFirst().enumerated().map { index, line in
            let reading = try #require(line.split(separator: ",").last.flatMap { Double($0) })
            let time = LogTime(
                boot: boot,
                monotonic: MonotonicTime(milliseconds: 1_000_000 + 300_000 * Int64(index)),
                offset: Milliseconds(start), quality: .synchronized)
            let rounded = Value.number((reading * 100).rounded() / 100)
            return LogRow(
                time: time, key: "devices/machine", value: .object([("temperature", rounded)]))
        }
        let codec = LogBatchCodec()
        var bytes = 0
        for first in stride(from: 0, to: rows.count, by: 256) {
            let items = rows[first..<min(first + 256, rows.count)].map { LogItem.row($0) }
            let batch = LogBatch(
                sequence: LogSequence(
                    stream: "telemetry", epoch: Epoch(nonce: 0xFEDC_BA98_7654_3210)),
                first: UInt64(first) + 1, items: items,
                clocks: [
                    BootClock(boot: boot, offset: Milliseconds(start), quality: .synchronized)
                ])
            let encoded = codec.encode(batch)
            #expect(try codec.decode(encoded[...]) == batch)
            // A frame's version and type, session and checksum.
            bytes += 1 + 4 + encoded.count + 4
        }
        #expect(bytes * 10 <= rows.count * 17, "\(bytes) bytes for \(rows.count) rows")
    }
}
