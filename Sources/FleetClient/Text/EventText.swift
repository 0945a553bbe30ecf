public import Platform

/// One event of the fleet as a line for people: what it is about first, then what happened.
public enum EventText {
    /// Without a time and not yet cut to a width.
    ///
    /// - Parameters:
    ///   - kind: `device`, `twin`, `log` or `hub`.
    ///   - data: the event's object.
    public static func line(kind: String, data: Value) -> String {
        let device = data["device"]?.stringValue ?? "-"
        var used: Set = ["time", "device"]
        /// The text of a field that gets a place of its own in the line.
        func take(_ key: String) -> String? {
            guard let value = data[key] else { return nil }
            used.insert(key)
            return Display.compact(value)
        }
        var parts: [String]
        switch kind {
        case "twin":
            let value = take("value") ?? ""
            parts = [padded("twin"), device, "\(take("path") ?? "") = \(value)"]
            if let status = take("status") { parts.append("(\(status))") }
        case "log":
            let stream = padded(take("stream") ?? "log")
            parts = [stream, device, take("key") ?? "", take("value") ?? ""]
        case "hub" where data["state"] == .string("missed") && data["first"] != nil:
            // The id is what `--after` takes. It has 16 digits, so the sentence is short.
            used.insert("state")
            parts = [padded(kind), device, "missed events before \(take("first") ?? "")"]
        default:
            parts = [padded(kind), device, take("state") ?? ""]
        }
        for entry in data.mapValue ?? [] where !used.contains(entry.key) {
            parts.append("\(entry.key)=\(Display.compact(entry.value))")
        }
        return Display.clean(parts.filter { !$0.isEmpty }.joined(separator: "  "))
    }

    /// As wide as the longest kind, so that the columns behind it stand in line.
    private static func padded(_ kind: String) -> String {
        kind + String(repeating: " ", count: max(0, 6 - kind.count))
    }
}
