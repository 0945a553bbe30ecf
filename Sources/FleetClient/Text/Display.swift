public import Platform

/// Text for a terminal: what it shows of strings that came from elsewhere, and how wide that is.
public enum Display {
    /// `text` with control and format characters replaced, so that a name or a value that a
    /// device reported can neither move the cursor nor reorder the line it is shown in.
    public static func clean(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isHarmful) else { return text }
        var out = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            out.append(isHarmful(scalar) ? (isSpace(scalar) ? " " : "\u{FFFD}") : scalar)
        }
        return String(out)
    }

    /// The columns that a terminal needs for `text`.
    public static func width(_ text: String) -> Int {
        text.reduce(0) { $0 + width($1) }
    }

    /// The beginning of `text` that fits in `columns`, ended by `…` where some was cut off.
    public static func truncated(_ text: String, to columns: Int) -> String {
        guard columns > 0 else { return "" }
        guard width(text) > columns else { return text }
        var out = ""
        var used = 0
        for character in text {
            let next = width(character)
            if used + next > columns - 1 { break }
            out.append(character)
            used += next
        }
        return out + "…"
    }

    /// `text` in lines of at most `columns`, broken between words; a word that is longer has a
    /// line of its own, so that a path can still be copied.
    public static func wrapped(_ text: String, to columns: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, width(line) + 1 + width(String(word)) > columns {
                lines.append(line)
                line = ""
            }
            line += line.isEmpty ? String(word) : " " + word
        }
        return line.isEmpty ? lines : lines + [line]
    }

    /// A value on one line, for a table: strings bare, whole numbers without a fraction, a map as
    /// `power=1.5 state=ON`, what is inside it and the rest as JSON.
    public static func compact(_ value: Value) -> String {
        guard case .map(let entries) = value, !entries.isEmpty else { return scalar(value) }
        return entries.map { clean($0.key) + "=" + scalar($0.value) }.joined(separator: " ")
    }

    private static func scalar(_ value: Value) -> String {
        switch value {
        case .string(let text): text.isEmpty ? "\"\"" : clean(text)
        case .double(let number) where number == number.rounded() && abs(number) < 1e15:
            String(Int64(number))
        default: clean(value.json)
        }
    }

    private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "\t" || scalar == "\n" || scalar == "\r"
    }

    private static func isHarmful(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .surrogate: true
        // The zero width joiner and its like are part of some scripts and emoji.
        case .format: scalar.value != 0x200D && scalar.value != 0x200C
        default: false
        }
    }

    private static func width(_ character: Character) -> Int {
        var width = 0
        for scalar in character.unicodeScalars { width = max(width, columns(scalar)) }
        return width
    }

    /// Unicode Standard Annex #11 (East Asian Width), as terminals apply it: two columns for the
    /// wide and full-width blocks, none for marks, else one.
    private static func columns(_ scalar: Unicode.Scalar) -> Int {
        if scalar.value < 0x300 { return 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: break
        }
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF,
            0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F,
            0x1F680...0x1F6FF, 0x1F900...0x1F9FF, 0x20000...0x3FFFD:
            return 2
        default: return 1
        }
    }
}
