/// An MQTT topic, split at its slashes.
///
/// Split byte by byte: to Swift a slash with a combining mark behind it is one `Character`, so a
/// topic such as `a/\u{301}b` would hide the separator that the broker sees.
struct TopicPath {
    /// Longer topics are refused unread. Real ones have less than 100 bytes.
    static let bytesMaximum = 1024

    let segments: [Substring]

    init(_ topic: String) {
        segments = topic.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .map { Substring($0) }
    }

    /// What follows `base` in this topic: empty for `base` itself, nil outside of it.
    func below(_ base: TopicPath) -> ArraySlice<Substring>? {
        guard segments.starts(with: base.segments) else { return nil }
        return segments.dropFirst(base.segments.count)
    }

    /// Whether a topic tree can start here.
    var isBase: Bool {
        let text = segments.joined(separator: "/")
        return Self.isPublishable(text) && text.utf8.count <= 128
            && segments.allSatisfy { !$0.isEmpty }
    }

    /// Whether a device may name this as a topic of its own: not empty, not long, no wildcard, and
    /// not the broker's `$SYS` or a `$share` (MQTT 5 §4.7).
    static func isPublishable(_ topic: String) -> Bool {
        let forbidden: [UInt8] = [UInt8(ascii: "+"), UInt8(ascii: "#"), 0]
        return 1...256 ~= topic.utf8.count && topic.utf8.first != UInt8(ascii: "$")
            && !topic.utf8.contains { forbidden.contains($0) }
    }
}
