import Platform
import TestSupport
import Testing

@testable import SyncProtocol

private let epoch = Epoch(nonce: 2)
private let base = WallTime(milliseconds: 1_767_225_600_000)

private func stamp(_ milliseconds: Int64, _ logical: UInt64 = 0) -> UInt64 {
    UInt64(base.milliseconds + milliseconds) << 16 + logical
}

private func delta(_ stamps: [(path: String, stamp: UInt64)]) throws -> IntervalDelta {
    var cells: [Cell] = []
    for (path, stamp) in stamps {
        let counter = UInt64(cells.count) + 1
        cells.append(
            Cell(
                path: try TwinPath(path), dot: Dot(epoch: epoch, counter: counter), stamp: stamp,
                value: .null))
    }
    return IntervalDelta(epoch: epoch, since: 0, upto: UInt64(cells.count), cells: cells)
}

private func written(_ delta: IntervalDelta) -> (flags: UInt8, bytes: [UInt8]) {
    var writer = ByteWriter()
    let columns = StampColumns(delta, base: base)
    columns.write(to: &writer)
    return (columns.flags, writer.bytes)
}

private func read(
    _ flags: UInt8, _ bytes: [UInt8], _ delta: IntervalDelta
) throws(FrameError) -> [UInt64] {
    var reader = ByteReader(bytes[...])
    let stamps = try StampColumns.read(
        &reader, flags: flags, kinds: delta.cells.map(\.kind),
        offsets: StampColumns(delta, base: base).offsets, base: base)
    guard reader.isAtEnd else { throw .malformed("not at the end") }
    return stamps
}

@Suite struct StampColumnTests {
    private func expectRoundTrip(
        _ delta: IntervalDelta, _ form: StampColumns.Form?, atMost length: Int
    ) throws {
        let (flags, bytes) = written(delta)
        #expect(try read(flags, bytes, delta) == delta.cells.map(\.stamp))
        #expect(bytes.count <= length, "\(bytes.count)")
        if let form { #expect(flags >> DeltaFlag.clockShift & 3 == form.rawValue) }
    }

    @Test func nothingIsWrittenWhereNoCellHasAStamp() throws {
        try expectRoundTrip(delta([]), StampColumns.Form.none, atMost: 0)
        try expectRoundTrip(
            delta([("notes/a", 0), ("sets/a", 0), ("counters/a", 0)]), StampColumns.Form.none,
            atMost: 0)
    }

    @Test func oneCommitHasOneStamp() throws {
        let cells = (0..<200).map { ("config/k\($0)", stamp(5, 1)) }
        try expectRoundTrip(delta(cells), .same, atMost: 2)
        try expectRoundTrip(delta([("config/a", stamp(-5, 0xFFFF))]), .same, atMost: 4)
    }

    /// A board that writes once a minute, with whatever jitter its commits have. Most of its writes
    /// were replaced by later ones: what is left has gaps, and lies on one line all the same.
    @Test func aSteadyPaceIsALine() throws {
        var generator = SeededGenerator.announced(for: "aSteadyPaceIsALine")
        let steady = (0..<300).map { ("config/k\($0)", stamp(60_000 * Int64($0))) }
        try expectRoundTrip(delta(steady), nil, atMost: 16)
        var (counter, cells): (UInt64, [Cell]) = (0, [])
        for index in 0..<300 {
            counter += UInt64(generator.number(1...40))
            let late = Int64(generator.number(0...6))
            cells.append(
                Cell(
                    path: try TwinPath("config/k\(index)"),
                    dot: Dot(epoch: epoch, counter: counter),
                    stamp: stamp(60_000 * Int64(counter) + late), value: .null))
        }
        let sparse = IntervalDelta(epoch: epoch, since: 0, upto: counter, cells: cells)
        try expectRoundTrip(sparse, .line, atMost: 150)
    }

    @Test func whatHasNoPaceIsAColumn() throws {
        var generator = SeededGenerator.announced(for: "whatHasNoPaceIsAColumn")
        let cells = (0..<50).map { index in
            ("config/k\(index)", stamp(Int64(generator.number(0...900_000)), 0))
        }
        try expectRoundTrip(delta(cells), nil, atMost: 220)
        try expectRoundTrip(
            delta([("config/a", stamp(1)), ("config/b", stamp(9))]), .column, atMost: 8)
    }

    @Test func smallNumbersStandApartFromClocks() throws {
        let mixed = [
            ("reported/a", 1), ("config/a", stamp(1)), ("reported/b", 2), ("counters/c", 0),
            ("config/b", stamp(1)), ("sets/x", 0),
        ]
        try expectRoundTrip(delta(mixed), .same, atMost: 12)
    }

    @Test func anyStampsReadBackTheSame() throws {
        var generator = SeededGenerator.announced(for: "anyStampsReadBackTheSame")
        let kinds = ["config/k", "reported/k", "counters/k", "notes/k"]
        for _ in 0..<2000 {
            let isWild = generator.once(in: 3)
            let stamps = (0..<generator.number(0...30)).map { index in
                let kind = kinds.randomElement(using: &generator) ?? ""
                let number = isWild ? generator.next() : stamp(Int64(generator.number(0...99)))
                let edges: [UInt64] = [number, 0, .max, 1 << 63]
                return (
                    kind + "\(index)", edges[generator.once(in: 9) ? generator.number(0...3) : 0]
                )
            }
            try expectRoundTrip(delta(stamps), nil, atMost: 12 * 30 + 20)
        }
    }

    @Test func stampsOutOfRangeAreMalformed() throws {
        func refusal(_ flags: UInt8, _ body: (inout ByteWriter) -> Void) throws -> FrameError? {
            var writer = ByteWriter()
            body(&writer)
            let cells = try delta([("config/a", 0)])
            do throws(FrameError) {
                _ = try read(flags, writer.bytes, cells)
                return nil
            } catch { return error }
        }
        let alike = StampColumns.Form.same.rawValue << DeltaFlag.clockShift
        let column = StampColumns.Form.column.rawValue << DeltaFlag.clockShift
        func same(_ milliseconds: Int64, _ logical: UInt64) throws -> FrameError? {
            try refusal(alike) {
                $0.zigzag(milliseconds)
                $0.varint(logical)
            }
        }
        let end: Int64 = 1 << 48 - base.milliseconds
        #expect(try same(0, 0xFFFF) == nil)
        #expect(try same(0, 0x1_0000) == .malformed("stamp"))
        #expect(try same(-base.milliseconds, 0) == nil)
        #expect(try same(-base.milliseconds - 1, 0) == .malformed("stamp"))
        #expect(try same(end - 1, 0) == nil)
        #expect(try same(end, 0) == .malformed("stamp"))
        #expect(try same(.max, 0) == .malformed("stamp"))
        for logical: Int64 in [-1, 0x1_0000, .max, .min] {
            #expect(
                try refusal(column) {
                    $0.column([0])
                    $0.column([logical])
                } == .malformed("stamp"))
        }
        // Clock stamps and no cell to bear one, and the other way round.
        #expect(try refusal(0) { _ in } == .malformed("stamps without cells"))
        #expect(throws: FrameError.malformed("stamps without cells")) {
            try read(alike, [0, 0], try delta([("notes/a", 0)]))
        }
    }
}
