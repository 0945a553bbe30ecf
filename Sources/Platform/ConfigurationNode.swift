/// A configuration file as a tree that remembers where everything stood, so that whoever rejects a
/// value can name its line.
public struct ConfigurationNode: Sendable {
    public enum Kind: Sendable {
        /// Text as written. A quoted scalar is a string; a plain one is what `CoreScalar` reads.
        case scalar(String, isQuoted: Bool)
        case sequence([ConfigurationNode])
        /// In the order of the file. The reader of the file has refused repeated keys.
        case mapping([(key: String, keyLine: Int, value: ConfigurationNode)])
    }

    /// 1 is the first line.
    public let line: Int
    /// 1 is the first column, in characters.
    public let column: Int
    public let kind: Kind

    public init(line: Int, column: Int, kind: Kind) {
        self.line = line
        self.column = column
        self.kind = kind
    }

    /// True for a value that was left out, as in `labels:`, and for `null` itself.
    public var isNull: Bool {
        guard case .scalar(let text, isQuoted: false) = kind else { return false }
        return CoreScalar(plain: text) == .null
    }
}

/// What a plain scalar means in the core schema of YAML 1.2 (§10.3.2). There `yes`, `1_000` and
/// `010` are not the boolean, the thousand and the eight that YAML 1.1 saw in them.
public enum CoreScalar: Sendable, Hashable {
    case null
    case bool(Bool)
    case integer(Int64)
    /// An integer beyond 64 bits.
    case hugeInteger
    case float
    case string

    public init(plain text: String) {
        switch text {
        case "", "~", "null", "Null", "NULL": self = .null
        case "true", "True", "TRUE": self = .bool(true)
        case "false", "False", "FALSE": self = .bool(false)
        case ".nan", ".NaN", ".NAN": self = .float
        default: self = Self.number(text.utf8) ?? .string
        }
    }

    private static func number(_ text: String.UTF8View) -> CoreScalar? {
        for (prefix, radix) in [("0o", 8), ("0x", 16)] where text.starts(with: prefix.utf8) {
            let digits = text.dropFirst(2)
            guard !digits.isEmpty, digits.allSatisfy({ isDigit($0, radix: radix) }) else {
                return nil
            }
            return Int64(Substring(digits), radix: radix).map { .integer($0) } ?? .hugeInteger
        }
        let unsigned = text.first.map(isSign) == true ? text.dropFirst() : text[...]
        if [".inf", ".Inf", ".INF"].contains(Substring(unsigned)) { return .float }
        guard !unsigned.isEmpty, unsigned.allSatisfy({ isDigit($0, radix: 10) }) else {
            return isFloat(unsigned) ? .float : nil
        }
        return Int64(Substring(text[...])).map { .integer($0) } ?? .hugeInteger
    }

    /// `(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, the sign already gone.
    private static func isFloat(_ text: Substring.UTF8View) -> Bool {
        let whole = text.prefix { isDigit($0, radix: 10) }
        var rest = text.dropFirst(whole.count)
        if rest.first == UInt8(ascii: ".") {
            let fraction = rest.dropFirst().prefix { isDigit($0, radix: 10) }
            guard !whole.isEmpty || !fraction.isEmpty else { return false }
            rest = rest.dropFirst(1 + fraction.count)
        } else if whole.isEmpty {
            return false
        }
        guard let mark = rest.first else { return true }
        guard mark | 0x20 == UInt8(ascii: "e") else { return false }
        rest = rest.dropFirst()
        if rest.first.map(isSign) == true { rest = rest.dropFirst() }
        return !rest.isEmpty && rest.allSatisfy { isDigit($0, radix: 10) }
    }

    private static func isSign(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")
    }

    private static func isDigit(_ byte: UInt8, radix: Int) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte - UInt8(ascii: "0")) < radix
        case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"):
            radix == 16
        default: false
        }
    }
}

/// One thing that is wrong with a configuration file: where, what, and what to do.
public struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The file's name as the operator gave it; nil where the bytes came from elsewhere.
    public let file: String?
    /// 1 is the first line.
    public let line: Int
    /// `section.field`; nil where the file as a whole is meant.
    public let field: String?
    /// What is wrong, without a full stop.
    public let message: String
    /// What to do about it, in whole sentences.
    public let hint: String

    public init(file: String? = nil, line: Int, field: String?, message: String, hint: String) {
        self.file = file
        self.line = line
        self.field = field
        self.message = message
        self.hint = hint
    }

    /// `agent.yaml:7: uplink.prot: unknown field. Did you mean uplink.port? …`
    public var description: String {
        let place = file.map { "\($0):\(line)" } ?? "line \(line)"
        let subject = field.map { "\($0): " } ?? ""
        return "\(place): \(subject)\(message). \(hint)"
    }

    /// Text of the file, fit for a message: short, on one line, and without control or
    /// formatting characters, which could rewrite the terminal that shows it.
    public static func excerpt(_ text: String, maximumCharacters: Int = 60) -> String {
        var out = ""
        var count = 0
        for scalar in text.unicodeScalars {
            guard count < maximumCharacters else { return out + "..." }
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned:
                out += "?"
            default: out.unicodeScalars.append(scalar)
            }
            count += 1
        }
        return out
    }
}

/// Everything that is wrong with a configuration file, up to a bound.
public struct ConfigurationErrors: Error, Sendable, Hashable, CustomStringConvertible {
    /// How many errors of one file are kept. Beyond that it is another file that was meant.
    public static let maximumCount = 20

    /// In the order of the file; at least one.
    public let errors: [ConfigurationError]
    /// How many more there were.
    public let omitted: Int

    /// Keeps the first `maximumCount` errors by line.
    public init(_ errors: [ConfigurationError], omitted: Int = 0) {
        let sorted = errors.enumerated()
            .sorted { ($0.element.line, $0.offset) < ($1.element.line, $1.offset) }
            .map(\.element)
        self.errors = Array(sorted.prefix(Self.maximumCount))
        self.omitted = omitted + max(0, errors.count - Self.maximumCount)
    }

    /// One error a line.
    public var description: String {
        let lines = errors.map(\.description)
        let rest = omitted > 0 ? ["and \(omitted) more; mend these first"] : []
        return (lines + rest).joined(separator: "\n")
    }
}
