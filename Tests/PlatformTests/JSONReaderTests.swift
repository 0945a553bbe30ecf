import Platform
import Testing

/// What reading fails with; nil where it succeeds.
private func refusal(_ bytes: [UInt8]) -> JSONError.Code? {
    do {
        _ = try JSONReader.read(bytes)
        return nil
    } catch {
        return error.code
    }
}

private func refusal(_ text: String) -> JSONError.Code? { refusal(Array(text.utf8)) }

private func nested(_ levels: Int) -> String {
    String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
}

/// RFC 8259, by its grammar.
@Suite struct JSONReaderTests {
    @Test(arguments: [
        ("null", Value.null), ("true", .bool(true)), ("false", .bool(false)),
        (" \t\n\r7\n", .int(7)), ("0", .int(0)), ("-0", .int(0)), ("-12", .int(-12)),
        ("9223372036854775807", .int(.max)), ("-9223372036854775808", .int(.min)),
        ("9223372036854775808", .double(0x1p63)), ("-9223372036854775809", .double(-0x1p63)),
        ("1.0", .double(1)), ("-0.0", .double(0)), ("1E2", .double(100)), ("1e+2", .double(100)),
        ("25e-1", .double(2.5)), ("0.5", .double(0.5)), ("5e-324", .double(.leastNonzeroMagnitude)),
        ("1.7976931348623157e308", .double(.greatestFiniteMagnitude)),
        ("[]", .array([])), ("[ 1 , [ ] ]", .array([.int(1), .array([])])),
        ("{}", .map([])), ("{ \"a\" : { } }", .object([("a", .map([]))])),
        ("\"\"", .string("")), ("{\"\":1}", .object([("", .int(1))])),
    ])
    func readsWhatTheGrammarAllows(text: String, expected: Value) throws {
        #expect(try JSONReader.read(text) == expected)
    }

