/// Swift source with its comments and the text of its string literals blanked out, so that a rule
/// looks at code only. Line breaks stay, hence line numbers too.
struct SwiftCode {
    private var source: [Character]
    private var index = 0
    private var code = ""

    private init(_ text: String) { source = Array(text) }

    /// Code inside an interpolation is blanked with its literal: no rule of ours needs it.
    static func strippingText(of text: String) -> String {
        var stripper = SwiftCode(text)
        stripper.run()
        return stripper.code
    }

    private mutating func run() {
        while index < source.count {
            let character = source[index]
            if character != "/", character != "#", character != "\"" {
                code.append(character)
                index += 1
            } else if starts(with: "//") {
                while index < source.count, !source[index].isNewline { index += 1 }
            } else if starts(with: "/*") {
                skipBlockComment()
            } else if let hashes = literalStart() {
                skipLiteral(hashes: hashes)
            } else {
                code.append(source[index])
                index += 1
            }
        }
    }

    private func starts(with text: String, at offset: Int? = nil) -> Bool {
        let start = offset ?? index
        let characters = Array(text)
        guard start + characters.count <= source.count else { return false }
        return Array(source[start..<start + characters.count]) == characters
    }

    /// Advances over one character and keeps it only where it is a line break.
    private mutating func blank() {
        if source[index].isNewline { code.append(source[index]) }
        index += 1
    }

    /// Block comments nest in Swift.
    private mutating func skipBlockComment() {
        var depth = 0
        while index < source.count {
            if starts(with: "/*") {
                depth += 1
                index += 2
            } else if starts(with: "*/") {
                depth -= 1
                index += 2
                if depth == 0 { return }
            } else {
                blank()
            }
        }
    }

    /// The number of `#` before a string literal that starts here, nil where none does.
    private func literalStart() -> Int? {
        var hashes = 0
        while starts(with: "#", at: index + hashes) { hashes += 1 }
        return starts(with: "\"", at: index + hashes) ? hashes : nil
    }

    private mutating func skipLiteral(hashes: Int) {
        index += hashes
        let isMultiline = starts(with: "\"\"\"")
        let quote = isMultiline ? "\"\"\"" : "\""
        let pounds = String(repeating: "#", count: hashes)
        index += quote.count
        code += "\"\""
        while index < source.count {
            if starts(with: quote + pounds) {
                index += quote.count + hashes
                return
            }
            // A single-line literal cannot go on, so this was none (a regex, perhaps).
            if !isMultiline, source[index].isNewline { return }
            if starts(with: "\\" + pounds + "(") {
                index += 1 + hashes
                skipInterpolation()
            } else if starts(with: "\\" + pounds) {
                index += 1 + hashes
                if index < source.count { blank() }
            } else {
                blank()
            }
        }
    }

    private mutating func skipInterpolation() {
        var depth = 0
        while index < source.count {
            if let hashes = literalStart() {
                skipLiteral(hashes: hashes)
                continue
            }
            if source[index] == "(" { depth += 1 }
            if source[index] == ")" { depth -= 1 }
            blank()
            if depth == 0 { return }
        }
    }
}
