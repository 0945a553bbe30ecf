import Platform

/// The counters and stamps of a delta's cells as columns.
///
/// Clock stamps of last-writer-wins cells stand apart from the small numbers of the others. They
/// mostly grow in step with the counters, by the pace at which the writer commits; then what is
/// left beside that line is near nothing.
struct StampColumns {
    enum Form: UInt8 {
        case none = 0
        /// One commit: all alike.
        case same = 1
        case column = 2
        /// Less the slope times the counter.
        case line = 3
    }

    /// Each cell's counter, less the delta's `since`.
    let offsets: [Int64]
    private let milliseconds: [Int64]
    private let logical: [Int64]
    private let counts: [Int64]
    private let form: Form
    private let slope: Int64
    private let residuals: [Int64]

    init(_ delta: IntervalDelta, base: WallTime) {
        offsets = delta.cells.map { Int64(bitPattern: $0.dot.counter &- delta.since) }
        var milliseconds: [Int64] = []
        var logical: [Int64] = []
        var places: [Int64] = []
        var counts: [Int64] = []
        var hasCounts = false
        for (cell, offset) in zip(delta.cells, offsets) {
            if cell.kind == .lastWriterWins {
                milliseconds.append(Int64(cell.stamp >> 16) &- base.milliseconds)
                logical.append(Int64(cell.stamp & 0xFFFF))
                places.append(offset)
            } else {
                counts.append(Int64(bitPattern: cell.stamp))
                hasCounts = hasCounts || cell.stamp != 0
            }
        }
        self.milliseconds = milliseconds
        self.logical = logical
        self.counts = hasCounts ? counts : []
        (form, slope, residuals) = Self.form(milliseconds, logical, places)
    }

    var flags: UInt8 {
        form.rawValue << DeltaFlag.clockShift | (counts.isEmpty ? 0 : DeltaFlag.counts)
    }

    private static func form(
        _ milliseconds: [Int64], _ logical: [Int64], _ places: [Int64]
    ) -> (Form, Int64, [Int64]) {
        guard let first = milliseconds.first, let last = milliseconds.last,
            let start = places.first, let end = places.last
        else { return (.none, 0, []) }
        if milliseconds.allSatisfy({ $0 == first }), Set(logical).count == 1 {
            return (.same, 0, [])
        }
        guard end > start, milliseconds.count > 2 else { return (.column, 0, milliseconds) }
        // To the nearest: one too low would make a slope of its own.
        let slope = (last &- first &+ (end - start) / 2) / (end - start)
        let residuals = zip(milliseconds, places).map { $0 &- slope &* $1 }
        var plain = ByteWriter()
        plain.column(milliseconds)
        var line = ByteWriter()
        line.zigzag(slope)
        line.column(residuals)
        return line.bytes.count < plain.bytes.count
            ? (.line, slope, residuals) : (.column, 0, milliseconds)
    }

    func write(to writer: inout ByteWriter) {
        switch form {
        case .none: break
        case .same:
            writer.zigzag(milliseconds[0])
            writer.varint(UInt64(logical[0]))
        case .column:
            writer.column(residuals)
            writer.column(logical)
        case .line:
            writer.zigzag(slope)
            writer.column(residuals)
            writer.column(logical)
        }
        writer.column(counts)
    }

    /// The stamps of a delta's cells, in their order.
    static func read(
        _ reader: inout ByteReader, flags: UInt8, kinds: [CellKind], offsets: [Int64],
        base: WallTime
    ) throws(FrameError) -> [UInt64] {
        guard let form = Form(rawValue: flags >> DeltaFlag.clockShift & 3) else {
            throw .malformed("stamps")
        }
        let clocks = kinds.reduce(0) { $0 + ($1 == .lastWriterWins ? 1 : 0) }
        guard (form == .none) == (clocks == 0) else { throw .malformed("stamps without cells") }
        var milliseconds: [Int64] = []
        var logical: [Int64] = []
        var slope: Int64 = 0
        switch form {
        case .none: break
        case .same:
            milliseconds = Array(repeating: try reader.zigzag(), count: clocks)
            let count = try reader.varint()
            guard count <= 0xFFFF else { throw .malformed("stamp") }
            logical = Array(repeating: Int64(count), count: clocks)
        case .column, .line:
            if form == .line { slope = try reader.zigzag() }
            milliseconds = try reader.column(count: clocks)
            logical = try reader.column(count: clocks)
        }
        let counts =
            flags & DeltaFlag.counts == 0
            ? [] : try reader.column(count: kinds.count - clocks)
        var stamps: [UInt64] = []
        stamps.reserveCapacity(kinds.count)
        var clock = 0
        var count = 0
        for (kind, offset) in zip(kinds, offsets) {
            if kind == .lastWriterWins {
                let time = milliseconds[clock] &+ slope &* offset &+ base.milliseconds
                guard time >= 0, time < 1 << 48, logical[clock] >= 0, logical[clock] <= 0xFFFF
                else { throw .malformed("stamp") }
                stamps.append(UInt64(time) << 16 | UInt64(logical[clock]))
                clock += 1
            } else {
                stamps.append(counts.isEmpty ? 0 : UInt64(bitPattern: counts[count]))
                count += 1
            }
        }
        return stamps
    }
}