    @Test(arguments: [
        (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"), (#""\u0041\u00e9\u20AC""#, "Aé€"),
        (#""\ud83d\uDE00""#, "😀"), (#""a\u0000b""#, "a\0b"),
        ("\"é😀\u{7F}\u{2028}\"", "é😀\u{7F}\u{2028}"),
        (#""\uD7FF\uE000""#, "\u{D7FF}\u{E000}"), (#""\uDBFF\uDFFF""#, "\u{10FFFF}"),
    ])
    func readsStrings(text: String, expected: String) throws {
        #expect(try JSONReader.read(text) == .string(expected))
    }

    @Test(arguments: [
        ("", JSONError.Code.empty), (" \n", .empty), ("[", .unexpectedEnd), ("{", .unexpectedEnd),
        ("[1", .unexpectedEnd), ("{\"a\"", .unexpectedEnd), ("{\"a\":", .unexpectedEnd),
        ("\"a", .unexpectedEnd), ("\"\\", .unexpectedEnd), ("\"\\u12", .unexpectedEnd),
        ("tru", .unexpectedEnd), ("[1,]", .unexpectedByte(0x5D)), ("[,1]", .unexpectedByte(0x2C)),
        ("{,}", .unexpectedByte(0x2C)), ("{\"a\":1,}", .unexpectedByte(0x7D)),
        ("{a:1}", .unexpectedByte(0x61)), ("{\"a\" 1}", .unexpectedByte(0x31)),
        ("[1 2]", .unexpectedByte(0x32)), ("trux", .unexpectedByte(0x78)),
        ("True", .unexpectedByte(0x54)), ("'a'", .unexpectedByte(0x27)),
        ("// x\n1", .unexpectedByte(0x2F)), ("\u{FEFF}1", .unexpectedByte(0xEF)),
        ("\u{A0}1", .unexpectedByte(0xC2)), ("\"a\nb\"", .unexpectedByte(0x0A)),
        ("\"\0\"", .unexpectedByte(0)), ("\"\\x\n\"", .invalidEscape),
        ("\"\\t\n\"", .unexpectedByte(0x0A)),
        ("1 2", .trailingBytes), ("{}]", .trailingBytes), ("nullx", .trailingBytes),
        ("01", .invalidNumber), ("-01", .invalidNumber), ("00", .invalidNumber),
        ("-", .invalidNumber), ("1.", .invalidNumber), ("1.e1", .invalidNumber),
        ("1e", .invalidNumber), ("1e+", .invalidNumber), ("-a", .invalidNumber),
        ("+1", .unexpectedByte(0x2B)), (".5", .unexpectedByte(0x2E)), ("0x1", .trailingBytes),
        ("1_0", .trailingBytes), ("NaN", .unexpectedByte(0x4E)), ("-Infinity", .invalidNumber),
        ("Infinity", .unexpectedByte(0x49)), ("1e400", .invalidNumber), ("-1e400", .invalidNumber),
    ])
    func refusesWhatTheGrammarLacks(text: String, expected: JSONError.Code) {
        #expect(refusal(text) == expected)
    }

    @Test(arguments: [
        #""\ud83d""#, #""\ud83dx""#, #""\ud83d\n""#, #""\ud83dA""#, #""\ud83d\ud83d""#,
        #""\udE00""#, #""\udE00\ud83d""#, #""\u12g4""#, #""\u+123""#, #""\U0041""#, #""\'""#,
    ])
    func refusesLoneSurrogatesAndOtherBadEscapes(text: String) {
        #expect(refusal(text) == .invalidEscape)
    }

    /// Overlong forms, surrogates, values over U+10FFFF, and sequences that are cut short.
    @Test(
        arguments: [
            [0x80], [0xC0, 0xAF], [0xC1, 0xBF], [0xE0, 0x80, 0xAF], [0xED, 0xA0, 0x80],
            [0xF0, 0x80, 0x80, 0xAF], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80],
            [0xE2, 0x82], [0xC3], [0xFF], [0xFE], [0xC3, 0x28],
        ] as [[UInt8]])
    func refusesBadUTF8(bytes: [UInt8]) {
        #expect(refusal([0x22] + bytes + [0x22]) == .invalidUTF8)
        // After an escape another path of the reader takes over; so does it in a key.
        #expect(refusal(Array("\"\\n".utf8) + bytes + [0x22]) == .invalidUTF8)
        #expect(refusal(Array("{\"".utf8) + bytes + Array("\":1}".utf8)) == .invalidUTF8)
    }

    @Test func namesTheByteWhereReadingStopped() {
        let error = #expect(throws: JSONError.self) { try JSONReader.read("{\"a\": nul}") }
        #expect(error?.offset == 9)
        #expect(error?.description == "not JSON at byte 9: unexpected byte 0x7d")
    }

    @Test func theLastOfRepeatedKeysCounts() throws {
        let value = try JSONReader.read(#"{"b":1,"a":2,"b":3,"\u0062":4}"#)
        #expect(value == .object([("a", .int(2)), ("b", .int(4))]))
    }

    /// RFC 8259 §8.3: names are compared by their code units.
    @Test func twoSpellingsOfOneLetterAreTwoKeys() throws {
        let value = try JSONReader.read("{\"\u{E9}\":1,\"e\u{301}\":2}")
        #expect(value.mapValue?.count == 2)
        #expect(value["\u{E9}"] == .int(1))
        #expect(value["e\u{301}"] == .int(2))
    }

    @Test func nestingIsBounded() throws {
        // The innermost array is empty: nothing stands one level deeper.
        _ = try JSONReader.read(nested(Value.maximumDepth + 1))
        #expect(refusal(nested(Value.maximumDepth + 2)) == .tooDeep)
        #expect(refusal(String(repeating: "[", count: 1_000_000)) == .tooDeep)
        #expect(refusal(String(repeating: "{\"a\":", count: 1_000_000)) == .tooDeep)
    }

    @Test func hugeNumbersAreReadOrRefusedWhole() throws {
        let digits = String(repeating: "9", count: 100_000)
        #expect(refusal(digits) == .invalidNumber)
        #expect(try JSONReader.read("0." + digits) == .double(1))
        #expect(refusal("1e" + digits) == .invalidNumber)
        #expect(try JSONReader.read("1e-" + digits) == .double(0))
    }
}
