/// Comparison of secrets.
enum ConstantTime {
    /// Whether both are the same, in a time that depends on their lengths only.
    static func equal(_ one: String, _ other: String) -> Bool {
        guard one.utf8.count == other.utf8.count else { return false }
        return zip(one.utf8, other.utf8).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
