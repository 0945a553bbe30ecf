import Foundation
import Platform
import Testing

@testable import SyncProtocol

/// docs/sync-protocol.md says what the code does: its example, its vocabulary and its events.
@Suite struct SpecificationTests {
    private static let document = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../docs/sync-protocol.md").standardizedFileURL

    /// The lines of a fence that is opened by these words.
    private static func fence(_ title: String) throws -> [String] {
        let lines = try String(contentsOf: document, encoding: .utf8)
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let start = try #require(lines.firstIndex(of: "```" + title), "no fence \(title)")
        return Array(lines[(start + 1)...].prefix { $0 != "```" })
    }

    /// The bytes at the beginning of each line; what they mean comes after them.
    private static func bytes(_ name: String) throws -> [UInt8] {
        try fence("hex " + name).flatMap { line in
            line.split(separator: " ").prefix { $0.count == 2 && UInt8($0, radix: 16) != nil }
                .compactMap { UInt8($0, radix: 16) }
        }
    }

    private static let device = Epoch(nonce: 0x1122_3344_5566_7788)
    private static let earlier = Epoch(nonce: 0x0A0B_0C0D_0E0F_1010)
    private static let hub = Epoch(nonce: 0xFEDC_BA98_7654_3211)
    private static let request: UInt64 = 0x0102_0304_0506_0708
    private static let time = WallTime(milliseconds: 1_767_225_600_000)

    private static func cell(
        _ path: String, _ epoch: Epoch, _ counter: UInt64, stamp: UInt64, _ value: Value
    ) throws -> Cell {
        Cell(
            path: try TwinPath(path), dot: Dot(epoch: epoch, counter: counter), stamp: stamp,
            value: value)
    }

    private static func clock(_ milliseconds: Int64) -> UInt64 {
        UInt64(time.milliseconds + milliseconds) << 16
    }

    private static func hello() -> Frame {
        .hello(
            Frame.Hello(
                request: request, epoch: device, reference: HubReference(epoch: hub, commit: 300),
                recent: CausalContext([earlier: 6, hub: 3])))
    }

    private static func state() throws -> Frame {
        let wish = try cell("config/mode", hub, 4, stamp: clock(-60_000), .string("eco"))
        return .state(
            Frame.State(
                request: request, reference: HubReference(epoch: hub, commit: 310), time: time,
                context: CausalContext([earlier: 6, hub: 4]),
                deltas: [IntervalDelta(epoch: hub, since: 3, upto: 4, cells: [wish])],
                isLast: true))
    }

    private static func cells() throws -> [Cell] {
        [
            try cell("config/mode", device, 1, stamp: clock(1500), .string("off")),
            try cell("counters/starts", device, 2, stamp: 0, .int(7)),
            try cell("reported/board/load_1m", device, 3, stamp: 1, .double(0.25)),
        ]
    }

    private static func up() throws -> Frame {
        let cells = try cells()
        return .up(
            Frame.Up(
                question: 1,
                deltas: [IntervalDelta(epoch: device, since: 0, upto: 3, cells: cells)],
                joined: CausalContext([hub: 4])))
    }

    private static func down() -> Frame {
        .down(
            Frame.Down(
                question: 1, commit: 311, acknowledged: CausalContext([device: 3]), deltas: []))
    }

    private static func twin(_ cells: some Sequence<Cell>) -> MemoryTwin {
        let twin = MemoryTwin()
        for cell in cells { twin.put(cell) }
        for (epoch, counter) in [(earlier, 6), (hub, 4), (device, 3)] as [(Epoch, UInt64)] {
            twin.advance(epoch, to: counter)
        }
        return twin
    }

    private static func ask() -> Frame {
        .up(Frame.Up(question: 2, deltas: [], joined: CausalContext(), asksRoot: true))
    }

    private static func answer() throws -> Frame {
        .down(Frame.Down(question: 2, commit: 311, deltas: [], root: twin(try cells()).root()))
    }

    private static func compare() throws -> Frame {
        let twin = twin(try cells().dropFirst())
        return .compare(
            Frame.Compare(
                number: 1, context: twin.causalContext().digest, root: twin.root(),
                ranges: twin.sums(of: [.whole])))
    }

    private static func differ() throws -> Frame {
        let held = twin(try cells())
        let sums = twin(try cells().dropFirst()).sums(of: [.whole])
        return .differ(
            Frame.Differ(
                number: 1, context: held.causalContext().digest, root: held.root(),
                difference: held.differences(from: sums, bytes: 1000)))
    }

