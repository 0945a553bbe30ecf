import Platform
import TestSupport
import Testing

@testable import SyncProtocol

extension SeededGenerator {
    /// A column as properties have it, or of anything.
    mutating func values(count: Int) -> [Value] {
        let shape = number(0...9)
        let scales: [Double] = [1, 10, 100, 1000, 1e9]
        let scale = scales.randomElement(using: &self) ?? 1
        var last = number(-9000...9000)
        return (0..<count).map { _ in
            last += number(-30...30)
            switch shape {
            case 0: return .number(Double(last) / scale)
            case 1:
                // As a program prints what it measured: 21, then 21.5.
                return last % 10 == 0 ? .int(Int64(last / 10)) : .number(Double(last) / 10)
            case 2: return .number(Double(bitPattern: next()))
            case 3: return .number(Double(Float(Double(last) / scale)))
            case 4: return .number(Double(last) / 100 * 1.1)
            case 5: return .bool(once(in: 3))
            case 6:
                return .string(["on", "off", "e\u{301}", "é"].randomElement(using: &self) ?? "")
            case 7: return .int(Int64(last))
            default: return value()
            }
        }
    }
}

private func encoded(_ values: [Value]) -> [UInt8] {
    var writer = ByteWriter()
    writer.values(values)
    return writer.bytes
}

private func decoded(_ bytes: [UInt8], count: Int) throws(FrameError) -> [Value] {
    var reader = ByteReader(bytes[...])
    let values = try reader.values(count: count)
    guard reader.isAtEnd else { throw .malformed("not at the end") }
    return values
}

private func refusal(_ bytes: [UInt8], count: Int) -> FrameError? {
    do throws(FrameError) {
        _ = try decoded(bytes, count: count)
        return nil
    } catch { return error }
}

@Suite struct ValueColumnTests {
    private func expectRoundTrip(_ values: [Value], line: Int = #line) throws {
        #expect(try decoded(encoded(values), count: values.count) == values, "line \(line)")
    }

    @Test func valuesReadBackTheSame() throws {
        var generator = SeededGenerator.announced(for: "valuesReadBackTheSame")
        for _ in 0..<5000 {
            try expectRoundTrip(generator.values(count: generator.number(0...40)))
        }
    }

    /// Equality of values is by kind and by bits: an integer does not come back as a double, nor
    /// the other way round.
    @Test func everyNumberKeepsItsKindAndItsBits() throws {
        let numbers: [Double] = [
            0, 1, -1, 0.1, 0.1 + 0.2, 1 / 3, .pi, .leastNonzeroMagnitude, -.leastNonzeroMagnitude,
            .leastNormalMagnitude, .leastNormalMagnitude.nextDown, .greatestFiniteMagnitude,
            -.greatestFiniteMagnitude,
            .infinity, -.infinity, .nan, 9_007_199_254_740_992, 9_007_199_254_740_991,
            -9_007_199_254_740_992, 9_007_199_254_740_994, 900_719_925_474_099.3,
            0.49999999999999994, 4_503_599_627_370_497.5, 1e15 + 0.375, 1e22, 1e23, 123456.789,
            73.96732207, 74.93588199999998, 51.846000000000004,
        ]
        for number in numbers {
            try expectRoundTrip([.number(number)])
            try expectRoundTrip([.number(number), .number(21.5), .int(21), .number(21)])
            try expectRoundTrip([.int(.min), .number(number), .int(.max), .number(0.01)])
        }
        try expectRoundTrip(numbers.map { .number($0) })
        // The encoder is given canonical values; what is not becomes it, as in `ValueCodec`.
        #expect(try decoded(encoded([.double(-0.0)]), count: 1) == [.double(0)])
    }

    @Test func hundredthsReadBackTheSame() throws {
        try expectRoundTrip((-40_000..<25_000).map { .number(Double($0) / 100) })
        try expectRoundTrip((0..<60_000).map { .number(Double($0) * 0.01) })
    }

    /// A source that prints 21 for 21.0 has one series: whole numbers and others stand together.
    @Test func wholeNumbersAmongDecimalsDoNotDivideASeries() throws {
        var generator = SeededGenerator(seed: 3)
        var tenths = 210
        let doubles: [Int] = (0..<200).map { _ in
            tenths += generator.number(-3...3)
            return tenths
        }
        let asPrinted: [Value] = doubles.map {
            $0 % 10 == 0 ? .int(Int64($0 / 10)) : .number(Double($0) / 10)
        }
        let asDoubles: [Value] = doubles.map { .number(Double($0) / 10) }
        #expect(encoded(asPrinted).count == encoded(asDoubles).count)
        try expectRoundTrip(asPrinted)
        // Here 21 and 21.0 both occur, and neither may become the other.
        try expectRoundTrip(asPrinted + asDoubles)
    }

