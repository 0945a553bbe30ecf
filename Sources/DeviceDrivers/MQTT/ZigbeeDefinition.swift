import Platform

/// What a Zigbee device can do, as the bridge's list of devices says.
///
/// Source: Zigbee2MQTT's documentation, "MQTT topics and messages" (`bridge/devices`) and "Exposes".
struct ZigbeeDefinition: Sendable, Hashable {
    /// Devices of one list. A coordinator takes about 200.
    static let devicesMaximum = 512
    /// Exposes and features inside each other: a composite in a climate in a list.
    private static let depthMaximum = 4
    /// The bit of `access` that says that a property can be set.
    private static let setBit: Int64 = 2

    /// The friendly name.
    let name: String
    let model: String?
    let settable: [String: SettableProperty]

    /// Reads the list; what is no device with a definition is left out.
    static func list(_ payload: [UInt8], base: String) throws(Unreadable) -> [ZigbeeDefinition] {
        let value: Value
        do {
            value = try JSONReader.read(payload)
        } catch {
            throw Unreadable(reason: error.description)
        }
        guard let items = value.arrayValue else { throw Unreadable(reason: "JSON, but no list") }
        guard items.count <= devicesMaximum else {
            throw Unreadable(reason: "\(items.count) devices, over \(devicesMaximum)")
        }
        return items.compactMap { item in
            guard item["type"]?.stringValue != "Coordinator", let definition = item["definition"],
                let name = item["friendly_name"]?.stringValue, !name.isEmpty
            else { return nil }
            return ZigbeeDefinition(name, definition, base: base)
        }
    }

    private init(_ name: String, _ definition: Value, base: String) {
        self.name = name
        let words = [definition["vendor"], definition["model"]].compactMap { $0?.stringValue }
        model = words.isEmpty ? nil : Printable.clipped(words.joined(separator: " "), bytes: 64)
        var settable: [String: SettableProperty] = [:]
        Self.collect(
            definition["exposes"]?.arrayValue ?? [], topic: "\(base)/\(name)/set", depth: 0,
            into: &settable)
        self.settable = settable
    }

    private static func collect(
        _ exposes: [Value], topic: String, depth: Int,
        into settable: inout [String: SettableProperty]
    ) {
        guard depth < depthMaximum, TopicPath.isPublishable(topic) else { return }
        for expose in exposes {
            let kind = expose["type"]?.stringValue
            // `switch`, `light`, `cover`, `climate`, `lock` and `fan` only group their features.
            if let features = expose["features"]?.arrayValue, kind != "composite" {
                collect(features, topic: topic, depth: depth + 1, into: &settable)
                continue
            }
            guard let property = expose["property"]?.stringValue, !property.isEmpty,
                property.utf8.count <= 64, (expose["access"]?.intValue ?? 0) & setBit != 0,
                settable.count < DeviceRegistry.settableMaximum || settable[property] != nil
            else { continue }
            settable[property] = SettableProperty(
                topic: topic, form: form(expose), member: property,
                state: DeviceName.safePart(property))
        }
    }

    private static func form(_ expose: Value) -> SettableForm {
        switch expose["type"]?.stringValue {
        case "binary":
            guard let on = expose["value_on"], let off = expose["value_off"] else { return .any }
            return .flag(on: on, off: off)
        case "numeric":
            guard let low = expose["value_min"]?.doubleValue,
                let high = expose["value_max"]?.doubleValue, low <= high
            else { return .any }
            return .number(minimum: low, maximum: high)
        case "enum":
            let words = (expose["values"]?.arrayValue ?? []).compactMap(\.stringValue)
            guard 1...SettableForm.wordsMaximum ~= words.count else { return .any }
            return .words(words.reduce(into: [:]) { $0[$1] = $1 })
        default: return .any
        }
    }
}
