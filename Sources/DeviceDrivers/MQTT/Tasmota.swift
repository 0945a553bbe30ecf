import Platform

/// Tasmota devices by their own discovery: `tasmota/discovery/<MAC>/config` says which topics a
/// device has, its messages come below them.
///
/// Source: Tasmota's documentation, "MQTT", and the discovery message as the firmware writes it
/// (`ver` 1).
struct TasmotaDevice: Sendable, Hashable {
    static let base = TopicPath("tasmota/discovery")
    static let filters = ["tasmota/discovery/+/config", "tasmota/discovery/+/sensors"]
    /// Relays of one device: the firmware's own limit is 28, 8 of them announced.
    static let relaysMaximum = 32
    private static let textBytesMaximum = 64

    /// The device's topic, `%id%` filled in; its name here.
    let name: String
    let model: String?
    /// The topics for commands, states and telemetry, each with its final slash.
    let command: String
    let state: String
    let telemetry: String
    let onWord: String
    let offWord: String
    let onlineWord: String
    let offlineWord: String
    /// By relay: 0 none, 1 relay, 2 light, 3 shutter.
    let relays: [Int]
    /// Channels of the light, 0 for none.
    let lightChannels: Int

    /// Filters for what the device publishes.
    var filters: [String] { [state + "+", telemetry + "+"] }

    /// Reads a `config` message.
    init(_ payload: [UInt8], mac: String) throws(Unreadable) {
        let object = Value.map(try PlainText.object(payload))
        guard object["mac"]?.stringValue == mac else {
            throw Unreadable(reason: "mac is missing or not the topic's")
        }
        try self.init(object)
    }

    /// Reads the fields that matter here, from a message or from the registry.
    init(_ object: Value) throws(Unreadable) {
        guard object["ver"]?.intValue == 1 else {
            throw Unreadable(reason: "ver is missing or not 1, the only form that is read")
        }
        func text(_ key: String) throws(Unreadable) -> String {
            guard let text = object[key]?.stringValue,
                1...Self.textBytesMaximum ~= text.utf8.count
            else {
                throw Unreadable(
                    reason: "\(key) is missing or longer than \(Self.textBytesMaximum) bytes")
            }
            return text
        }
        let mac = try text("mac")
        let prefixes = (object["tp"]?.arrayValue ?? []).compactMap(\.stringValue)
        guard prefixes.count == 3 else {
            throw Unreadable(reason: "tp is no list of three prefixes")
        }
        let words = (object["state"]?.arrayValue ?? []).compactMap(\.stringValue)
        guard words.count >= 2, words.allSatisfy({ 1...Self.textBytesMaximum ~= $0.utf8.count })
        else { throw Unreadable(reason: "state is no list of words for off and on") }
        let relays = (object["rl"]?.arrayValue ?? []).compactMap(\.intValue)
        guard relays.count <= Self.relaysMaximum else {
            throw Unreadable(reason: "rl has over \(Self.relaysMaximum) relays")
        }
        let full = try text("ft")
        guard full.contains("%prefix%"), full.contains("%topic%") || full.contains("%id%") else {
            throw Unreadable(reason: "ft lacks %prefix% or %topic%")
        }
        let id = String(mac.suffix(6))
        let topic = Self.replaced(try text("t"), "%id%", id)
        let host = object["hn"]?.stringValue ?? ""
        func place(_ prefix: String) throws(Unreadable) -> String {
            var place = Self.replaced(full, "%prefix%", prefix)
            place = Self.replaced(Self.replaced(place, "%topic%", topic), "%hostname%", host)
            place = Self.replaced(place, "%id%", id)
            if !place.hasSuffix("/") { place += "/" }
            try HomeAssistantEntity.check(place)
            return place
        }
        name = topic
        model = object["md"]?.stringValue.map { Printable.clipped($0, bytes: 64) }
        command = try place(prefixes[0])
        state = try place(prefixes[1])
        telemetry = try place(prefixes[2])
        offWord = words[0]
        onWord = words[1]
        onlineWord = try text("onln")
        offlineWord = try text("ofln")
        self.relays = relays.map { Int(clamping: $0) }
        lightChannels = Int(clamping: object["lt_st"]?.intValue ?? 0)
        kept = .object(
            ["mac", "ver", "tp", "state", "rl", "ft", "t", "hn", "md", "onln", "ofln", "lt_st"]
                .compactMap { key in object[key].map { (key, $0) } })
    }

