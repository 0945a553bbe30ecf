import Platform

/// Device messages that carry a number, in Zigbee2MQTT's format.
enum Payload {
    /// A reading: telemetry.
    static let numbered: @Sendable (Int) -> String = { number in
        "{\"battery\":97,\"humidity\":\(40 + number % 20),\"linkquality\":\(80 + number % 50),"
            + "\"n\":\(number),\"temperature\":\(20 + Double(number % 100) / 10)}"
    }

    /// A smoke detector that went off: an alarm.
    static func alarm(_ number: Int) -> String {
        "{\"battery\":88,\"n\":\(number),\"smoke\":true}"
    }

    /// The numbers that rows of a log carry, each once.
    static func numbers(_ entries: [HubEntry]) -> Set<Int> {
        Set(entries.compactMap { $0.row?.value["n"]?.intValue.map { Int($0) } })
    }
}
