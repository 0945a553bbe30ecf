import Foundation
import Platform
import SyncProtocol
import Testing

/// The wire format, pinned: a file of Vectors for each frame type, and two for a greeting.
///
/// A change that fails here breaks boards in the field; it needs a new version or a new tag.
@Suite struct FrameVectorTests {
    static let device = Epoch(nonce: 0x1122_3344_5566_7788)
    static let clone = Epoch(nonce: 0x0A0B_0C0D_0E0F_1010)
    static let hub = Epoch(nonce: 0xFEDC_BA98_7654_3211)
    static let olderHub = Epoch(nonce: 1)
    static let request: UInt64 = 0x0102_0304_0506_0708

    private static func cell(
        _ path: String, _ epoch: Epoch, _ counter: UInt64, stamp: UInt64, _ value: Value
    ) throws -> Cell {
        Cell(
            path: try TwinPath(path), dot: Dot(epoch: epoch, counter: counter), stamp: stamp,
            value: value)
    }

    private static func time(
        _ monotonic: Int64, _ offset: Int64, _ quality: ClockQuality
    ) -> LogTime {
        LogTime(
            boot: BootID(rawValue: 0xB007), monotonic: MonotonicTime(milliseconds: monotonic),
            offset: Milliseconds(offset), quality: quality)
    }

    private static func log() -> Frame {
        let items: [LogItem] = [
            .row(
                LogRow(
                    time: time(5000, 0, .unset), key: "devices/lamp",
                    value: .object([("on", .bool(true)), ("power", .int(3))]))),
            .gap(LogGap(first: 11, last: 15, reason: .evicted)),
            .row(
                LogRow(
                    time: time(6500, 1_700_000_000_000, .synchronized), key: "devices/lamp",
                    value: .object([("on", .bool(false)), ("power", .null)]))),
            .row(
                LogRow(
                    time: time(6499, 1_699_999_999_999, .plausible), key: "board",
                    value: .bytes([0, 0xFF]))),
        ]
        let clock = BootClock(
            boot: BootID(rawValue: 0xB007), offset: 1_700_000_000_000, quality: .synchronized)
        return .log(
            session: hub,
            batch: LogBatch(
                sequence: LogSequence(stream: "telemetry", epoch: device), first: 10, items: items,
                clocks: [clock]))
    }

    private static func seed() throws -> Frame {
        let web = Value.object([
            ("restart", .string("always")),
            ("command", .array([.string("serve"), .string("-p"), .string("80")])),
        ])
        let cell = try cell(
            "desired/workloads/web", hub, 2, stamp: 1_700_000_000_000 << 16 + 1, web)
        return .seed(
            request: request,
            deltas: [IntervalDelta(epoch: hub, since: 0, upto: 2, cells: [cell])], isLast: true)
    }

    private static func up() throws -> Frame {
        let cells = [
            try cell("reported/board/load_1m", clone, 6, stamp: 12, .double(0.25)),
            try cell("reported/board/uptime", clone, 9, stamp: 3, .int(-5)),
        ]
        return .up(
            session: hub, epoch: device,
            deltas: [
                IntervalDelta(epoch: clone, since: 4, upto: 9, cells: cells),
                IntervalDelta(epoch: device, since: 0, upto: 1, cells: []),
            ], hubContext: CausalContext([hub: 3]))
    }

    private static func state() throws -> Frame {
        let cell = try cell("config/log", olderHub, 2, stamp: 65_536, .null)
        return .state(
            request: request, session: hub, reference: HubReference(epoch: hub, commit: 1),
            context: CausalContext([device: 7, olderHub: 2]),
            deltas: [IntervalDelta(epoch: olderHub, since: 1, upto: 2, cells: [cell])],
            isLast: false)
    }

    private static func down() throws -> Frame {
        let wish = try cell("desired/a", hub, 4, stamp: 131_072, .string("é"))
        return .down(
            session: hub, reference: HubReference(epoch: hub, commit: UInt64(Int64.max)),
            acknowledged: CausalContext([device: 9]),
            deltas: [IntervalDelta(epoch: hub, since: 3, upto: 4, cells: [wish])],
            winners: [try cell("desired/a", clone, 8, stamp: 131_071, .bool(true))], isLast: true)
    }

    private static func frame(_ name: String) throws -> Frame? {
        switch name {
        case "hello":
            .hello(
                request: request, epoch: device, reference: HubReference(epoch: hub, commit: 300),
                context: CausalContext([device: 7, hub: 16_384]))
        case "hello-first":
            .hello(request: 0, epoch: device, reference: nil, context: CausalContext())
        case "seed": try seed()
        case "up": try up()
        case "log": log()
        case "state": try state()
        case "want": .want(request: request)
        case "down": try down()
        case "log-acknowledged":
            .logAcknowledged(
                session: hub, sequence: LogSequence(stream: "logs/web", epoch: device), upto: 128)
        case "reset": .reset(session: hub)
        case "hint": .hint(session: hub)
        case "refused": .refused(reason: "removed")
        default: nil
        }
    }

    static let names = [
        "hello", "hello-first", "seed", "up", "log", "state", "want", "down", "log-acknowledged",
        "reset", "hint", "refused",
    ]

    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "Vectors")

    /// The second column of each line, as bytes.
    private static func bytes(_ name: String) throws -> [UInt8] {
        let file = folder.appending(path: name + ".txt")
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        return try lines.filter { !$0.hasPrefix("#") }.flatMap { line in
            let columns = line.split(separator: "|")
            return try #require(columns.dropFirst().first).split(separator: " ").map {
                try #require(UInt8($0, radix: 16), "\(name): \(line)")
            }
        }
    }

    @Test(arguments: names)
    func theEncoderWritesTheVector(name: String) throws {
        let frame = try #require(try Self.frame(name))
        #expect(FrameCodec.encode(frame) == (try Self.bytes(name)))
    }

    @Test(arguments: names)
    func theDecoderReadsTheVector(name: String) throws {
        let frame = try #require(try Self.frame(name))
        #expect(try FrameCodec.decode(try Self.bytes(name)) == frame)
    }

    @Test func everyFileOfTheFolderIsAVector() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
        #expect(Set(files) == Set(Self.names.map { $0 + ".txt" }))
    }
}
