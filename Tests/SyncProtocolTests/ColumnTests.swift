import TestSupport
import Testing

@testable import SyncProtocol

/// Columns of the shapes that logs and twins have, and of shapes that nobody has.
extension SeededGenerator {
    mutating func column(count: Int) -> [Int64] {
        let edges: [Int64] = [.min, .max, 0, -1, 1, .min + 1, .max - 1]
        let base = once(in: 2) ? Int64(bitPattern: next()) : Int64(number(-300...300))
        let step = once(in: 3) ? Int64(bitPattern: next()) : Int64(number(-70_000...70_000))
        let shift = UInt64(number(0...63))
        let shape = number(0...9)
        var last = base
        return (0..<count).map { index in
            let index = Int64(index)
            switch shape {
            case 0: return base
            case 1: return base &+ step &* index
            case 2: return base &+ step &* index &* index
            case 3: return index % 2 == 0 ? base : step
            case 4: return edges.randomElement(using: &self) ?? 0
            case 5: return Int64(bitPattern: next() >> shift)
            case 6: return base &+ Int64(number(-3...3))
            case 7: return once(in: 20) ? Int64(bitPattern: next()) : base
            case 8:
                if once(in: 9) { last = Int64(number(-5...5)) }
                return last
            default:
                last = last &+ Int64(number(-200...200)) &+ (once(in: 40) ? 1 << 40 : 0)
                return last
            }
        }
    }
}

private func encoded(_ numbers: [Int64]) -> [UInt8] {
    var writer = ByteWriter()
    writer.column(numbers)
    return writer.bytes
}

private func decoded(_ bytes: [UInt8], count: Int) throws(FrameError) -> [Int64] {
    var reader = ByteReader(bytes[...])
    let numbers = try reader.column(count: count)
    guard reader.isAtEnd else { throw .malformed("not at the end") }
    return numbers
}

@Suite struct ColumnTests {
    @Test func columnsReadBackTheSame() throws {
        var generator = SeededGenerator.announced(for: "columnsReadBackTheSame")
        for _ in 0..<6000 {
            let numbers = generator.column(count: generator.number(0...70))
            let bytes = encoded(numbers)
            #expect(try decoded(bytes, count: numbers.count) == numbers)
            #expect(bytes.count == (IntegerColumn.plan(numbers)?.byteCount ?? 0))
        }
    }

    /// Each form is the shortest for the residuals that it is meant for, whichever differences
    /// those are.
    @Test(arguments: 0..<IntegerColumn.ordersCount)
    func eachFormIsChosenForItsKind(order: Int) throws {
        var generator = SeededGenerator(seed: 11)
        let uniform = (0..<40).map { _ in Int64(generator.number(0...1023)) }
        // Halves, quarters, eighths …: the lengths of a Rice code's quotients.
        let geometric = (0..<40).map { index in
            Int64(8 * (index + 1).trailingZeroBitCount + generator.number(0...7))
        }
        let kinds: [(name: String, residuals: [Int64])] = [
            ("constant", [Int64](repeating: 9, count: 40)),
            ("varints", (0..<40).map { $0 % 5 == 0 ? 8000 : 60 + $0 % 4 }),
            ("runs", (0..<40).map { $0 < 15 ? 70 : $0 < 30 ? -9 : 1 << 30 }),
            ("rice", geometric), ("packed", uniform),
        ]
        for (name, residuals) in kinds {
            // Seeds so large that lower orders are long.
            var numbers = (0..<order).map { 1 << 40 + Int64($0) } + residuals
            IntegerColumn.sum(&numbers, order: order)
            let column = try #require(IntegerColumn.plan(numbers)).column
            #expect("\(column.form)".hasPrefix(name), "\(name) is written as \(column)")
            #expect(column.order == order, "\(name) is written as \(column)")
            #expect(try decoded(encoded(numbers), count: numbers.count) == numbers)
        }
    }

    @Test func everyCodeNamesOneForm() {
        var known = 0
        for code in UInt8.min...UInt8.max {
            guard let column = IntegerColumn(code: code) else { continue }
            known += 1
            #expect(column.code == code)
        }
        #expect(known == 9 + 3 * 32 + 3 * 40)
    }

    /// No byte for none, and no more than one beside the number itself for one.
    @Test func shortColumnsCostLittle() throws {
        #expect(encoded([]) == [])
        #expect(try decoded([], count: 0) == [])
        for number: Int64 in [0, -1, 63, 64, -65, 1 << 40, .min, .max] {
            #expect(encoded([number]).count == 1 + number.zigzag.varintLength)
            #expect(encoded([number, number]).count == 1 + number.zigzag.varintLength)
        }
    }

