extension ByteWriter {
    /// Integers whose count the reader knows, at most `IntegerColumn.countMost`: one byte that
    /// says how, and then they in the shortest of the forms of `IntegerColumn`. None take no
    /// byte.
    mutating func column(_ numbers: [Int64]) {
        column(IntegerColumn.plan(numbers))
    }

    mutating func column(_ plan: IntegerColumn.Plan?) {
        guard let plan else { return }
        let (column, residuals) = (plan.column, plan.residuals)
        byte(column.code)
        for seed in residuals[..<column.order] { zigzag(seed) }
        let rest = residuals[column.order...]
        switch column.form {
        case .constant: zigzag(rest[rest.startIndex])
        case .varints: for residual in rest { zigzag(residual) }
        case .runs: runs(rest)
        case .rice(let lowBits):
            var bits = BitWriter()
            for residual in rest { bits.putRice(residual.zigzag, lowBits: lowBits, to: &self) }
            bits.finish(&self)
        case .packed(let width): packed(rest, width: width)
        }
    }

    private mutating func runs(_ residuals: ArraySlice<Int64>) {
        var start = residuals.startIndex
        while start < residuals.endIndex {
            var end = start + 1
            while end < residuals.endIndex, residuals[end] == residuals[start] { end += 1 }
            varint(UInt64(end - start - 1))
            zigzag(residuals[start])
            start = end
        }
    }

    private mutating func packed(_ residuals: ArraySlice<Int64>, width: Int) {
        let minimum = residuals.min() ?? 0
        zigzag(minimum)
        var bits = BitWriter()
        for residual in residuals {
            // The distance of two signed numbers fits 64 bits without a sign.
            bits.put(UInt64(bitPattern: residual &- minimum), width: width, to: &self)
        }
        bits.finish(&self)
    }
}
