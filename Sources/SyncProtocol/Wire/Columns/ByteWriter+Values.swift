import Platform

extension ByteWriter {
    /// Values whose count the reader knows, at most `IntegerColumn.countMost`: their kinds, then
    /// those of each kind together. None take no byte.
    mutating func values(_ values: [Value]) {
        guard !values.isEmpty else { return }
        let division = ValueDivision(values)
        let plan = division.plan()
        byte(plan.commonKind?.rawValue ?? ValueColumn.mixed)
        column(plan.kinds)
        column(plan.ints)
        if plan.mantissas != nil {
            byte(UInt8(division.scale) | (plan.ulps == nil ? 0 : ValueColumn.hasUlps))
            column(plan.mantissas)
            column(plan.ulps)
        }
        doubles(division.bits)
        texts(division.texts)
        for value in division.wholes { self.value(value) }
    }

    /// Doubles by their bits, without the low bits that all of them have at zero: doubles that
    /// came from 32 bits lose 29.
    private mutating func doubles(_ bits: [Int64]) {
        guard !bits.isEmpty else { return }
        let all = UInt64(bitPattern: bits.reduce(0, |))
        let shift = min(all.trailingZeroBitCount, 63)
        byte(UInt8(shift))
        column(bits.map { Int64(bitPattern: UInt64(bitPattern: $0) >> UInt64(shift)) })
    }

    private mutating func texts(_ texts: TextColumn) {
        column(texts.indices)
        for text in texts.distinct { string(text) }
    }
}
