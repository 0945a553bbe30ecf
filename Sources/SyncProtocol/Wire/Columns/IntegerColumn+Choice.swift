extension IntegerColumn {
    /// A column that is ready to be written.
    struct Plan {
        let column: IntegerColumn
        /// The numbers as differences of the column's order.
        let residuals: [Int64]
        /// What it takes on the wire, the code's byte with it.
        let byteCount: Int
    }

    /// The shortest way to write these numbers; ties go to the lowest code. Nil for none.
    static func plan(_ numbers: [Int64]) -> Plan? {
        guard let first = numbers.first else { return nil }
        var choice = Choice()
        var sizes = ResidualSizes(numbers, order: 0, seedBytes: 0)
        choice.consider(sizes)
        // Nothing is shorter than one number for all.
        if choice.column.form == .constant { return choice.plan([numbers]) }
        var candidates = [numbers]
        var seedBytes = first.zigzag.varintLength
        for order in 1..<min(ordersCount, numbers.count) {
            let residuals = differences(candidates[order - 1], order: order)
            let lowerBits = sizes.bits
            sizes = ResidualSizes(residuals, order: order, seedBytes: seedBytes)
            choice.consider(sizes)
            candidates.append(residuals)
            // Where differences are larger than what they are of, theirs are larger still.
            if sizes.bits > lowerBits { break }
            seedBytes += residuals[order].zigzag.varintLength
        }
        choice.considerRice(candidates)
        return choice.plan(candidates)
    }

    /// The best form so far.
    private struct Choice {
        private(set) var column = IntegerColumn(order: 0, form: .varints)
        private var bytes = Int.max
        private var smoothest = ResidualSizes()

        mutating func consider(_ sizes: ResidualSizes) {
            if sizes.isConstant { offer(sizes.order, .constant, sizes.constantBytes) }
            offer(sizes.order, .varints, sizes.varintBytes)
            offer(sizes.order, .runs, sizes.runBytes)
            offer(sizes.order, .packed(width: sizes.width), sizes.packedBytes)
            if sizes.count > 0, smoothest.count == 0 || sizes.bits < smoothest.bits {
                smoothest = sizes
            }
        }

        /// Rice codes are tried on the order with the fewest bits, with the low bits that a
        /// geometric distribution of that mean length wants and their neighbours.
        mutating func considerRice(_ candidates: [[Int64]]) {
            let middle = min(smoothest.bits / smoothest.count, riceLowBitsMost - 1)
            let least = max(middle - 1, 0)
            // Each code has at least one bit more than its low ones.
            guard smoothest.seedBytes + smoothest.count * (least + 1) / 8 < bytes else { return }
            for lowBits in least...middle + 1 {
                offer(
                    smoothest.order, .rice(lowBits: lowBits),
                    smoothest.riceBytes(of: candidates[smoothest.order], lowBits: lowBits))
            }
        }

        func plan(_ candidates: [[Int64]]) -> Plan {
            Plan(
                column: column, residuals: candidates[column.order], byteCount: 1 + bytes)
        }

        private mutating func offer(_ order: Int, _ form: Form, _ size: Int) {
            guard size <= bytes else { return }
            let offered = IntegerColumn(order: order, form: form)
            guard size < bytes || offered.code < column.code else { return }
            (column, bytes) = (offered, size)
        }
    }
}

/// What residuals of one order take in each form, in bytes behind the code.
private struct ResidualSizes {
    private(set) var order = 0
    /// Residuals behind the seeds.
    private(set) var count = 0
    /// The seeds' bytes, in each form the same.
    private(set) var seedBytes = 0
    /// The sum of all zigzag residuals' lengths in bits.
    private(set) var bits = 0
    private(set) var varintBytes = 0
    private(set) var runBytes = 0
    private var minimum = Int64.max
    private var maximum = Int64.min

    init() {}

    init(_ residuals: [Int64], order: Int, seedBytes: Int) {
        self.order = order
        self.seedBytes = seedBytes
        count = residuals.count - order
        var (runLength, runResidual) = (UInt64(0), residuals[order])
        var index = order
        while index < residuals.count {
            let residual = residuals[index]
            let length = residual.zigzag.bitLength
            bits &+= length
            varintBytes &+= (length &* 9 &+ 64) &>> 6
            minimum = min(minimum, residual)
            maximum = max(maximum, residual)
            if residual == runResidual {
                runLength &+= 1
            } else {
                runBytes += (runLength - 1).varintLength + runResidual.zigzag.varintLength
                (runLength, runResidual) = (1, residual)
            }
            index &+= 1
        }
        runBytes += (runLength - 1).varintLength + runResidual.zigzag.varintLength + seedBytes
        varintBytes += seedBytes
    }

    var isConstant: Bool { minimum == maximum }
    var constantBytes: Int { seedBytes + minimum.zigzag.varintLength }
    var width: Int {
        IntegerColumn.width(forBits: UInt64(bitPattern: maximum &- minimum).bitLength)
    }
    var packedBytes: Int { constantBytes + (width * count + 7) / 8 }

    func riceBytes(of residuals: [Int64], lowBits: Int) -> Int {
        var bits = 0
        var index = order
        while index < residuals.count {
            bits &+= RiceCode.bits(residuals[index].zigzag, lowBits: lowBits)
            index &+= 1
        }
        return seedBytes + (bits + 7) / 8
    }
}

/// A number as a quotient in ones, a zero, and low bits (Rice, "Some Practical Universal Noiseless
/// Coding Techniques", JPL 79-22, 1979), with a way out for outliers.
enum RiceCode {
    /// Bits behind the ones of an outlier that say its length less one.
    static let lengthBits = 6

    /// The bits that a number takes.
    static func bits(_ number: UInt64, lowBits: Int) -> Int {
        let quotient = number >> UInt64(lowBits)
        return quotient < UInt64(IntegerColumn.riceQuotientMost)
            ? Int(quotient) + 1 + lowBits
            : IntegerColumn.riceQuotientMost + lengthBits + number.bitLength
    }
}
