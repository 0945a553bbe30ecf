public import Platform

/// When to come again, at the end of a refusal's reason: `…; retry-after=12`, in seconds.
///
/// In the text, as a frame of this version has nothing behind its last field. Who knows nothing of
/// it comes again as after any refusal.
public enum RetryAfter {
    private static let mark = "; retry-after="
    /// Nobody is sent away for longer by this.
    static let maximum: Milliseconds = 600_000

    /// - Parameter wait: Rounded up to whole seconds, at least one.
    public static func reason(_ text: String, _ wait: Milliseconds) -> String {
        let seconds = max(1, (min(wait, maximum).count + 999) / 1000)
        return "\(text)\(mark)\(seconds)"
    }

    /// Nil where a reason says no such thing.
    public static func wait(in reason: String) -> Milliseconds? {
        let bytes = Array(reason.utf8)
        let digits = bytes.reversed().prefix { (0x30...0x39).contains($0) }.count
        let end = bytes.count - digits
        let mark = Array(mark.utf8)
        guard (1...4).contains(digits), end >= mark.count,
            Array(bytes[(end - mark.count)..<end]) == mark
        else { return nil }
        let seconds = bytes[end...].reduce(Int64(0)) { $0 * 10 + Int64($1 - 0x30) }
        return min(.seconds(max(1, seconds)), maximum)
    }
}
