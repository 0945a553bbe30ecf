/// What the MQTT device bridge is told once, with a bound for everything that devices can grow.
public struct MQTTDeviceSettings: Sendable, Hashable {
    /// Zigbee2MQTT's `base_topic`; may have several segments.
    public var zigbee2mqttTopic: String
    /// Home Assistant's discovery prefix; may have several segments.
    public var homeAssistantTopic: String
    /// Topic trees that belong to no device. The agent's own uplink may use the same broker: a
    /// discovery message that named one of its topics as a state would feed what the agent sends
    /// back into its log, for ever.
    public var reservedTopics: [String]
    /// Devices remembered at a time. 128 is more than one board's Zigbee and Wi-Fi radios carry.
    public var devicesMaximum: Int
    /// Home Assistant entities remembered at a time: a device has 5 to 10.
    public var entitiesMaximum: Int
    /// Bytes of one message's payload; larger ones are reported as unreadable, not parsed.
    public var payloadBytesMaximum: Int
    /// Properties of one report. The largest status object of a real device has about 60.
    public var propertiesMaximum: Int
    /// Bytes of one report's names and values, so that a report fits into a frame of the uplink
    /// (32 KiB by default) beside the frame's own fields.
    public var reportBytesMaximum: Int

    /// Settings with defaults that suit a board with one broker.
    public init(
        zigbee2mqttTopic: String = "zigbee2mqtt", homeAssistantTopic: String = "homeassistant",
        reservedTopics: [String] = ["fleet", BoardAnnouncer.root], devicesMaximum: Int = 128,
        entitiesMaximum: Int = 1024, payloadBytesMaximum: Int = 65536,
        propertiesMaximum: Int = 256, reportBytesMaximum: Int = 16384
    ) {
        self.zigbee2mqttTopic = zigbee2mqttTopic
        self.homeAssistantTopic = homeAssistantTopic
        self.reservedTopics = reservedTopics
        self.devicesMaximum = devicesMaximum
        self.entitiesMaximum = entitiesMaximum
        self.payloadBytesMaximum = payloadBytesMaximum
        self.propertiesMaximum = propertiesMaximum
        self.reportBytesMaximum = reportBytesMaximum
    }

    /// Checks what a configuration file can get wrong.
    ///
    /// - Throws: `MQTTDeviceSettingsError` for a base topic that no broker would accept in a
    ///   filter, two trees inside each other, or a bound below 1.
    public func validate() throws(MQTTDeviceSettingsError) {
        let trees =
            [("zigbee2mqtt_topic", zigbee2mqttTopic), ("homeassistant_topic", homeAssistantTopic)]
            + [("shellies", "shellies")] + reservedTopics.map { ("reserved_topics", $0) }
        for (field, topic) in trees where !TopicPath(topic).isBase {
            throw MQTTDeviceSettingsError(
                field: field,
                message: "\"\(Printable.clipped(topic))\" is no base topic: give up to 128 bytes"
                    + " without wildcards, empty segments, or a leading $")
        }
        for (index, tree) in trees.enumerated() {
            for other in trees[(index + 1)...] where overlap(tree.1, other.1) {
                throw MQTTDeviceSettingsError(
                    field: tree.0,
                    message: "\(tree.1) and \(other.1) overlap: give each its own topic tree")
            }
        }
        for (field, bound) in [
            ("devices_max", devicesMaximum), ("entities_max", entitiesMaximum),
            ("payload_bytes_max", payloadBytesMaximum), ("properties_max", propertiesMaximum),
            ("report_bytes_max", reportBytesMaximum),
        ] where bound < 1 {
            throw MQTTDeviceSettingsError(field: field, message: "\(bound) is below 1")
        }
    }

    private func overlap(_ left: String, _ right: String) -> Bool {
        let (left, right) = (TopicPath(left), TopicPath(right))
        return left.below(right) != nil || right.below(left) != nil
    }
}

/// Why settings cannot be used: the field and what to write instead.
public struct MQTTDeviceSettingsError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The field's name as configuration files spell it.
    public let field: String
    /// What is wrong and what to write instead.
    public let message: String

    /// Field and message on one line.
    public var description: String { "\(field): \(message)" }
}
