import Platform

/// Shelly devices of the second and later generations. A property is named after its component,
/// as in `switch:0.apower`.
///
/// Source: Shelly's Gen2 documentation, "MQTT", "Notifications".
enum ShellyGen2 {
    /// The topic filters of any device id. They are this wide because the id is the device's own
    /// choice; the bridge keeps other families' topics out.
    static let filters = ["+/online", "+/status/+", "+/events/rpc"]

    /// Events of one message. A device sends one to three at a time.
    static let eventsMaximum = 32

    /// Whether no other device would publish here: a component is named like `switch:0`, and RPC
    /// events are Shelly's own. `<id>/online` alone may be anybody's.
    static func isUnmistakable(_ segments: [Substring]) -> Bool {
        guard segments.count == 3, let id = segments.first, !id.isEmpty else { return false }
        return segments[1] == "status" && segments[2].utf8.contains(UInt8(ascii: ":"))
            || segments[1] == "events" && segments[2] == "rpc"
    }

    /// - Parameter segments: all segments of the topic.
    static func read(_ segments: [Substring], payload: [UInt8]) -> DecodedMessage {
        guard let id = segments.first, !id.isEmpty, !id.hasPrefix("$") else { return .ignored }
        var reading = DeviceReading(device: String(id))
        do {
            switch (segments.count, segments.dropFirst().first) {
            case (2, "online"):
                guard let isOnline = PlainText.flag(payload) else {
                    return .unreadable("neither true nor false")
                }
                reading.properties.add(.bool(isOnline), name: "online")
            case (3, "status"):
                let component = String(segments[2])
                add(try PlainText.object(payload), of: component, to: &reading)
            case (3, "events") where segments[2] == "rpc":
                return notification(Value.map(try PlainText.object(payload)), device: String(id))
            default: return .ignored
            }
        } catch {
            return .unreadable(error.reason)
        }
        return .reading(reading)
    }

    private static func add(
        _ status: [Value.MapEntry], of component: String, to reading: inout DeviceReading
    ) {
        let name = DeviceName.safePart(component)
        reading.properties.add(.map(status), name: name)
        if isNumbered(component, "switch") || isNumbered(component, "light"),
            Value.map(status)["output"]?.boolValue != nil
        {
            reading.settable[name + ".output"] = SettableProperty(
                topic: "\(reading.device)/command/\(component)",
                form: .flag(on: .string("on"), off: .string("off")), state: name + ".output")
        }
        if isNumbered(component, "cover") {
            // Its state says `opening` to `open`, so it confirms nothing.
            reading.settable[name] = SettableProperty(
                topic: "\(reading.device)/command/\(component)",
                form: .words(["open": "open", "close": "close", "stop": "stop"]))
        }
    }

    /// The kind, `:` and a number of one or two digits.
    private static func isNumbered(_ component: String, _ kind: String) -> Bool {
        guard component.hasPrefix(kind + ":") else { return false }
        let digits = component.utf8.dropFirst(kind.utf8.count + 1)
        return 1...2 ~= digits.count
            && digits.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
    }

    private static func notification(_ frame: Value, device: String) -> DecodedMessage {
        guard let method = frame["method"]?.stringValue, let parameters = frame["params"] else {
            return .unreadable("a notification without method and params")
        }
        switch method {
        case "NotifyStatus", "NotifyFullStatus":
            var reading = DeviceReading(device: device)
            for entry in parameters.mapValue ?? [] {
                // What is no object is the notification's own time stamp `ts`.
                guard let status = entry.value.mapValue else { continue }
                add(status, of: entry.key, to: &reading)
            }
            return .reading(reading)
        case "NotifyEvent":
            return events(parameters["events"]?.arrayValue ?? [], device: device)
        default:
            return .unreadable("method \(Printable.clipped(method, bytes: 32)) is not known here")
        }
    }

    /// One report per event: a second press in the same message must not hide the first.
    private static func events(_ events: [Value], device: String) -> DecodedMessage {
        guard events.count <= eventsMaximum else {
            return .unreadable("\(events.count) events, over \(eventsMaximum)")
        }
        var readings: [DeviceReading] = []
        for event in events {
            guard let component = event["component"]?.stringValue,
                let kind = event["event"]?.stringValue
            else { return .unreadable("an event without component and event") }
            var reading = DeviceReading(device: device)
            reading.isOccurrence = true
            let name = DeviceName.safePart(component) + ".event"
            reading.properties.add(.string(kind), name: name)
            for entry in event.mapValue ?? []
            where !["component", "event", "id"].contains(entry.key) {
                reading.properties.add(.map([entry]), name: name)
            }
            readings.append(reading)
        }
        return .readings(readings)
    }
}
