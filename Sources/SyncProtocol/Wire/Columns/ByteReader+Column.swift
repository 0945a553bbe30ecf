extension ByteReader {
    /// What `ByteWriter.column` wrote. Takes eight bytes of memory an element and a bounded time.
    ///
    /// The caller must have bounded `count` by what the column is part of: a constant column says
    /// any count in three bytes. Over `IntegerColumn.countMost` it is refused here.
    mutating func column(count: Int) throws(FrameError) -> [Int64] {
        guard count > 0 else { return [] }
        guard count <= IntegerColumn.countMost else { throw .malformed("column too long") }
        let code = try byte()
        guard let column = IntegerColumn(code: code) else {
            throw .malformed("column form \(code) is not known here")
        }
        let order = column.order
        guard count > order else { throw .malformed("column shorter than its seeds") }
        try require(column.form, count: count - order)
        var numbers: [Int64] = []
        numbers.reserveCapacity(count)
        for _ in 0..<order { numbers.append(try zigzag()) }
        switch column.form {
        case .constant:
            numbers.append(contentsOf: repeatElement(try zigzag(), count: count - order))
        case .varints: for _ in order..<count { numbers.append(try zigzag()) }
        case .runs:
            while numbers.count < count {
                let others = try varint()
                let residual = try zigzag()
                guard others < UInt64(count - numbers.count) else {
                    throw .malformed("run longer than its column")
                }
                numbers.append(contentsOf: repeatElement(residual, count: Int(others) + 1))
            }
        case .rice(let lowBits):
            var bits = BitReader()
            for _ in order..<count {
                numbers.append(try bits.takeRice(lowBits: lowBits, from: &self).unzigzag)
            }
            try bits.finish()
        case .packed(let width):
            let minimum = try zigzag()
            var bits = BitReader()
            for _ in order..<count {
                let distance = try bits.take(width: width, from: &self)
                numbers.append(minimum &+ Int64(bitPattern: distance))
            }
            try bits.finish()
        }
        IntegerColumn.sum(&numbers, order: order)
        return numbers
    }

    /// Refuses a count that the bytes that are left cannot hold before memory is taken for it.
    private func require(_ form: IntegerColumn.Form, count: Int) throws(FrameError) {
        let bits =
            switch form {
            case .constant: 8
            case .runs: 16
            case .varints: 8 * count
            case .rice(let lowBits): (lowBits + 1) * count
            case .packed(let width): width * count
            }
        guard bits <= 8 * remaining else { throw .truncated }
    }
}
