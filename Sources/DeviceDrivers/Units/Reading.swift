public import Platform

/// One property of a device as it was read.
public struct Reading: Sendable, Hashable {
    /// As it is reported: letters, digits, `_`, `.` and `-`.
    public let name: String
    /// As it is reported.
    public let value: Value
    /// The unit's symbol; empty for states and counts.
    public let unit: String

    /// A number with a unit, rounded to what its unit keeps.
    public init<Number: Quantity>(_ name: String, _ quantity: Number) {
        self.name = name
        var scale = 1.0
        for _ in 0..<Number.decimals { scale *= 10 }
        value = .number((quantity.value * scale).rounded() / scale)
        unit = Number.symbol
    }

    /// A state, a count or a text.
    public init(_ name: String, state: Value) {
        self.name = name
        value = state
        unit = ""
    }
}
