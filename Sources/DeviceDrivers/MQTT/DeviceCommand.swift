public import Platform

/// Why a property cannot be set.
public struct DeviceCommandError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of refusal it is.
    public enum Code: Sendable, Hashable {
        /// No such device is known.
        case unknownDevice
        /// The device has no such property, or it can only be read.
        case notSettable
        /// The property does not take this value.
        case valueRefused
    }

    /// The kind, for programs.
    public let code: Code
    /// What happened and what to do about it.
    public let message: String

    /// The message.
    public var description: String { message }

    static func valueRefused(_ message: String) -> Self {
        Self(code: .valueRefused, message: message)
    }
}

/// A message that sets a property, and how the device confirms it.
public struct DeviceCommand: Sendable, Hashable {
    /// Where it is published.
    public let topic: String
    /// What is published.
    public let payload: [UInt8]
    /// The property that says so once the device has done it; nil where the device never says.
    public let property: String?
    /// What that property is then.
    public let expected: Value

    /// Whether a property's value is what the command wanted.
    public func isConfirmed(by value: Value) -> Bool { value.confirms(expected) }
}

extension MQTTDeviceBridge {
    /// The message that sets a property of a device.
    ///
    /// - Parameters:
    ///   - device: the name as in reports.
    ///   - property: a property's name as in reports. Shelly: `relay.0`, `switch:0.output` or
    ///     `switch:0`. Zigbee2MQTT: a member of the state. Tasmota: `POWER1`. Home Assistant:
    ///     `switch.<object>`, `light.<object>.brightness` and the like.
    ///   - value: what the property takes: a boolean, `"on"` or `"off"`, a number, a word of its
    ///     list; `true` or `"press"` for a button.
    /// - Throws: `DeviceCommandError` where the bridge knows no way to set it.
    public func command(
        device: String, property: String, value: Value
    ) throws(DeviceCommandError) -> DeviceCommand {
        guard let known = devices[device] else {
            throw DeviceCommandError(
                code: .unknownDevice,
                message: "no device \(Printable.clipped(device)) is known: check its name and that"
                    + " it is connected to the broker")
        }
        guard let setting = try setting(of: known, property) else {
            let names =
                known.family == .homeAssistant
                ? entities.settableProperties(of: known.nativeName) : known.settable.keys.sorted()
            let list = names.isEmpty ? "none" : names.prefix(8).joined(separator: ", ")
            throw DeviceCommandError(
                code: .notSettable,
                message: "\(Printable.clipped(property)) cannot be set; settable here: \(list)")
        }
        let (payload, state) = try setting.encode(value, property)
        return DeviceCommand(
            topic: setting.topic, payload: payload, property: state == nil ? nil : setting.state,
            expected: state ?? .null)
    }

    private func setting(
        of known: DeviceRegistry.Device, _ property: String
    ) throws(DeviceCommandError) -> SettableProperty? {
        switch known.family {
        case .homeAssistant:
            entities.control(device: known.nativeName, property: property)
        case .zigbee2mqtt where known.settable.isEmpty:
            try undefined(known.nativeName, property)
        case .shellyGen1, .shellyGen2, .tasmota, .zigbee2mqtt:
            known.settable[property] ?? known.settable[property + ".output"]
        }
    }

    /// A Zigbee device without a definition: Zigbee2MQTT knows what it takes and judges.
    private func undefined(
        _ name: String, _ property: String
    ) throws(DeviceCommandError) -> SettableProperty? {
        let isMember =
            1...64 ~= property.utf8.count
            && property.utf8.allSatisfy { DeviceName.isPlain($0) && $0 != UInt8(ascii: "-") }
        guard isMember, property != "availability" else {
            throw DeviceCommandError(
                code: .notSettable,
                message: "\(Printable.clipped(property)) cannot be set: name a member of the"
                    + " state, and give an object for nested ones, as in color = {\"x\":0.3}")
        }
        return SettableProperty(
            topic: "\(settings.zigbee2mqttTopic)/\(name)/set", form: .any, member: property,
            state: property)
    }
}