    /// Both ends of the example go through its frames in their order, as names and times carry over
    /// from one to the next.
    @Test func theExampleIsWhatTheCodeSays() throws {
        var greeter = WireEnd(role: .device, session: .blank(Self.device))
        var greeted = WireEnd(role: .hub, session: .blank(Epoch(nonce: 0)))
        #expect(greeter.write(Self.hello()) == (try Self.bytes("hello")))
        #expect(try greeted.read(try Self.bytes("hello")) == Self.hello())

        let session = WireSession(
            device: Self.device, hub: Self.hub, request: Self.request, base: Self.time,
            commit: 310)
        #expect(session.tag == 0x9ED9_06E4)
        var device = WireEnd(role: .device, session: .blank(Self.device))
        var hub = WireEnd(role: .hub, session: session)
        #expect(hub.write(try Self.state()) == (try Self.bytes("state")))
        #expect(try device.read(try Self.bytes("state")) == (try Self.state()))
        #expect(device.write(try Self.up()) == (try Self.bytes("up")))
        #expect(try hub.read(try Self.bytes("up")) == (try Self.up()))
        #expect(hub.write(Self.down()) == (try Self.bytes("down")))
        #expect(try device.read(try Self.bytes("down")) == Self.down())
        #expect(device.write(Self.ask()) == (try Self.bytes("ask")))
        #expect(try hub.read(try Self.bytes("ask")) == Self.ask())
        #expect(hub.write(try Self.answer()) == (try Self.bytes("root")))
        #expect(try device.read(try Self.bytes("root")) == (try Self.answer()))
        #expect(device.write(try Self.compare()) == (try Self.bytes("compare")))
        #expect(try hub.read(try Self.bytes("compare")) == (try Self.compare()))
        #expect(hub.write(try Self.differ()) == (try Self.bytes("differ")))
        #expect(try device.read(try Self.bytes("differ")) == (try Self.differ()))
    }

    @Test func theDigestsAreThoseOfTheText() throws {
        let wish = try Self.cell(
            "config/mode", Self.hub, 4, stamp: Self.clock(-60_000), .string("eco"))
        #expect(wish.digest == 0x1865_AD23_7C65_4356)
        #expect(wish.place == 0x1087_8BB9_64D9_54B6)
        #expect(
            CausalContext([Self.earlier: 6, Self.hub: 4]).digest == 0x0B4D_3217_8C72_62D8)
    }

    /// What stands between quotes under each heading of the vocabulary's fence; a plus joins two.
    private static func words() throws -> [String: [String]] {
        var words: [String: [String]] = [:]
        var heading = ""
        for line in try fence("text vocabulary") {
            guard line.contains("\"") else {
                heading = line
                continue
            }
            let quoted = line.matches(of: #/"([^"]*)"/#).map { String($0.1) }
            if line.hasPrefix("+"), let last = words[heading]?.popLast() {
                words[heading, default: []].append(last + quoted.joined())
            } else {
                words[heading, default: []] += quoted
            }
        }
        return words
    }

    @Test func theVocabularyIsThatOfTheLog() throws {
        let words = try Self.words()
        #expect(Set(words.keys) == ["bytes", "texts", "events", "shapes", "keys", "streams"])
        var writer = ByteWriter()
        func spell(_ text: String) {
            writer.varint(0)
            writer.string(text)
        }
        for word in words["bytes"] ?? [] { writer.raw(word.utf8) }
        for text in words["texts"] ?? [] { writer.string(text) }
        for event in words["events"] ?? [] { spell(event) }
        for shape in words["shapes"] ?? [] {
            let names = shape.split(separator: " ").map(String.init)
            writer.varint(UInt64(names.count))
            for name in names { spell(name) }
        }
        for key in words["keys"] ?? [] { spell(key) }
        for stream in words["streams"] ?? [] { writer.string(stream) }
        #expect(writer.bytes == LogBatchCodec.vocabulary)
        #expect(writer.bytes.count == 1246)
        #expect(CRC32C.checksum(writer.bytes) == 0x3AB3_CF16)
    }

    /// A name for each case; the compiler asks here for one that is new.
    private static func fields(of event: SyncEvent) -> [String] {
        switch event {
        case .forkDetected, .restoreDetected, .hubResetDetected, .clockAhead,
            .divergenceDetected, .frameRefused, .writeRefused, .refused:
            event.fields.map(\.0)
        }
    }

    @Test func theEventsAreAllListed() throws {
        let events: [SyncEvent] = [
            .forkDetected(device: "d", epochs: []), .restoreDetected(device: "d"),
            .hubResetDetected,
            .clockAhead(device: "d", path: try TwinPath("config/x"), by: 1),
            .divergenceDetected(document: ""),
            .frameRefused(reason: "r"), .writeRefused(reason: "r"), .refused(reason: "r"),
        ]
        let rows = try String(contentsOf: Self.document, encoding: .utf8)
            .matches(of: #/(?m)^\| `([a-z]+_[a-z_]+)` \| ([a-z_, ]*)\|/#)
            .map { row in
                let fields = row.2.split(separator: ",").map {
                    $0.trimmingCharacters(in: .whitespaces)
                }
                return [String(row.1)] + fields.filter { !$0.isEmpty }
            }
        #expect(rows == events.map { [$0.name] + Self.fields(of: $0) })
    }
}
