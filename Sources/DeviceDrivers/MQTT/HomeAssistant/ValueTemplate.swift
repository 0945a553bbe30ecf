import Platform

/// The forms of Home Assistant's value templates that are a plain path into the payload:
/// `{{ value }}`, `{{ value_json.x.y }}`, `{{ value_json['x'] }}`, `{{ value_json.x[0] }}`,
/// `{{ value_json }}` and mixtures of them.
/// Templates are programs (Jinja2); whatever else one says is reported, not guessed.
enum ValueTemplate: Sendable, Hashable {
    /// The payload as it is.
    case whole
    /// A member of the payload's JSON, by the keys that lead to it.
    case path([String])

    /// A position in a list, as a key of the path.
    private static let positionMark = "\u{1}"

    /// The longest template that is read, in bytes.
    static let bytesMaximum = 256

    /// Nil for a template of any other form.
    init?(_ template: String) {
        guard template.utf8.count <= Self.bytesMaximum,
            var rest = Self.content(of: Array(template.utf8))
        else { return nil }
        if rest.elementsEqual("value".utf8) {
            self = .whole
            return
        }
        guard rest.starts(with: "value_json".utf8) else { return nil }
        rest = rest.dropFirst("value_json".utf8.count)
        var keys: [String] = []
        while !rest.isEmpty {
            guard
                let key = Self.takeDotted(&rest) ?? Self.takeQuoted(&rest)
                    ?? Self.takePosition(&rest)
            else { return nil }
            keys.append(key)
        }
        guard !keys.isEmpty else { return nil }
        self = .path(keys)
    }

    /// The template of a configuration, or the payload as it is where there is none.
    ///
    /// - Throws: `Unreadable` with the form to use instead.
    static func read(_ value: Value?, named key: String) throws(Unreadable) -> ValueTemplate {
        guard let value else { return .whole }
        let text = value.stringValue ?? value.json
        guard let template = ValueTemplate(text) else {
            throw Unreadable(
                reason: "\(key) \"\(Printable.clipped(text, bytes: 80))\" is not read: use"
                    + " {{ value_json.name }} or {{ value }}")
        }
        return template
    }

    /// What the template picks from a payload's JSON; nil where a key is missing.
    func pick(from json: Value) -> Value? {
        switch self {
        case .whole: json
        case .path(let keys):
            keys.reduce(Value?.some(json)) { value, key in
                guard key.hasPrefix(Self.positionMark) else { return value?[key] }
                let items = value?.arrayValue ?? []
                guard let place = Int(key.dropFirst()), items.indices ~= place else { return nil }
                return items[place]
            }
        }
    }

    /// What stands between `{{` and `}}`, without the spaces around it.
    private static func content(of bytes: [UInt8]) -> ArraySlice<UInt8>? {
        let trimmed = trim(bytes[...])
        guard trimmed.count >= 4, trimmed.starts(with: "{{".utf8),
            trimmed.suffix(2).elementsEqual("}}".utf8)
        else { return nil }
        return trim(trimmed.dropFirst(2).dropLast(2))
    }

    private static func trim(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var bytes = bytes
        while let first = bytes.first, first == 0x20 || first == 0x0A { bytes.removeFirst() }
        while let last = bytes.last, last == 0x20 || last == 0x0A { bytes.removeLast() }
        return bytes
    }

    /// `.name`: a letter or underscore, then letters, digits and underscores.
    private static func takeDotted(_ rest: inout ArraySlice<UInt8>) -> String? {
        guard rest.first == UInt8(ascii: ".") else { return nil }
        let name = rest.dropFirst().prefix {
            $0 != UInt8(ascii: "-") && DeviceName.isPlain($0)
        }
        guard let first = name.first, !(UInt8(ascii: "0")...UInt8(ascii: "9") ~= first) else {
            return nil
        }
        rest = rest.dropFirst(1 + name.count)
        return String(decoding: name, as: UTF8.self)
    }

    /// `['name']` or `["name"]`, without escapes.
    private static func takeQuoted(_ rest: inout ArraySlice<UInt8>) -> String? {
        guard rest.first == UInt8(ascii: "["), let quote = rest.dropFirst().first,
            quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"")
        else { return nil }
        let name = rest.dropFirst(2).prefix { $0 != quote }
        let tail = rest.dropFirst(2 + name.count)
        guard !name.isEmpty, !name.contains(UInt8(ascii: "\\")),
            tail.starts(with: [quote, UInt8(ascii: "]")])
        else { return nil }
        rest = tail.dropFirst(2)
        return String(decoding: name, as: UTF8.self)
    }

    /// `[0]`: a position in a list, of up to three digits.
    private static func takePosition(_ rest: inout ArraySlice<UInt8>) -> String? {
        guard rest.first == UInt8(ascii: "[") else { return nil }
        let digits = rest.dropFirst().prefix { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
        let tail = rest.dropFirst(1 + digits.count)
        guard 1...3 ~= digits.count, tail.first == UInt8(ascii: "]") else { return nil }
        rest = tail.dropFirst()
        return positionMark + String(decoding: digits, as: UTF8.self)
    }
}
