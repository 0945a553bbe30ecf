import Platform

/// What a settable property takes, what is sent for it, and what the device then says.
enum SettableForm: Sendable, Hashable {
    /// Two values that mean true and false.
    case flag(on: Value, off: Value)
    case number(minimum: Double, maximum: Double)
    /// Words, each with what is sent for it.
    case words([String: String])
    /// One action; the value that is sent.
    case press(Value)
    /// Whatever JSON can say: the device judges.
    case any

    /// Words of one property. The longest list of effects that firmware ships has about 120.
    static let wordsMaximum = 256

    /// What is sent, and what the device's state is then; nil where no state follows.
    func encode(
        _ value: Value, _ property: String
    ) throws(DeviceCommandError) -> (wire: Value, state: Value?) {
        let name = Printable.clipped(property)
        switch self {
        case .flag(let on, let off):
            let isOn: Bool
            if let flag = Self.flag(value) {
                isOn = flag
            } else if value == on || value == off {
                isOn = value == on
            } else {
                throw .valueRefused("\(name) takes true, false, on or off")
            }
            return (isOn ? on : off, .bool(isOn))
        case .number(let minimum, let maximum):
            guard let number = value.doubleValue, number >= minimum, number <= maximum else {
                throw .valueRefused("\(name) takes a number from \(minimum) to \(maximum)")
            }
            return (value, value)
        case .words(let words):
            guard let word = value.stringValue, let wire = words[word] else {
                let list = words.keys.sorted().prefix(12).joined(separator: ", ")
                throw .valueRefused("\(name) takes one of \(Printable.clipped(list, bytes: 200))")
            }
            return (.string(wire), value)
        case .press(let wire):
            guard value == .bool(true) || value == .string("press") else {
                throw .valueRefused("\(name) is pressed with true or press")
            }
            return (wire, nil)
        case .any:
            guard value.isJSON else {
                throw .valueRefused(
                    "\(name) takes what JSON can say: no bytes, no NaN, no infinity")
            }
            return (value, value)
        }
    }

    private static func flag(_ value: Value) -> Bool? {
        if let flag = value.boolValue { return flag }
        switch value.stringValue?.lowercased() {
        case "on"?: return true
        case "off"?: return false
        default: return nil
        }
    }
}

// MARK: - In the registry

extension SettableForm {
    var value: Value {
        switch self {
        case .flag(let on, let off): .object([("on", on), ("off", off)])
        case .number(let minimum, let maximum):
            .object([("min", .number(minimum)), ("max", .number(maximum))])
        case .words(let words): .object([("words", .object(words.map { ($0, .string($1)) }))])
        case .press(let wire): .object([("press", wire)])
        case .any: .map([])
        }
    }

    init?(_ value: Value) {
        if let on = value["on"], let off = value["off"] {
            self = .flag(on: on, off: off)
        } else if let minimum = value["min"]?.doubleValue, let maximum = value["max"]?.doubleValue {
            self = .number(minimum: minimum, maximum: maximum)
        } else if let words = value["words"]?.mapValue {
            self = .words(
                words.reduce(into: [:]) { $0[$1.key] = $1.value.stringValue ?? $1.key })
        } else if let wire = value["press"] {
            self = .press(wire)
        } else if value == .map([]) {
            self = .any
        } else {
            return nil
        }
    }
}

extension Value {
    /// Whether JSON can say this value. Values that arrive here came through decoders that bound
    /// their depth.
    fileprivate var isJSON: Bool {
        switch self {
        case .null, .bool, .int, .string: true
        case .double(let number): number.isFinite
        case .bytes: false
        case .array(let items): items.allSatisfy(\.isJSON)
        case .map(let entries): entries.allSatisfy(\.value.isJSON)
        }
    }

    /// Whether a device's state is what was wished: numbers by their value, words and flags
    /// without case, since devices answer `ON` to `on`.
    func confirms(_ wish: Value) -> Bool {
        if self == wish { return true }
        if let left = doubleValue, let right = wish.doubleValue {
            return abs(left - right) <= 0.01 * Swift.max(1, abs(right))
        }
        switch (self, wish) {
        case (.string(let left), .string(let right)):
            return left.lowercased() == right.lowercased()
        case (.string(let word), .bool(let flag)), (.bool(let flag), .string(let word)):
            return word.lowercased() == (flag ? "on" : "off")
        case (.map(let state), .map(let wish)):
            return wish.allSatisfy { entry in
                Value.map(state)[entry.key]?.confirms(entry.value) == true
            }
        default: return false
        }
    }
}
