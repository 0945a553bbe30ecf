import Platform
import TestSupport

@testable import SyncProtocol

extension FuzzTarget {
    /// A byte of choices, then a count and a column of integers, or the integers themselves:
    /// bit 0.
    static let column = FuzzTarget(
        name: "column",
        run: { bytes in
            var input = FuzzInput(bytes)
            let numbers: [Int64]
            if input.byte() & 1 == 0 {
                let count = input.count()
                var reader = ByteReader(input.all()[...])
                guard let read = Oracle.read({ try? reader.column(count: count) }) else { return }
                Oracle.expect(read.count == count, "\(read.count) numbers where \(count) are")
                numbers = read
            } else {
                numbers = ColumnInput.numbers(&input)
            }
            ColumnInput.check(numbers)
        },
        random: { encoded(ColumnInput.series($0.number(1...30), &$0)) },
        large: { encoded(ColumnInput.series(4000, &$0)) })

    private static func encoded(_ numbers: [Int64]) -> [UInt8] {
        var writer = ByteWriter()
        writer.column(numbers)
        return [0, UInt8(numbers.count & 0xFF), UInt8(numbers.count >> 8)] + writer.bytes
    }

    /// A count, then a column of values.
    static let values = FuzzTarget(
        name: "values",
        run: { bytes in
            var input = FuzzInput(bytes)
            let count = input.count()
            var reader = ByteReader(input.all()[...])
            guard let values = Oracle.read({ try? reader.values(count: count) }) else { return }
            Oracle.expect(values.count == count, "\(values.count) values where \(count) are")
            var writer = ByteWriter()
            writer.values(values)
            var again = ByteReader(writer.bytes[...])
            let read = try? again.values(count: count)
            Oracle.expect(read == values, "\(values) were read back as \(String(describing: read))")
            Oracle.expect(again.isAtEnd, "bytes after the values")
        },
        examples: [encoded(Array(repeating: .string("on"), count: 0xFFFF))],
        random: { encoded(ColumnInput.values($0.number(1...20), &$0)) },
        large: { encoded(ColumnInput.values(4000, &$0)) })

    private static func encoded(_ values: [Value]) -> [UInt8] {
        var writer = ByteWriter()
        writer.values(values)
        return [UInt8(values.count & 0xFF), UInt8(values.count >> 8)] + writer.bytes
    }
}

enum ColumnInput {
    /// Integers of as many bytes as the first byte says, with their sign.
    static func numbers(_ input: inout FuzzInput) -> [Int64] {
        let width = 1 + Int(input.byte() & 7)
        var numbers: [Int64] = []
        while !input.isEmpty, numbers.count < IntegerColumn.countMost {
            let raw = Int64(bitPattern: input.number(bytes: width)) << (64 - 8 * width)
            numbers.append(raw >> (64 - 8 * width))
        }
        return numbers
    }

    static func check(_ numbers: [Int64]) {
        var writer = ByteWriter()
        writer.column(numbers)
        let planned = IntegerColumn.plan(numbers)?.byteCount ?? 0
        Oracle.expect(writer.bytes.count == planned, "\(numbers) take another length than planned")
        var reader = ByteReader(writer.bytes[...])
        let read = try? reader.column(count: numbers.count)
        Oracle.expect(read == numbers, "\(numbers) were read back as \(String(describing: read))")
        Oracle.expect(reader.isAtEnd, "bytes after the column")
    }

    /// Integers as columns have them: noise, a walk, a clock, runs, or one for all.
    static func series(_ count: Int, _ generator: inout SeededGenerator) -> [Int64] {
        let kind = generator.number(0...4)
        let step = Int64(generator.number(1...60_000))
        var number = Int64(generator.number(-3000...3000))
        return (0..<count).map { _ in
            switch kind {
            case 0: return Int64(bitPattern: generator.next() >> UInt64(generator.number(0...63)))
            case 1: number += Int64(generator.number(-9...9))
            case 2: number += step
            case 3: if generator.once(in: 8) { number = Int64(generator.number(-99...99)) }
            default: break
            }
            return number
        }
    }

    static func values(_ count: Int, _ generator: inout SeededGenerator) -> [Value] {
        let (isMixed, kind) = (generator.once(in: 2), generator.number(0...6))
        return (0..<count).map { _ in
            isMixed ? generator.value(depth: 1) : value(kind, &generator)
        }
    }

    /// One of a kind, as one property of a device has them.
    private static func value(_ kind: Int, _ generator: inout SeededGenerator) -> Value {
        switch kind {
        case 0: .int(Int64(generator.number(-70...70)))
        case 1: .double(Double(generator.number(-999...9999)) / 100)
        case 2: .double(Double(Float(generator.number(1...9999)) / 7))
        case 3: .string(generator.text())
        case 4: .bool(generator.once(in: 2))
        case 5: generator.once(in: 2) ? .int(21) : .double(21.5)
        default: .bytes([UInt8(generator.number(0...255))])
        }
    }
}
