/// MQTT 5 §4.7: topic names and filters.
enum SimTopic {
    /// `+` stands for one level, `#` at the end for all that follow, the level above it included.
    static func matches(_ topic: String, filter: String) -> Bool {
        let levels = topic.split(separator: "/", omittingEmptySubsequences: false)
        let pattern = filter.split(separator: "/", omittingEmptySubsequences: false)
        for (index, part) in pattern.enumerated() {
            if part == "#" { return true }
            guard index < levels.count, part == "+" || part == levels[index] else { return false }
        }
        return levels.count == pattern.count
    }
}
