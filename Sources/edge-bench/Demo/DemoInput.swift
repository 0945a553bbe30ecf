import Foundation
import Platform

/// What the devices of the demonstration publish: real dumps and series where the data folder
/// stands beside the checkout, else payloads made here in the same documented formats.
struct DemoInput {
    /// One MQTT message of a device.
    struct Message: Equatable {
        let topic: String
        let payload: String
    }

    /// Where the payloads come from, for the operator.
    let source: String
    /// Device messages, for each board its own.
    let devices: [[Message]]
    /// Temperatures in °C that a sensor publishes one after the other.
    let temperatures: [Double]

    /// Reads the folder's `shelly/*.json` and `nab/machine_temperature_system_failure.csv`.
    /// - Returns: nil where the folder lacks them.
    init?(folder: String) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder + "/shelly")) ?? []
        let dumps = names.filter { $0.hasSuffix(".json") }.sorted().compactMap {
            try? JSONReader.read(Files.text("\(folder)/shelly/\($0)"))
        }
        let series = Self.series(
            Files.text(folder + "/nab/machine_temperature_system_failure.csv"))
        guard !dumps.isEmpty, !series.isEmpty else { return nil }
        source = "real Shelly dumps and NAB machine temperatures"
        let messages = dumps.map(Self.messages)
        devices = (0..<3).map { board in
            messages.enumerated().filter { $0.offset % 3 == board }.flatMap(\.element)
        }
        temperatures = series
    }

    /// Payloads in the formats that the makers document.
    init() {
        source = "payloads made in the Shelly and Zigbee2MQTT formats"
        let plug: Value = .object([
            ("id", .int(0)), ("output", .bool(true)), ("apower", .number(2.7)),
            ("voltage", .number(227.9)), ("current", .number(0.121)),
            ("temperature", .object([("tC", .number(32.1)), ("tF", .number(89.7))])),
            ("aenergy", .object([("total", .number(7258.589))])),
        ])
        let relay: Value = .object([
            ("relays", .array([.object([("ison", .bool(false)), ("overpower", .bool(false))])])),
            ("meters", .array([.object([("power", .number(0)), ("is_valid", .bool(true))])])),
            ("temperature", .number(33.9)), ("overtemperature", .bool(false)),
        ])
        let contact: Value = .object([
            ("battery", .int(100)), ("contact", .bool(false)), ("linkquality", .int(84)),
        ])
        devices = [
            [Message(topic: "shellyplusplugs-0a1b2c3d4e5f/status/switch:0", payload: plug.json)],
            [Message(topic: "shellies/shelly1pm-0A1B2C/info", payload: relay.json)],
            [Message(topic: "zigbee2mqtt/door", payload: contact.json)],
        ]
        // A machine that warms up over the day, with a little noise; the same at each run.
        var random = SplitMix64(seed: 1)
        temperatures = (0..<2000).map { step in
            let noise = Double(Int.random(in: -50...50, using: &random)) / 100
            return 70 + 15 * sin(Double(step) / 144) + noise
        }
    }

    /// The MQTT messages that a device of this dump publishes. Gen2+ devices publish each
    /// component's status under `<topic prefix>/status/<component>`, Gen1 devices their whole
    /// status under `shellies/<host name>/info`.
    static func messages(_ dump: Value) -> [Message] {
        guard let status = dump["status"] else { return [] }
        if let prefix = dump["config"]?["mqtt"]?["topic_prefix"]?.stringValue {
            return (status.mapValue ?? []).filter { $0.key.contains(":") }.map {
                Message(topic: "\(prefix)/status/\($0.key)", payload: $0.value.json)
            }
        }
        guard let host = dump["settings"]?["device"]?["hostname"]?.stringValue else { return [] }
        return [Message(topic: "shellies/\(host)/info", payload: status.json)]
    }

    /// The numbers of a `timestamp,value` file.
    static func series(_ text: String) -> [Double] {
        text.split(separator: "\n").dropFirst().compactMap { line in
            line.split(separator: ",").last.flatMap { Double($0) }
        }
    }
}
