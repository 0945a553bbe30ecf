import Foundation
import LinuxPlatform
import Platform
import Testing

private func read(_ text: String) throws(ConfigurationError) -> ConfigurationNode {
    try YAMLDocument.read(Array(text.utf8), file: "a.yaml")
}

private func refusal(_ bytes: [UInt8]) -> ConfigurationError? {
    do {
        _ = try YAMLDocument.read(bytes, file: "a.yaml")
        return nil
    } catch {
        return error
    }
}

private func refusal(_ text: String) -> ConfigurationError? { refusal(Array(text.utf8)) }

/// The tree on one line: quoted text in quotes, plain text bare.
private func outline(_ node: ConfigurationNode) -> String {
    switch node.kind {
    case .scalar(let text, let isQuoted): isQuoted ? "\"\(text)\"" : text
    case .sequence(let items): "[" + items.map(outline).joined(separator: ", ") + "]"
    case .mapping(let entries):
        "{" + entries.map { "\($0.key): \(outline($0.value))" }.joined(separator: ", ") + "}"
    }
}

@Suite struct YAMLDocumentTests {
    @Test(arguments: [
        ("a: 1\nb: 'x'\n", "{a: 1, b: \"x\"}"),
        ("a:\n  - x\n  - {b: c, d: []}\n", "{a: [x, {b: c, d: []}]}"),
        ("a: |\n  two\n  lines\n", "{a: \"two\nlines\n\"}"),
        ("host: ::1\n", "{host: ::1}"),
        ("\"1\": x\n\"a b\": y\n", "{1: x, a b: y}"),
        ("a:\n", "{a: }"),
        ("a: 'b: c'\n", "{a: \"b: c\"}"),
        ("a: !!str 5\nb: !!int 5\nc: !!map {}\nd: !!seq []\n", "{a: \"5\", b: 5, c: {}, d: []}"),
        ("\u{FEFF}a: ä\r\nb: 2\r\n", "{a: ä, b: 2}"), ("\u{FEFF}", "{}"),
        ("a: \"x\\0y\"\n", "{a: \"x\0y\"}"),
        ("%YAML 1.1\n---\na: 1\n...\n", "{a: 1}"),
        ("", "{}"),
        ("\n# only a comment\n", "{}"),
        ("--- # nothing\n", ""),
    ])
    func readsTheSubset(text: String, expected: String) throws {
        #expect(outline(try read(text)) == expected)
    }

    @Test func remembersPositions() throws {
        let root = try read("# first\na:\n  bc: [x,\n    y]\n")
        #expect(root.line == 2 && root.column == 1)
        guard case .mapping(let outer) = root.kind,
            case .mapping(let inner) = outer[0].value.kind,
            case .sequence(let items) = inner[0].value.kind
        else {
            Issue.record("unexpected tree \(outline(root))")
            return
        }
        #expect(outer[0].keyLine == 2)
        #expect(inner[0].keyLine == 3)
        #expect(inner[0].value.line == 3 && inner[0].value.column == 7)
        #expect(items.map(\.line) == [3, 4])
        #expect(items.map(\.column) == [8, 5])
    }

