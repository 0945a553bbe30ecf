/// The topics between boards and hub: `fleet/v1/<shard>/<device>/up|down|status`.
///
/// The shard, two hexadecimal digits from the device's name, lets several hubs share the fleet.
public enum FleetTopics {
    public static let allUp = "fleet/v1/+/+/up"
    public static let allStatus = "fleet/v1/+/+/status"

    public static func up(_ device: String) -> String { topic(device, "up") }
    public static func down(_ device: String) -> String { topic(device, "down") }
    public static func status(_ device: String) -> String { topic(device, "status") }

    /// The device and the last segment of such a topic; nil for any other.
    public static func parse(_ topic: String) -> (device: String, leaf: String)? {
        let parts = topic.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0] == "fleet", parts[1] == "v1", !parts[3].isEmpty,
            parts[2] == shard(String(parts[3]))
        else { return nil }
        return (String(parts[3]), String(parts[4]))
    }

    private static func topic(_ device: String, _ leaf: String) -> String {
        "fleet/v1/\(shard(device))/\(device)/\(leaf)"
    }

    /// FNV-1a over the name, its low byte: spread evenly, and the same in any language.
    static func shard(_ device: String) -> String {
        let hash = device.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }
        let digits = String(hash & 0xFF, radix: 16)
        return digits.count == 1 ? "0" + digits : digits
    }
}