    @Test func sizesOfKnownColumns() {
        var generator = SeededGenerator(seed: 5)
        let readings = (0..<20).map { _ in Value.number(Double(generator.number(0...9000)) / 100) }
        #expect(encoded(readings).count <= 40)
        #expect(encoded([Value](repeating: .bool(true), count: 300)) == [4])
        #expect(encoded([Value](repeating: .null, count: 300)) == [5])
        #expect(encoded([Value](repeating: .string("heating"), count: 300)).count == 11)
        let flags = (0..<256).map { _ in Value.bool(generator.once(in: 2)) }
        #expect(encoded(flags).count <= 36)
        // A product's noise in the last place costs a few bits, not the double's eight bytes.
        let products = (0..<100).map { _ in
            Value.number(Double(generator.number(0...200)) / 100 * 1.1)
        }
        #expect(encoded(products).count <= 250)
        // A double that was 32 bits long takes those.
        let floats = (0..<100).map { _ in
            Value.number(Double(Float.random(in: 10..<16, using: &generator)))
        }
        #expect(encoded(floats).count <= 310)
        // One double that is no decimal among such that are.
        #expect(encoded(readings + [.number(.pi)]).count <= encoded(readings).count + 16)
    }

    @Test func truncationIsNoticedAtEachByte() {
        var generator = SeededGenerator.announced(for: "truncationIsNoticedAtEachByte")
        for _ in 0..<200 {
            let values = generator.values(count: generator.number(1...20))
            let bytes = encoded(values)
            for length in 0..<bytes.count {
                #expect(refusal(Array(bytes[..<length]), count: values.count) == .truncated)
            }
        }
    }

    @Test func randomBytesNeverTrap() {
        var generator = SeededGenerator.announced(for: "randomBytesNeverTrap")
        for round in 0..<8000 {
            var bytes = generator.list(0...40) { UInt8(truncatingIfNeeded: $0.next()) }
            // Every other time a beginning that is likely to be read.
            if round % 2 == 0 { bytes.insert(UInt8(generator.number(0...8)), at: 0) }
            let count = generator.once(in: 9) ? 70_000 : generator.number(0...80)
            var reader = ByteReader(bytes[...])
            guard let values = try? reader.values(count: count) else { continue }
            #expect(values.count == count)
        }
    }

    /// What was written, with one byte changed: another column or an error.
    @Test func changedBytesNeverTrap() {
        var generator = SeededGenerator.announced(for: "changedBytesNeverTrap")
        for _ in 0..<5000 {
            let values = generator.values(count: generator.number(1...20))
            var bytes = encoded(values)
            bytes[generator.number(0...bytes.count - 1)] = UInt8(generator.number(0...255))
            var reader = ByteReader(bytes[...])
            guard let read = try? reader.values(count: values.count) else { continue }
            #expect(read.count == values.count)
        }
    }

    @Test func brokenColumnsAreRefused() {
        #expect(refusal([5], count: IntegerColumn.countMost) == nil)
        #expect(refusal([5], count: IntegerColumn.countMost + 1) == .malformed("column too long"))
        #expect(refusal([9], count: 1) == .malformed("kind of value 9 is not known here"))
        // A kind beyond the known, in a list of kinds.
        #expect(refusal([15, 0, 18], count: 1) == .malformed("kind of value 9 is not known here"))
        #expect(refusal([15, 0, 1], count: 1) == .malformed("kind of value -1 is not known here"))
        #expect(refusal([1, 10, 0, 0], count: 1) == .malformed("scale 10"))
        #expect(refusal([1, 0x20, 0, 0], count: 1) == .malformed("scale 32"))
        #expect(refusal([7, 64, 0, 0], count: 1) == .malformed("shift of 64 bits"))
        // The first text has number 0, the next new one 1.
        #expect(refusal([2, 0, 0, 1, 0x61], count: 3) == nil)
        #expect(refusal([2, 0, 2, 1, 0x61], count: 3) == .malformed("text out of order"))
        #expect(refusal([2, 0, 1, 1, 0x61], count: 3) == .malformed("text out of order"))
        #expect(refusal([6, 9], count: 1) == .malformed("value type 9 is not known here"))
    }

    /// An index of a bit must not stand for a quarter of a megabyte.
    @Test func longTextsDoNotRepeat() throws {
        let most = String(repeating: "x", count: ValueColumn.repeatedTextMost)
        let long = most + "x"
        #expect(encoded([.string(most), .string(most)]).count < 2 * most.utf8.count)
        #expect(encoded([.string(long), .string(long)]).count > 2 * long.utf8.count)
        try expectRoundTrip([.string(long), .string(most), .string(long), .string(most)])
        let bytes: [UInt8] = [2, 0, 0, 0x81, 2] + [UInt8](long.utf8)
        #expect(refusal(bytes, count: 1) == nil)
        #expect(refusal(bytes, count: 2) == .malformed("a long text that repeats"))
    }
}
