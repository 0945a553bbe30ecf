import TestSupport
import Testing

@testable import SyncProtocol

@Suite struct ByteReaderTests {
    private func read<Result>(
        _ bytes: [UInt8], _ body: (inout ByteReader) throws(FrameError) -> Result
    ) throws(FrameError) -> Result {
        var reader = ByteReader(bytes[...])
        let result = try body(&reader)
        guard reader.isAtEnd else { throw .malformed("not at the end") }
        return result
    }

    @Test(
        arguments: [
            (UInt64(0), [0]), (127, [0x7F]), (128, [0x80, 1]), (16_383, [0xFF, 0x7F]),
            (16_384, [0x80, 0x80, 1]), (.max, [UInt8](repeating: 0xFF, count: 9) + [1]),
            (1 << 63, [UInt8](repeating: 0x80, count: 9) + [1]),
        ] as [(UInt64, [UInt8])])
    func varintsTakeSevenBitsAByte(value: UInt64, bytes: [UInt8]) throws {
        var writer = ByteWriter()
        writer.varint(value)
        #expect(writer.bytes == bytes)
        #expect(try read(bytes) { (reader) throws(FrameError) in try reader.varint() } == value)
    }

    /// The tenth byte has room for one bit; more is an error and is not cut off.
    @Test func varintsOver64BitsAreMalformed() {
        let nine = [UInt8](repeating: 0xFF, count: 9)
        for end: [UInt8] in [[2], [0x7F], [0x80], [0x81, 0], [0xFF, 0xFF, 1]] {
            #expect(throws: FrameError.malformed("number over 64 bits")) {
                try read(nine + end) { (reader) throws(FrameError) in try reader.varint() }
            }
        }
        #expect(throws: FrameError.truncated) {
            try read(nine) { (reader) throws(FrameError) in try reader.varint() }
        }
        #expect(throws: FrameError.truncated) {
            try read([]) { (reader) throws(FrameError) in try reader.varint() }
        }
    }

    @Test(arguments: [
        (Int64(0), UInt8(0)), (-1, 1), (1, 2), (-2, 3), (63, 126), (-64, 127),
    ])
    func zigzagKeepsSmallNumbersShort(value: Int64, byte: UInt8) throws {
        #expect(try read([byte]) { (reader) throws(FrameError) in try reader.zigzag() } == value)
    }

    @Test func numbersReadBackTheSame() throws {
        var generator = SeededGenerator.announced(for: "numbersReadBackTheSame")
        let edges: [UInt64] = [0, 1, .max, 1 << 63, 1 << 63 - 1]
        let values =
            edges + (0..<2000).map { _ in generator.next() >> UInt64(generator.number(0...63)) }
        for value in values {
            var writer = ByteWriter()
            writer.varint(value)
            writer.zigzag(Int64(bitPattern: value))
            writer.fixed64(value)
            let read = try read(writer.bytes) { (reader) throws(FrameError) in
                (try reader.varint(), try reader.zigzag(), try reader.fixed64())
            }
            #expect(read == (value, Int64(bitPattern: value), value))
        }
    }

    @Test func fixedNumbersAreLittleEndian() throws {
        var writer = ByteWriter()
        writer.fixed32(0x0102_0304)
        #expect(writer.bytes == [4, 3, 2, 1])
        let bytes: [UInt8] = [8, 7, 6, 5, 4, 3, 2, 1]
        let value = try read(bytes) { (reader) throws(FrameError) in try reader.fixed64() }
        #expect(value == 0x0102_0304_0506_0708)
        #expect(throws: FrameError.truncated) {
            try read(Array(bytes.dropLast())) { (reader) throws(FrameError) in
                try reader.fixed64()
            }
        }
    }

    @Test func aNameIsSpelledOnce() throws {
        var writer = ByteWriter()
        for name in ["a", "b", "a", "b"] { writer.name(name) }
        #expect(writer.bytes == [0, 1, 0x61, 0, 1, 0x62, 1, 2])
        let names = try read(writer.bytes) { (reader) throws(FrameError) in
            [try reader.name(), try reader.name(), try reader.name(), try reader.name()]
        }
        #expect(names == ["a", "b", "a", "b"])
        #expect(throws: FrameError.malformed("unknown name")) {
            try read([1]) { (reader) throws(FrameError) in try reader.name() }
        }
    }

    @Test func theDictionaryIsBounded() throws {
        var writer = ByteWriter()
        for number in 0...FrameBounds.names { writer.name("\(number)") }
        let count = writer.bytes.count
        writer.name("\(FrameBounds.names - 1)")
        #expect(writer.bytes.count == count + 2)
        writer.name("\(FrameBounds.names)")
        #expect(writer.bytes.count > count + 4)
    }
}
