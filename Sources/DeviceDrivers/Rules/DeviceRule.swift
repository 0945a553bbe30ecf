public import Platform

/// A rule that runs on the board, offline:
/// `when soil/moisture < 30 for 5m set relay/pump on for 60s`.
public struct DeviceRule: Sendable, Hashable {
    /// How a reading is compared.
    public enum Comparison: String, Sendable, Hashable {
        case below = "<"
        case atMost = "<="
        case above = ">"
        case atLeast = ">="
        case equal = "="
        case unequal = "!="
    }

    /// One property of one device, compared.
    public struct Condition: Sendable, Hashable {
        /// The device, by its name in the twin.
        public let device: String
        /// The property, by its name in the twin.
        public let property: String
        /// How the reading is compared.
        public let comparison: Comparison
        /// What with.
        public let value: Value

        /// Whether a reading meets it. Words and flags are only equal or not.
        public func holds(_ reading: Value) -> Bool {
            if let left = reading.doubleValue, let right = value.doubleValue {
                switch comparison {
                case .below: return left < right
                case .atMost: return left <= right
                case .above: return left > right
                case .atLeast: return left >= right
                case .equal: return left == right
                case .unequal: return left != right
                }
            }
            switch comparison {
            case .equal: return reading.confirms(value)
            case .unequal: return !reading.confirms(value)
            case .below, .atMost, .above, .atLeast: return false
            }
        }
    }

    /// All of them have to hold; 1 to `RuleParser.conditionsMaximum`.
    public let conditions: [Condition]
    /// How long they have to hold before the rule acts.
    public let hold: Milliseconds
    /// The device that is set.
    public let device: String
    /// Its property.
    public let property: String
    /// What it is set to.
    public let value: Value
    /// After which it is set to the opposite; nil where it stays.
    public let pulse: Milliseconds?
    /// The rule as it was written.
    public let text: String
}

/// Why a rule cannot be read: the word, its place, and what was expected.
public struct RuleError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The word's first column, from 1; one past the end where a word is missing.
    public let column: Int
    /// The word; empty where one is missing.
    public let word: String
    /// What was expected.
    public let message: String

    /// All of it on one line.
    public var description: String {
        let place = word.isEmpty ? "at its end" : "at column \(column), \"\(word)\""
        return "the rule cannot be read \(place): \(message)"
    }
}
