public import Platform

/// What one check of `edge-agent doctor` found.
public struct Finding: Sendable, Hashable {
    /// How bad it is.
    public enum Result: String, Sendable {
        case ok
        /// The board works, and something is lost or will be.
        case warn
        /// Something that the board is told to do cannot be done.
        case fail
    }

    /// The check's name, one word.
    public let check: String
    public let result: Result
    /// What was found, and why it matters.
    public let detail: String
    /// The line that mends it; empty where nothing is to be mended.
    public let advice: String

    init(_ check: String, _ result: Result, _ detail: String, _ advice: String = "") {
        self.check = check
        self.result = result
        self.detail = detail
        self.advice = advice
    }

    /// As `fleet doctor --json` has them.
    public var value: Value {
        .object([
            ("check", .string(check)), ("result", .string(result.rawValue)),
            ("detail", .string(detail)), ("advice", .string(advice)),
        ])
    }
}
