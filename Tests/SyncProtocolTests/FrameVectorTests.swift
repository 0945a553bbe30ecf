import Foundation
import Platform
import Testing

@testable import SyncProtocol

/// The wire format, pinned: a file of Vectors for each frame type, two for a greeting, one for
/// a hub's news and one for its root.
///
/// A change that fails here breaks boards in the field; it needs a new version or a new tag.
@Suite struct FrameVectorTests {
    static let device = Epoch(nonce: 0x1122_3344_5566_7788)
    static let clone = Epoch(nonce: 0x0A0B_0C0D_0E0F_1010)
    static let hub = Epoch(nonce: 0xFEDC_BA98_7654_3211)
    static let olderHub = Epoch(nonce: 1)
    static let request: UInt64 = 0x0102_0304_0506_0708
    static let time = WallTime(milliseconds: 1_700_000_000_000)
    static let session = WireSession(
        device: device, hub: hub, request: request, base: time, commit: 300)

    private static func cell(
        _ path: String, _ epoch: Epoch, _ counter: UInt64, stamp: UInt64, _ value: Value
    ) throws -> Cell {
        Cell(
            path: try TwinPath(path), dot: Dot(epoch: epoch, counter: counter), stamp: stamp,
            value: value)
    }

    private static func stamped(
        _ monotonic: Int64, _ offset: Int64, _ quality: ClockQuality
    ) -> LogTime {
        LogTime(
            boot: BootID(rawValue: 0xB007), monotonic: MonotonicTime(milliseconds: monotonic),
            offset: Milliseconds(offset), quality: quality)
    }

    /// A stamp so long after the session's time.
    private static func clock(_ milliseconds: Int64, _ logical: UInt64) -> UInt64 {
        UInt64(time.milliseconds + milliseconds) << 16 + logical
    }

    private static func log() -> Frame {
        let items: [LogItem] = [
            .row(
                LogRow(
                    time: stamped(5000, 0, .unset), key: "devices/lamp",
                    value: .object([("on", .bool(true)), ("power", .int(3))]))),
            .gap(LogGap(first: 11, last: 15, reason: .evicted)),
            .row(
                LogRow(
                    time: stamped(6500, 1_700_000_000_000, .synchronized), key: "devices/lamp",
                    value: .object([("on", .bool(false)), ("power", .null)]))),
            .row(
                LogRow(
                    time: stamped(6499, 1_699_999_999_999, .plausible), key: "board",
                    value: .bytes([0, 0xFF]))),
        ]
        let clock = BootClock(
            boot: BootID(rawValue: 0xB007), offset: 1_700_000_000_000, quality: .synchronized)
        return .log(
            LogBatch(
                sequence: LogSequence(stream: "telemetry", epoch: device), first: 10, items: items,
                clocks: [clock]))
    }

    private static func hello() throws -> Frame {
        let cells = [
            try cell("reported/board/load_1m", device, 6, stamp: 12, .int(25)),
            try cell("reported/board/uptime", device, 9, stamp: 3, .int(-5)),
        ]
        return .hello(
            Frame.Hello(
                request: request, epoch: device, reference: HubReference(epoch: hub, commit: 300),
                recent: CausalContext([device: 9, hub: 16_384]),
                deltas: [IntervalDelta(epoch: device, since: 4, upto: 9, cells: cells)]))
    }

    private static func seed() throws -> Frame {
        let web = Value.object([
            ("restart", .string("always")),
            ("command", .array([.string("serve"), .string("-p"), .string("80")])),
        ])
        let wish = try cell("desired/workloads/web", hub, 2, stamp: clock(0, 1), web)
        let tag = try cell("sets/tags", device, 3, stamp: 0, .string("cold"))
        let removals = [
            Removal(dot: tag.dot, removed: [Dot(epoch: hub, counter: 1)]),
            Removal(
                dot: Dot(epoch: device, counter: 4),
                removed: [Dot(epoch: hub, counter: 2), Dot(epoch: clone, counter: 7)]),
        ]
        return .seed(
            request: request,
            deltas: [
                IntervalDelta(epoch: hub, since: 0, upto: 2, cells: [wish]),
                IntervalDelta(epoch: device, since: 0, upto: 4, cells: [tag], removals: removals),
            ], isLast: true)
    }

    private static func up() throws -> Frame {
        let cells = [
            try cell("counters/starts", clone, 6, stamp: 0, .int(41)),
            try cell("reported/on", clone, 9, stamp: 3, .bool(true)),
        ]
        return .up(
            Frame.Up(
                question: 7,
                deltas: [
                    IntervalDelta(epoch: clone, since: 4, upto: 9, cells: cells),
                    IntervalDelta(epoch: device, since: 0, upto: 1, cells: []),
                ], joined: CausalContext([hub: 3])))
    }

