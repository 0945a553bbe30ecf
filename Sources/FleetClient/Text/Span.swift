public import Platform

/// A span of time as an operator writes it: `90s`, `15m`, `1h`, `7d`.
public struct Span: Sendable, Hashable {
    /// The same in milliseconds.
    public let milliseconds: Milliseconds

    /// - Throws: `.usage` for anything but a whole number with a unit.
    public init(_ text: String) throws(FleetClientError) {
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        let digits = text.dropLast()
        guard let unit = text.last.flatMap({ units[$0] }), 1...9 ~= digits.utf8.count,
            digits.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }),
            let number = Int64(digits), number > 0
        else {
            throw FleetClientError(
                .usage, "`\(Display.clean(text))` is no span of time",
                hint: "Give a whole number with a unit, such as 90s, 15m, 1h or 7d")
        }
        milliseconds = .seconds(number * unit)
    }
}