    /// The fields that were read, for the registry.
    let kept: Value

    private static func replaced(_ text: String, _ token: String, _ with: String) -> String {
        var parts: [Substring] = []
        var rest = text[...]
        while let range = rest.range(of: token) {
            parts.append(rest[..<range.lowerBound])
            rest = rest[range.upperBound...]
        }
        return (parts + [rest]).joined(separator: with)
    }

    /// How its relays and its light are set.
    var settable: [String: SettableProperty] {
        var settable: [String: SettableProperty] = [:]
        for (index, kind) in relays.enumerated() where kind == 1 || kind == 2 {
            let key = "POWER\(index + 1)"
            settable[key] = SettableProperty(
                topic: command + key, form: .flag(on: .string(onWord), off: .string(offWord)),
                state: key)
        }
        if relays.contains(2), lightChannels > 0 {
            settable["Dimmer"] = SettableProperty(
                topic: command + "Dimmer", form: .number(minimum: 0, maximum: 100), state: "Dimmer")
        }
        if relays.contains(2), lightChannels == 2 || lightChannels == 5 {
            settable["CT"] = SettableProperty(
                topic: command + "CT", form: .number(minimum: 153, maximum: 500), state: "CT")
        }
        return settable
    }

    /// - Parameter end: the topic's last segment, below `state` or `telemetry`.
    func read(_ end: String, payload: [UInt8]) -> DecodedMessage {
        var reading = DeviceReading(device: name)
        switch end {
        case "LWT":
            guard let word = PlainText.text(payload), word == onlineWord || word == offlineWord
            else {
                return .unreadable(
                    "neither \(Printable.clipped(onlineWord, bytes: 32)) nor"
                        + " \(Printable.clipped(offlineWord, bytes: 32))")
            }
            reading.properties.add(.bool(word == onlineWord), name: "online")
        case _ where Self.isPower(end):
            guard let flag = flag(.string(PlainText.text(payload) ?? "")) else {
                return .unreadable("none of the device's words for on and off")
            }
            reading.properties.add(.bool(flag), name: Self.numbered(end))
        case "STATE", "SENSOR", "RESULT", "HASS_STATE":
            do throws(Unreadable) {
                add(try PlainText.object(payload), to: &reading)
            } catch {
                return .unreadable(error.reason)
            }
        default:
            // `INFO1` and others say nothing that has a state; the rest are answers to commands.
            return .ignored
        }
        return .reading(reading)
    }

    private func add(_ object: [Value.MapEntry], to reading: inout DeviceReading) {
        for entry in object where entry.key != "Time" {
            let key = DeviceName.safePart(
                Self.isPower(entry.key) ? Self.numbered(entry.key) : entry.key)
            let value = Self.isPower(entry.key) ? flag(entry.value).map(Value.bool) : nil
            reading.properties.add(value ?? entry.value, name: key)
        }
    }

    private func flag(_ value: Value) -> Bool? {
        let word = value.stringValue
        if word == onWord { return true }
        return word == offWord ? false : nil
    }

    /// `POWER` or `POWER1` to `POWER32`.
    private static func isPower(_ key: String) -> Bool {
        guard key.hasPrefix("POWER") else { return false }
        let number = key.utf8.dropFirst(5)
        return number.count <= 2 && number.allSatisfy { 0x30...0x39 ~= $0 }
    }

    /// A device with one relay leaves out its number.
    private static func numbered(_ key: String) -> String { key == "POWER" ? "POWER1" : key }
}

extension Substring {
    /// The first place of a text of ASCII.
    fileprivate func range(of token: String) -> Range<Index>? {
        let (text, token) = (utf8, Array(token.utf8))
        var start = text.startIndex
        while text.distance(from: start, to: text.endIndex) >= token.count {
            let end = text.index(start, offsetBy: token.count)
            if text[start..<end].elementsEqual(token) { return start..<end }
            start = text.index(after: start)
        }
        return nil
    }
}
