/// A value bound to a statement.
public enum SQLValue: Sendable, Hashable {
    case null
    case integer(Int64)
    case text(String)
    case blob([UInt8])

    /// SQLite's integers are signed. Counters stay below 2^63; nonces keep their bits.
    public static func bits(_ value: UInt64) -> SQLValue { .integer(Int64(bitPattern: value)) }

    public static func integer(_ value: UInt64) -> SQLValue { .integer(Int64(bitPattern: value)) }

    public static func optional(_ text: String?) -> SQLValue { text.map { .text($0) } ?? .null }
}
