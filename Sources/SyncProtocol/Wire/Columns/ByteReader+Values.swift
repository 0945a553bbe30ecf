import Platform

extension ByteReader {
    /// What `ByteWriter.values` wrote.
    ///
    /// As for `column(count:)`, the caller must have bounded `count`. Texts that repeat share
    /// their memory, and only those of at most `ValueColumn.repeatedTextMost` bytes repeat. `depth`
    /// says in how many arrays and maps the values stand.
    mutating func values(count: Int, depth: Int = 0) throws(FrameError) -> [Value] {
        guard count > 0 else { return [] }
        guard count <= IntegerColumn.countMost else { throw .malformed("column too long") }
        let first = try byte()
        guard first == ValueColumn.mixed else {
            return try values(count: count, kind: try kind(Int64(first)), depth: depth)
        }
        let codes = try column(count: count)
        var kinds: [ValueColumn.Kind] = []
        kinds.reserveCapacity(count)
        for code in codes { kinds.append(try kind(code)) }
        return try values(kinds, depth: depth)
    }

    private func kind(_ code: Int64) throws(FrameError) -> ValueColumn.Kind {
        guard let raw = UInt8(exactly: code), let kind = ValueColumn.Kind(rawValue: raw) else {
            throw .malformed("kind of value \(code) is not known here")
        }
        return kind
    }

    /// A column of one kind, without a list of kinds.
    private mutating func values(
        count: Int, kind: ValueColumn.Kind, depth: Int
    ) throws(FrameError) -> [Value] {
        switch kind {
        case .int: return try column(count: count).map { .int($0) }
        case .decimal: return try decimals(count: count).map { $0.double }
        case .number: return try decimals(count: count).map { $0.number }
        case .double: return try doubles(count: count)
        case .string: return try texts(count: count)
        case .no: return [Value](repeating: .bool(false), count: count)
        case .yes: return [Value](repeating: .bool(true), count: count)
        case .null: return [Value](repeating: .null, count: count)
        case .whole: return try wholes(count: count, depth: depth)
        }
    }

    private mutating func values(
        _ kinds: [ValueColumn.Kind], depth: Int
    ) throws(FrameError) -> [Value] {
        var counts = [Int](repeating: 0, count: Int(ValueColumn.Kind.most) + 1)
        for kind in kinds { counts[Int(kind.rawValue)] += 1 }
        func count(_ kind: ValueColumn.Kind) -> Int { counts[Int(kind.rawValue)] }
        // In the order in which they are on the wire; decimals of both kinds share a column.
        var ints = try column(count: count(.int)).makeIterator()
        var decimals = try decimals(count: count(.decimal) + count(.number)).makeIterator()
        var doubles = try doubles(count: count(.double)).makeIterator()
        var texts = try texts(count: count(.string)).makeIterator()
        var wholes = try wholes(count: count(.whole), depth: depth).makeIterator()
        var values: [Value] = []
        values.reserveCapacity(kinds.count)
        for kind in kinds {
            let value: Value? =
                switch kind {
                case .int: ints.next().map { .int($0) }
                case .decimal: decimals.next().map { $0.double }
                case .number: decimals.next().map { $0.number }
                case .double: doubles.next()
                case .string: texts.next()
                case .no: .bool(false)
                case .yes: .bool(true)
                case .null: .null
                case .whole: wholes.next()
                }
            // The counts say that there is one.
            guard let value else { throw .truncated }
            values.append(value)
        }
        return values
    }
}

extension ByteReader {
    /// A decimal as it was read.
    private struct Decimal {
        let mantissa: Int64
        let ulps: Int64
        let power: Int64

        var double: Value {
            .number(
                DecimalNumber.double(mantissa: mantissa, ulps: ulps, power: Double(power)))
        }

        var number: Value {
            ulps == 0 && mantissa % power == 0 ? .int(mantissa / power) : double
        }
    }

    private mutating func decimals(count: Int) throws(FrameError) -> [Decimal] {
        guard count > 0 else { return [] }
        let head = try byte()
        let scale = Int(head & ~ValueColumn.hasUlps)
        guard scale <= DecimalNumber.scaleMost else { throw .malformed("scale \(scale)") }
        let power = DecimalNumber.integerPower(scale)
        let mantissas = try column(count: count)
        guard head & ValueColumn.hasUlps != 0 else {
            return mantissas.map { Decimal(mantissa: $0, ulps: 0, power: power) }
        }
        let ulps = try column(count: count)
        return zip(mantissas, ulps).map { Decimal(mantissa: $0, ulps: $1, power: power) }
    }

    private mutating func doubles(count: Int) throws(FrameError) -> [Value] {
        guard count > 0 else { return [] }
        let shift = try byte()
        guard shift < 64 else { throw .malformed("shift of \(shift) bits") }
        return try column(count: count).map {
            .number(Double(bitPattern: UInt64(bitPattern: $0) << UInt64(shift)))
        }
    }

    private mutating func texts(count: Int) throws(FrameError) -> [Value] {
        let indices = try column(count: count)
        var distinct = 0
        for index in indices {
            guard index >= 0, index <= distinct else { throw .malformed("text out of order") }
            if index == distinct { distinct += 1 }
        }
        // Each has a byte at least, which bounds what is reserved for them.
        guard distinct <= remaining else { throw .truncated }
        var texts: [Value] = []
        texts.reserveCapacity(distinct)
        for _ in 0..<distinct { texts.append(.string(try string())) }
        var values: [Value] = []
        values.reserveCapacity(count)
        var used = 0
        for index in indices {
            let text = texts[Int(index)]
            if index == used {
                used += 1
            } else if case .string(let text) = text,
                text.utf8.count > ValueColumn.repeatedTextMost
            {
                throw .malformed("a long text that repeats")
            }
            values.append(text)
        }
        return values
    }

    private mutating func wholes(count: Int, depth: Int) throws(FrameError) -> [Value] {
        guard count <= remaining else { throw .truncated }
        var values: [Value] = []
        values.reserveCapacity(count)
        for _ in 0..<count { values.append(try value(depth: depth)) }
        return values
    }
}
