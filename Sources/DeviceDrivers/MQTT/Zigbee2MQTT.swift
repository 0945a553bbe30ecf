import Platform

/// Zigbee devices behind Zigbee2MQTT: `<base>/<friendly name>` with one JSON object of the
/// device's state. A friendly name may contain slashes.
///
/// Source: Zigbee2MQTT's documentation, "MQTT topics and messages".
enum Zigbee2MQTT {
    /// - Parameter path: the topic's segments below the base topic.
    static func read(_ path: ArraySlice<Substring>, payload: [UInt8]) -> DecodedMessage {
        guard let first = path.first, let last = path.last, first != "bridge",
            path.allSatisfy({ !$0.isEmpty })
        else { return .ignored }
        // Requests to a device, of the forms `<name>/set` and `<name>/set/<attribute>`.
        guard !path.dropFirst().suffix(2).contains(where: { $0 == "set" || $0 == "get" }) else {
            return .ignored
        }
        if path.count > 1, last == "availability" {
            return availability(of: path.dropLast(), payload: payload)
        }
        // With Home Assistant's triggers on, an action is also published alone, as a bare word; the
        // state object carries it too.
        if path.count > 1, last == "action", payload.first != UInt8(ascii: "{") { return .ignored }
        do {
            let state = try PlainText.object(payload)
            var reading = DeviceReading(device: path.joined(separator: "/"))
            reading.properties.add(entriesOf: state)
            let action = Value.map(state)["action"]?.stringValue ?? ""
            reading.isOccurrence = !action.isEmpty
            return .reading(reading)
        } catch {
            return .unreadable("\(error.reason); Zigbee2MQTT's output must be json")
        }
    }

    /// `{"state":"online"}`, or the bare word with older versions.
    private static func availability(
        of device: ArraySlice<Substring>, payload: [UInt8]
    ) -> DecodedMessage {
        let value = (try? JSONReader.read(payload))?["state"] ?? PlainText.value(payload)
        guard let word = value?.stringValue, ["online", "offline"].contains(word) else {
            return .unreadable("neither online nor offline")
        }
        var reading = DeviceReading(device: device.joined(separator: "/"))
        reading.properties.add(.string(word), name: "availability")
        return .reading(reading)
    }
}