    /// What is outside the subset, its line, and a word of the message or the hint.
    @Test(arguments: [
        ("a: 1\nb: 2\na: 3\n", 3, "'a' stands already in line 1"),
        ("a: {x: 1, \"x\": 2}\n", 1, "'x' stands already in line 1"),
        ("a: 1\n? [x]\n: 2\n", 2, "belongs"),
        ("a: 1\n{b: c}: 2\n", 2, "belongs"),
        ("a: 1\n2: x\n", 2, "'2' is no text"),
        ("true: x\n", 1, "'true' is no text"),
        ("~: x\n", 1, "'~' is no text"),
        ("1e3: x\n", 1, "'1e3' is no text"),
        ("a: 1\nb: &x 2\n", 2, "anchors"),
        ("a: 1\nb: &x [2]\n", 2, "anchors"),
        ("&x a: 1\n", 1, "anchors"),
        ("a: *x\n", 1, "anchors"),
        ("a: &x {}\n", 1, "anchors"),
        ("a: 1\nb: !port 2\n", 2, "'!port' does not fit"),
        ("a: !!int x\n", 1, "does not fit"),
        ("a: !!seq {}\n", 1, "does not fit"),
        ("a: !!binary eA==\n", 1, "does not fit"),
        ("a: 1\n---\nb: 2\n", 2, "second document"),
        ("a: 1\n...\n---\n", 3, "second document"),
        ("a: 1\n\tb: 2\n", 2, "Indent with spaces"),
        ("a:\n\tb: 2\n", 2, "Indent with spaces"),
        ("a:\n  b: 1\n c: 2\n", 3, "Indent the fields"),
        ("a: b: c\n", 1, "quote a value that contains a colon"),
        ("a: 1\nb: \"x\n", 3, "begun in line 2"),
        ("a: [1, 2\nb: 3\n", 2, "not YAML"),
        ("a: @x\n", 1, "not YAML"),
        ("a: 1\r\nb: [\r\n", 3, "not YAML"),
        ("a: 1\rb: \u{7}\r", 2, "control character 0x7"),
        ("a: [", 1, "not YAML"),
        ("%YAML 3.0\n---\na: 1\n", 1, "not YAML"),
        ("a: \"\\ud800\"\n", 1, "not YAML"),
        ("a: 1\nb: \u{7}\n", 2, "control character 0x7"),
        ("a: 1\nb: \0\n", 2, "control character 0x0"),
    ])
    func refusesWithLine(text: String, line: Int, words: String) throws {
        let error = try #require(refusal(text), "accepted \(text.debugDescription)")
        #expect(error.line == line, "\(error)")
        #expect(error.description.contains(words), "\(error)")
        #expect(error.description.hasPrefix("a.yaml:\(line): "))
    }

