import Platform
import TestSupport
import Testing

@Suite struct JSONRoundTripTests {
    @Test func whatIsWrittenReadsBackTheSame() throws {
        var generator = SeededGenerator.announced(for: "whatIsWrittenReadsBackTheSame")
        for _ in 0..<2000 {
            let value = Value.random(&generator)
            let read = try JSONReader.read(value.json)
            #expect(read == value, "\(value.json)")
            #expect(read.json.utf8.elementsEqual(value.json.utf8))
        }
    }

    @Test(arguments: [
        (Value.null, "null"), (.int(.min), "-9223372036854775808"), (.double(1), "1.0"),
        (.double(1e16), "1e+16"), (.double(.leastNonzeroMagnitude), "5e-324"),
        (.double(.nan), "null"),
        (.double(.infinity), "null"), (.double(-.infinity), "null"),
        (.bytes([0, 0x0F, 0xFF]), "\"000fff\""), (.bytes([]), "\"\""),
        (.string("\"\\/\n\r\t\u{8}\0é"), #""\"\\/\n\r\t\u0008\u0000é""#),
        (.array([.bool(true), .map([])]), "[true,{}]"),
        (.object([("b", .int(1)), ("a", .null)]), #"{"a":null,"b":1}"#),
    ])
    func writesOneLine(value: Value, expected: String) {
        #expect(value.json == expected)
    }

    @Test func randomBytesGiveAValueOrAnError() {
        var generator = SeededGenerator.announced(for: "randomBytesGiveAValueOrAnError")
        let alphabet = Array("{}[]\",:\\u0123456789abcdefeE+-. \ntrue null\u{E9}".utf8)
        var read = 0
        for _ in 0..<10_000 {
            let isPlain = generator.once(in: 4)
            let bytes = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
                isPlain
                    ? UInt8.random(in: 0...255, using: &generator)
                    : alphabet.randomElement(using: &generator) ?? 0
            }
            if let value = try? JSONReader.read(bytes) {
                read += 1
                #expect((try? JSONReader.read(value.json)) == value)
            }
        }
        #expect(read > 0)
    }

    /// Nearly right text gets deeper into the reader than noise does.
    @Test func mutatedTextGivesAValueOrAnError() {
        var generator = SeededGenerator.announced(for: "mutatedTextGivesAValueOrAnError")
        var outcomes = (read: 0, refused: 0)
        for _ in 0..<6000 {
            var bytes = Array(Value.random(&generator).json.utf8)
            for _ in 0..<Int.random(in: 1...3, using: &generator) where !bytes.isEmpty {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
                case 1: bytes.remove(at: index)
                case 2: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: index)
                default: bytes.removeSubrange(index...)
                }
            }
            if let value = try? JSONReader.read(bytes) {
                outcomes.read += 1
                #expect((try? JSONReader.read(value.json)) == value)
            } else {
                outcomes.refused += 1
            }
        }
        #expect(outcomes.read > 0 && outcomes.refused > 0)
    }
}
