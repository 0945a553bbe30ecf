import FleetClient
import Platform
import Testing

@Suite struct DisplayTests {
    @Test func textFromElsewhereCannotSteerTheTerminal() {
        #expect(Display.clean("a\u{1B}[31mb\tc\nd") == "a\u{FFFD}[31mb c d")
        #expect(Display.clean("\u{9B}x\u{202E}y\u{2028}z") == "\u{FFFD}x\u{FFFD}y\u{FFFD}z")
        #expect(Display.clean("ü 日本 👩‍🚒") == "ü 日本 👩‍🚒")
    }

    @Test(arguments: [
        ("", 0), ("abc", 3), ("ü", 1), ("e\u{301}", 1), ("日本", 4), ("👩‍🚒", 2), ("…", 1),
    ])
    func widthIsThatOfATerminal(text: String, width: Int) {
        #expect(Display.width(text) == width)
    }

    @Test(arguments: [
        ("abc", 3, "abc"), ("abcd", 3, "ab…"), ("abcd", 1, "…"), ("abcd", 0, ""),
        ("日本語", 5, "日本…"), ("日本語", 4, "日…"), ("", 0, ""),
    ])
    func truncationFits(text: String, columns: Int, expected: String) {
        #expect(Display.truncated(text, to: columns) == expected)
    }

    @Test func linesBreakBetweenWords() {
        #expect(Display.wrapped("aa bb  cc d", to: 5) == ["aa bb", "cc d"])
        #expect(Display.wrapped("a /long/path/here b", to: 6) == ["a", "/long/path/here", "b"])
        #expect(Display.wrapped("", to: 6).isEmpty)
    }

    @Test(arguments: [
        (Value.string("a b"), "a b"), (.string(""), "\"\""), (.double(21), "21"),
        (.double(21.5), "21.5"), (.double(1e300), "1e+300"), (.int(-3), "-3"),
        (.bool(true), "true"), (.null, "null"), (.bytes([1, 255]), "\"01ff\""),
        (.object([("power", .double(1.5)), ("state", .string("ON"))]), "power=1.5 state=ON"),
        (.object([("a", .object([("b", .int(1))]))]), "a={\"b\":1}"), (.map([]), "{}"),
        (.array([.int(1), .string("x")]), "[1,\"x\"]"),
    ])
    func valuesAreCompact(value: Value, text: String) {
        #expect(Display.compact(value) == text)
    }
}