    @Test(
        arguments: [
            [0xFF], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82],
            [0x80],
        ] as [[UInt8]])
    func refusesInvalidUTF8(bytes: [UInt8]) throws {
        let error = try #require(refusal(Array("a: 1\nb: ".utf8) + bytes))
        #expect(error.line == 2, "\(error)")
        #expect(error.message.contains("UTF-8"), "\(error)")
    }

    @Test func refusesUTF16() throws {
        let bytes: [UInt8] = [0xFF, 0xFE] + "a: 1".utf8.flatMap { [$0, 0] }
        #expect(refusal(bytes)?.message.contains("UTF-8") == true)
    }

    @Test func refusesAnAliasBombAtItsFirstAnchor() throws {
        var text = "bomb:\n  a0: &a0 [x, x]\n"
        for level in 1...40 { text += "  a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n" }
        #expect(refusal(text)?.line == 2)
    }

    /// The last of `levels` nested collections, all on one line or one to a line.
    @Test(
        arguments: [
            { String(repeating: "[", count: $0) + String(repeating: "]", count: $0) },
            { String(repeating: "{a: ", count: $0) + String(repeating: "}", count: $0) },
            { levels in
                (0..<levels).map { String(repeating: " ", count: $0) + "a:\n" }.joined()
            },
            { String(repeating: "- ", count: $0) + "x\n" },
        ] as [@Sendable (Int) -> String])
    func boundsDepth(text: @Sendable (Int) -> String) throws {
        _ = try read(text(YAMLDocument.depthMax))
        let words = "deeper than \(YAMLDocument.depthMax)"
        for levels in [YAMLDocument.depthMax + 1, 400] {
            #expect(refusal(text(levels))?.message.contains(words) == true, "\(levels) levels")
        }
    }

    @Test func boundsBytes() throws {
        let text = "a: 1\n#"
        let filler = String(repeating: "x", count: YAMLDocument.bytesMax - text.utf8.count)
        _ = try read(text + filler)
        let error = try #require(refusal(text + filler + "x"))
        #expect(error.line == 1)
        #expect(error.message.contains("\(YAMLDocument.bytesMax)"))
    }

    @Test func boundsNodes() throws {
        // The list itself is one of them.
        let items = YAMLDocument.nodesMax - 1
        _ = try read("[" + String(repeating: "x,", count: items) + "]")
        let error = refusal("[" + String(repeating: "x,", count: items) + "\nx]")
        #expect(error?.line == 2)
        #expect(error?.message.contains("more than \(YAMLDocument.nodesMax)") == true)
    }

    @Test(arguments: ["\n", "\r\n", "\r", "\u{85}", "\u{2028}", "\u{2029}"])
    func boundsDirectives(lineBreak: String) throws {
        func text(_ count: Int) -> String {
            (0..<count).map { "%TAG !h\($0)! x" + lineBreak }.joined() + "---\na: 50%\n"
        }
        _ = try read(text(YAMLDocument.directivesMax))
        let error = try #require(refusal(text(YAMLDocument.directivesMax + 1)))
        #expect(error.message == "more than \(YAMLDocument.directivesMax) directives")
    }

    @Test func errorsShowNoControlCharacters() throws {
        let error = try #require(refusal("\"\\e[2J\\u202e\": 1\n\"\\e[2J\\u202e\": 2\n"))
        #expect(error.message.contains("'?[2J?'"))
    }

    /// Any bytes give a tree or an error that names a line of the file.
    @Test func anyBytesAreSafe() {
        let seed =
            ProcessInfo.processInfo.environment["TEST_SEED"].flatMap { UInt64($0) }
            ?? UInt64.random(in: 0...UInt64.max)
        print("YAMLDocumentTests.anyBytesAreSafe: TEST_SEED=\(seed)")
        var random = SplitMix64(seed: seed)
        let alphabet = Array("ab1 \n\t:-,?[]{}&*!|>'\"%@#~.\\\u{E4}".utf8) + [0x00, 0x80, 0xFF]
        for round in 0..<5000 {
            let count = Int.random(in: 0..<80, using: &random)
            let bytes = (0..<count).map { _ in
                alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
            }
            guard let error = refusal(bytes) else { continue }
            let lines = bytes.count { $0 == UInt8(ascii: "\n") } + 1
            #expect(
                1...lines ~= error.line && !error.message.isEmpty && !error.hint.isEmpty,
                "seed \(seed), round \(round): \(error)")
        }
    }
}

@Suite struct CoreScalarTests {
    @Test(
        arguments: [
            ("", .null), ("~", .null), ("null", .null), ("NULL", .null), ("nUll", .string),
            ("true", .bool(true)), ("FALSE", .bool(false)), ("yes", .string), ("on", .string),
            ("0", .integer(0)), ("-7", .integer(-7)), ("+7", .integer(7)), ("010", .integer(10)),
            ("0o17", .integer(15)), ("0x1F", .integer(31)), ("0o8", .string), ("0x", .string),
            ("-0x1", .string), ("1_000", .string), ("1:30", .string), ("+", .string),
            ("-", .string),
            ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
            ("9223372036854775808", .hugeInteger), ("0xFFFFFFFFFFFFFFFFF", .hugeInteger),
            ("1.", .float), (".5", .float), ("-1.5e-3", .float), ("1e3", .float), ("1E+3", .float),
            (".", .string), ("e3", .string), (".e3", .string), ("1e", .string), ("1e+", .string),
            ("1.2.3", .string), ("127.0.0.1", .string), ("+.inf", .float), (".nan", .float),
            ("-.nan", .string), ("٣", .string),
        ] as [(String, CoreScalar)])
    func resolves(text: String, expected: CoreScalar) {
        #expect(CoreScalar(plain: text) == expected)
    }
}
