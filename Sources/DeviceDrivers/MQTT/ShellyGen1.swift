import Platform

/// Shelly devices of the first generation: `shellies/<id>/<path>`, mostly bare words and numbers.
/// A property is named after the path, as in `relay.0.power` (W) and `relay.0.energy` (Wmin).
///
/// Source: Shelly's Gen1 API reference, "MQTT support".
enum ShellyGen1 {
    static let base = TopicPath("shellies")

    /// Objects, where a bare word is a fault.
    private static let objects: Set<Substring> = ["announce", "info", "status"]
    /// Channels that say `on` or `off`.
    private static let outputs: Set<Substring> = ["relay", "light", "color", "white"]
    /// Channels that say `0` or `1` and mean a flag.
    private static let flagChannels: Set<Substring> = ["input", "longpush", "ext_switch"]
    /// Last segments that say `0` or `1`, or `true` or `false` with later firmware.
    private static let flags: Set<Substring> = [
        "overtemperature", "overload", "loaderror", "flood", "smoke", "motion", "vibration",
        "tamper", "charger", "active",
    ]

    /// - Parameter path: the topic's segments below `shellies`.
    static func read(_ path: ArraySlice<Substring>, payload: [UInt8]) -> DecodedMessage {
        guard let id = path.first, !id.isEmpty, id != "command" else { return .ignored }
        if path.count == 1 { return id == "announce" ? announcement(payload) : .ignored }
        let rest = path.dropFirst()
        // `command` and `set` are what others, and this agent, say to the device. `settings` is
        // its configuration, with Wi-Fi keys: no state, and nothing to send to a hub.
        guard rest.allSatisfy({ !$0.isEmpty && $0 != "command" }), rest.last != "set",
            rest.first != "settings"
        else { return .ignored }
        var reading = DeviceReading(device: String(id))
        let name = rest.map { DeviceName.safePart($0) }.joined(separator: ".")
        if let reason = fill(&reading, name: name, path: rest, payload: payload) {
            return .unreadable(reason)
        }
        return .reading(reading)
    }

    /// What a device that has just connected tells everybody, with its id inside.
    private static func announcement(_ payload: [UInt8]) -> DecodedMessage {
        do {
            let object = Value.map(try PlainText.object(payload))
            guard let id = object["id"]?.stringValue, !id.isEmpty else {
                return .unreadable("an announcement without an id")
            }
            var reading = DeviceReading(device: id)
            reading.properties.add(object, name: "announce")
            // Its numbers (firmware, generation) never change.
            reading.isOccurrence = true
            return .reading(reading)
        } catch {
            return .unreadable(error.reason)
        }
    }

    /// Adds what the payload says; returns why it could not.
    private static func fill(
        _ reading: inout DeviceReading, name: String, path: ArraySlice<Substring>,
        payload: [UInt8]
    ) -> String? {
        let first = path.first ?? ""
        if payload.first == UInt8(ascii: "{") || payload.first == UInt8(ascii: "[") {
            do {
                reading.properties.add(try JSONReader.read(payload), name: name)
                reading.isOccurrence = first == "input_event" || first == "announce"
                return nil
            } catch {
                return error.description
            }
        }
        guard !objects.contains(first) else { return "no JSON object" }
        guard let value = PlainText.value(payload) else {
            return "not UTF-8, or longer than \(PlainText.bytesMaximum) bytes"
        }
        if outputs.contains(first), path.count == 2 {
            return output(&reading, name: name, path: path, word: value.stringValue)
        }
        let isFlag =
            path.count == 2 && flagChannels.contains(first) || flags.contains(path.last ?? "")
        if isFlag, let number = value.intValue, 0...1 ~= number {
            reading.properties.add(.bool(number == 1), name: name)
        } else if name == "online", value.boolValue == nil {
            return "neither true nor false"
        } else {
            reading.properties.add(value, name: name)
        }
        return nil
    }

    /// `overpower` says that the relay switched itself off; the next `on` or `off` ends that.
    private static func output(
        _ reading: inout DeviceReading, name: String, path: ArraySlice<Substring>, word: String?
    ) -> String? {
        guard let word, ["on", "off", "overpower"].contains(word) else {
            return "none of on, off, overpower"
        }
        reading.properties.add(.bool(word == "on"), name: name)
        if path.first == "relay" {
            reading.properties.add(.bool(word == "overpower"), name: name + ".overpower")
        }
        if path.first == "relay" || path.first == "light" {
            reading.settable[name] = SettableProperty(
                topic: "shellies/\(reading.device)/\(path.joined(separator: "/"))/command",
                form: .flag(on: .string("on"), off: .string("off")), state: name)
        }
        return nil
    }
}
