public import Platform

/// Reads a rule. Total: any text gives a rule or an error that points at a word.
///
///     when DEVICE/PROPERTY OP VALUE [and …] [for TIME] set DEVICE/PROPERTY VALUE [for TIME]
///
/// `OP` is one of `<`, `<=`, `>`, `>=`, `=`, `!=`; `TIME` a whole number with `s`, `m` or `h`.
public struct RuleParser {
    /// The longest rule, in bytes.
    public static let bytesMaximum = 512
    /// Conditions of one rule.
    public static let conditionsMaximum = 4
    /// The longest time: a day.
    public static let timeMaximum: Milliseconds = 86_400_000

    /// How a rule is written.
    public static let form =
        "when DEVICE/PROPERTY OP VALUE [and ...] [for TIME] set DEVICE/PROPERTY VALUE [for TIME]"

    private let text: String
    private let words: [(text: String, column: Int)]
    private var index = 0

    /// - Throws: `RuleError` at the first word that does not belong there.
    public static func read(_ text: String) throws(RuleError) -> DeviceRule {
        guard text.utf8.count <= bytesMaximum else {
            throw RuleError(
                column: 1, word: Printable.clipped(text, bytes: 16),
                message: "it is over \(bytesMaximum) bytes")
        }
        var parser = RuleParser(text)
        return try parser.rule()
    }

    private init(_ text: String) {
        self.text = text
        var words: [(text: String, column: Int)] = []
        var word: [UInt8] = []
        for (place, byte) in (Array(text.utf8) + [0x20]).enumerated() {
            if byte != 0x20, byte != 0x09, byte != 0x0A, byte != 0x0D {
                word.append(byte)
            } else if !word.isEmpty {
                words.append((String(decoding: word, as: UTF8.self), place - word.count + 1))
                word = []
            }
        }
        self.words = words
    }

    private var next: String? { index < words.count ? words[index].text : nil }

    private func failure(_ message: String, at place: Int? = nil) -> RuleError {
        let place = place ?? index
        guard place < words.count else {
            return RuleError(column: text.utf8.count + 1, word: "", message: message)
        }
        return RuleError(
            column: words[place].column, word: Printable.clipped(words[place].text, bytes: 40),
            message: message)
    }

    private mutating func rule() throws(RuleError) -> DeviceRule {
        try keyword("when")
        var conditions = [try condition()]
        while next == "and" {
            guard conditions.count < Self.conditionsMaximum else {
                throw failure("a rule has at most \(Self.conditionsMaximum) conditions")
            }
            index += 1
            conditions.append(try condition())
        }
        var hold: Milliseconds = 0
        if next == "for" {
            index += 1
            hold = try time()
        }
        guard next == "set" else {
            throw failure(hold == 0 ? "expected and, for or set" : "expected set")
        }
        index += 1
        let (device, property) = try place()
        let value = try value()
        let valueIndex = index - 1
        var pulse: Milliseconds?
        if next == "for" {
            guard value.boolValue != nil else {
                throw failure("only on and off can be set for a time", at: valueIndex)
            }
            index += 1
            pulse = try time()
        }
        guard next == nil else {
            throw failure(pulse == nil ? "expected for, or the end" : "expected the end")
        }
        return DeviceRule(
            conditions: conditions, hold: hold, device: device, property: property, value: value,
            pulse: pulse, text: text)
    }

    private mutating func keyword(_ word: String) throws(RuleError) {
        guard next == word else { throw failure("expected \(word)") }
        index += 1
    }

    private mutating func condition() throws(RuleError) -> DeviceRule.Condition {
        let (device, property) = try place()
        guard let comparison = next.flatMap(DeviceRule.Comparison.init(rawValue:)) else {
            throw failure("expected one of <, <=, >, >=, =, !=")
        }
        index += 1
        let value = try value()
        let isOrder = comparison != .equal && comparison != .unequal
        guard !isOrder || value.doubleValue != nil else {
            throw failure("\(comparison.rawValue) needs a number", at: index - 1)
        }
        return DeviceRule.Condition(
            device: device, property: property, comparison: comparison, value: value)
    }

    /// The device ends at the first slash: a property's name may have more of them.
    private mutating func place() throws(RuleError) -> (device: String, property: String) {
        let expected = "expected device/property, as in soil/moisture"
        guard let word = next else { throw failure(expected) }
        let parts = word.utf8.split(
            separator: UInt8(ascii: "/"), maxSplits: 1, omittingEmptySubsequences: false
        ).map { String(Substring($0)) }
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }), parts.joined().utf8.count <= 224
        else { throw failure(expected) }
        index += 1
        return (parts[0], parts[1])
    }

    private mutating func value() throws(RuleError) -> Value {
        guard let word = next, !["for", "and", "set", "when"].contains(word) else {
            throw failure("expected a value: a number, on, off, or a word")
        }
        index += 1
        switch word {
        case "on", "true": return .bool(true)
        case "off", "false": return .bool(false)
        default:
            guard let number = try? JSONReader.read(word), number.doubleValue != nil else {
                return .string(word)
            }
            return number
        }
    }

    private mutating func time() throws(RuleError) -> Milliseconds {
        let expected = "expected a time from 1s to 24h, as in 90s, 5m or 2h"
        guard let word = next, let unit = word.utf8.last else { throw failure(expected) }
        let digits = word.utf8.dropLast()
        let factor: Int64? =
            switch unit {
            case UInt8(ascii: "s"): 1000
            case UInt8(ascii: "m"): 60_000
            case UInt8(ascii: "h"): 3_600_000
            default: nil
            }
        guard let factor, 1...6 ~= digits.count, digits.allSatisfy({ 0x30...0x39 ~= $0 }),
            let count = Int64(String(Substring(digits))), count > 0,
            count * factor <= Self.timeMaximum.count
        else { throw failure(expected) }
        index += 1
        return Milliseconds(count * factor)
    }
}