    @Test func sizesOfKnownColumns() {
        let start: Int64 = 1_767_225_600_000
        // A step that does not change costs the same for two as for 256.
        #expect(encoded((0..<256).map { start + 300_000 * $0 }).count <= 10)
        #expect(encoded((0..<256).map { 300_000 * $0 }).count <= 5)
        // One late among 256: a run before and a run after.
        let late = (0..<256).map { start + 300_000 * Int64($0) + ($0 == 100 ? 7 : 0) }
        #expect(encoded(late).count <= 24)
        // Readings that wander by ±1: less than two bits each.
        let wandering = (0..<64).map { Int64(7000 + [0, 1, 0, -1][$0 % 4]) }
        #expect(encoded(wandering).count <= 20)
        // Flags: a bit each.
        var generator = SeededGenerator(seed: 7)
        let flags = (0..<256).map { _ in Int64(generator.number(0...1)) }
        #expect(encoded(flags).count <= 35)
        // One outlier does not make the others wider.
        var spike = (0..<100).map { _ in Int64(generator.number(-8...8)) }
        spike[50] = .max
        #expect(encoded(spike).count <= 85)
        // What has no pattern costs its bits and two bytes and a bit.
        let noise = (0..<100).map { _ in Int64(bitPattern: generator.next()) }
        #expect(encoded(noise).count <= 811)
    }

    @Test func truncationIsNoticedAtEachByte() {
        var generator = SeededGenerator.announced(for: "truncationIsNoticedAtEachByte")
        for _ in 0..<300 {
            let numbers = generator.column(count: generator.number(1...40))
            let bytes = encoded(numbers)
            for length in 0..<bytes.count {
                #expect(throws: FrameError.truncated) {
                    try decoded(Array(bytes[..<length]), count: numbers.count)
                }
            }
        }
    }

    @Test func randomBytesNeverTrap() {
        var generator = SeededGenerator.announced(for: "randomBytesNeverTrap")
        for _ in 0..<8000 {
            let bytes = generator.list(0...40) { UInt8(truncatingIfNeeded: $0.next()) }
            let count = generator.once(in: 9) ? 70_000 : generator.number(0...80)
            var reader = ByteReader(bytes[...])
            guard let numbers = try? reader.column(count: count) else { continue }
            #expect(numbers.count == count)
        }
    }

    @Test func brokenColumnsAreRefused() {
        func refusal(_ bytes: [UInt8], count: Int) -> FrameError? {
            do throws(FrameError) {
                _ = try decoded(bytes, count: count)
                return nil
            } catch { return error }
        }
        #expect(refusal([0, 2], count: IntegerColumn.countMost) == nil)
        #expect(
            refusal([0, 2], count: IntegerColumn.countMost + 1) == .malformed("column too long"))
        for code: UInt8 in [9, 15, 232, 255] {
            #expect(
                refusal([code, 0], count: 1)
                    == .malformed("column form \(code) is not known here"))
        }
        // First differences of one number, second ones of two.
        #expect(refusal([1, 0, 0], count: 1) == .malformed("column shorter than its seeds"))
        #expect(refusal([2, 0, 0, 0], count: 2) == .malformed("column shorter than its seeds"))
        // Runs of two where one is left, and one of 2^64.
        #expect(refusal([6, 1, 0], count: 2) == nil)
        #expect(refusal([6, 1, 0], count: 1) == .malformed("run longer than its column"))
        let longest = [UInt8](repeating: 0xFF, count: 9) + [1]
        #expect(
            refusal([6] + longest + [0], count: 9) == .malformed("run longer than its column"))
        // Three numbers of two bits, and a bit more.
        let packed = IntegerColumn(order: 0, form: .packed(width: 2)).code
        #expect(refusal([packed, 0, 0b00_11_01_10], count: 3) == nil)
        #expect(
            refusal([packed, 0, 0b01_11_01_10], count: 3)
                == .malformed("bits after the last number"))
        // Nothing is reserved for a count that the bytes cannot hold.
        let rice = IntegerColumn(order: 0, form: .rice(lowBits: 0)).code
        #expect(refusal([packed, 0, 0], count: 65_536) == .truncated)
        #expect(refusal([rice, 0, 0], count: 65_536) == .truncated)
        #expect(refusal([3, 0, 0], count: 65_536) == .truncated)
    }

    @Test func widthsHaveCodes() {
        for bits in 0...64 {
            let width = IntegerColumn.width(forBits: bits)
            #expect(width >= max(bits, 1) && width <= max(bits, 1) + 3)
            let column = IntegerColumn(order: 2, form: .packed(width: width))
            #expect(IntegerColumn(code: column.code) == column)
        }
    }
}