    private static func state() throws -> Frame {
        let old = try cell("config/log", olderHub, 2, stamp: clock(-5000, 0), .null)
        return .state(
            Frame.State(
                request: request, reference: HubReference(epoch: hub, commit: 300), time: time,
                context: CausalContext([device: 7, olderHub: 2]),
                deltas: [IntervalDelta(epoch: olderHub, since: 1, upto: 2, cells: [old])],
                winners: [try cell("desired/a", hub, 4, stamp: clock(1, 2), .bool(true))],
                dead: [Dot(epoch: device, counter: 3)], isLast: true))
    }

    private static func down() throws -> Frame {
        let wishes = [
            try cell("desired/a", hub, 5, stamp: clock(1000, 0), .string("é")),
            try cell("desired/b", hub, 8, stamp: clock(1060, 0), .string("off")),
        ]
        return .down(
            Frame.Down(
                question: 7, commit: 301, acknowledged: CausalContext([device: 9]),
                deltas: [IntervalDelta(epoch: hub, since: 3, upto: 8, cells: wishes)],
                winners: [
                    try cell("desired/a", clone, 8, stamp: clock(0, 65_535), .double(0.25))
                ], dead: [Dot(epoch: device, counter: 8)],
                complete: CausalContext([hub: 8]), isLast: true))
    }

    private static func news() throws -> Frame {
        let note = try cell("notes/rack", hub, 9, stamp: 0, .bool(false))
        let removal = Removal(dot: note.dot, removed: [Dot(epoch: device, counter: 5)])
        return .down(
            Frame.Down(
                question: nil, commit: 299,
                deltas: [
                    IntervalDelta(
                        epoch: hub, since: 7, upto: 9, cells: [note], removals: [removal])
                ]))
    }

    private static func compare() throws -> Frame {
        .compare(
            Frame.Compare(
                number: 2, context: 0x1111_1111_1111_1111, root: 0x2222_2222_2222_2222,
                ranges: [
                    RangeSums(range: CellRange(depth: 2, prefix: 0xA7), sums: Array(0...15))
                ], cells: [try cell("counters/starts", device, 6, stamp: 0, .int(7))]))
    }

    private static func differ() throws -> Frame {
        var difference = RangeDifference()
        difference.splits = [.whole, CellRange(depth: 3, prefix: 0xA71)]
        difference.leaves = [CellRange(depth: 16, prefix: 0xFEDC_BA98_7654_3210)]
        difference.cells = [try cell("config/log", hub, 4, stamp: clock(-5000, 0), .bool(true))]
        return .differ(
            Frame.Differ(
                number: 2, context: 0x1111_1111_1111_1111, root: 0x3333_3333_3333_3333,
                difference: difference, dead: [Dot(epoch: device, counter: 3)]))
    }

    private static func frame(_ name: String) throws -> Frame? {
        switch name {
        case "hello": try hello()
        case "hello-first":
            .hello(Frame.Hello(request: 0, epoch: device, reference: nil, recent: .init()))
        case "seed": try seed()
        case "up": try up()
        case "log": log()
        case "state": try state()
        case "want": .want(request: request, have: CausalContext([device: 128, olderHub: 2]))
        case "down": try down()
        case "news": try news()
        case "log-acknowledged":
            .logAcknowledged(
                sequence: LogSequence(stream: "logs/web", epoch: device), upto: 128)
        case "up-root":
            .up(Frame.Up(question: 7, deltas: [], joined: CausalContext(), asksRoot: true))
        case "down-root":
            .down(Frame.Down(question: 7, commit: 301, deltas: [], root: 0x0123_4567_89AB_CDEF))
        case "compare": try compare()
        case "differ": try differ()
        case "reset": .reset
        case "hint": .hint(hub: hub)
        case "refused": .refused(reason: "removed")
        default: nil
        }
    }

    static let names = [
        "hello", "hello-first", "seed", "up", "log", "state", "want", "down", "news",
        "log-acknowledged", "reset", "hint", "refused", "up-root", "down-root",
        "compare", "differ",
    ]

    /// The document that a vector's greeting is about.
    private static func document(_ name: String) -> String {
        name == "hello-first" ? "site/barn" : ""
    }

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
        var (writer, _) = frame.ends(in: Self.session)
        let bytes = FrameCodec().encode(
            frame, from: writer.role, session: &writer.session, document: Self.document(name))
        #expect(bytes == (try Self.bytes(name)))
    }

    @Test(arguments: names)
    func theDecoderReadsTheVector(name: String) throws {
        let frame = try #require(try Self.frame(name))
        var (_, reader) = frame.ends(in: Self.session)
        let bytes = try Self.bytes(name)
        #expect(try FrameCodec().header(bytes).document == Self.document(name))
        #expect(try reader.read(bytes) == frame)
    }

    /// A reset that answers a session which is not known here bears its tag all the same.
    @Test func aResetNamesItsSessionAlone() throws {
        let bytes = FrameCodec().encode(.reset, from: .hub, tag: Self.session.tag)
        #expect(bytes == (try Self.bytes("reset")))
    }

    @Test func everyFileOfTheFolderIsAVector() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
        #expect(Set(files) == Set(Self.names.map { $0 + ".txt" }))
    }
}
