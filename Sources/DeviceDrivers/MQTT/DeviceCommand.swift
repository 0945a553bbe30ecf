public import Platform

/// Why a property cannot be set.
public struct DeviceCommandError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of refusal it is.
    public enum Code: Sendable, Hashable {
        /// The device has not been heard since the agent started.
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
}

extension MQTTDeviceBridge {
    /// The message that sets a property of a device.
    ///
    /// - Parameters:
    ///   - device: the name as in reports.
    ///   - property: a property's name as in reports. Shelly: `relay.0`, `switch:0.output` or
    ///     `switch:0`. Zigbee2MQTT: any member of the state. Home Assistant: `switch.<object>`.
    ///   - value: a boolean, `"on"` or `"off"`; for Zigbee2MQTT any value that JSON has.
    /// - Throws: `DeviceCommandError` where the bridge knows no way to set it.
    public func command(
        device: String, property: String, value: Value
    ) throws(DeviceCommandError) -> (topic: String, payload: [UInt8]) {
        guard let known = devices[device] else {
            throw DeviceCommandError(
                code: .unknownDevice,
                message: "no device \(Printable.clipped(device)) has been heard since the agent"
                    + " started: check its name and that it is connected to the broker")
        }
        switch known.family {
        case .shellyGen1, .shellyGen2:
            guard let end = known.settable[property] ?? known.settable[property + ".output"] else {
                throw .notSettable(property, among: known.settable.keys.sorted())
            }
            let root = known.family == .shellyGen1 ? "shellies/" : ""
            let word = try Self.isOn(value, property) ? "on" : "off"
            return ("\(root)\(known.nativeName)/\(end)", Array(word.utf8))
        case .zigbee2mqtt:
            return try zigbee(known.nativeName, property, value)
        case .homeAssistant:
            let entity = entities.entity(device: known.nativeName, property: property)
            guard let control = entity?.control else {
                throw .notSettable(
                    property, among: entities.settableProperties(of: known.nativeName))
            }
            let isOn = try Self.isOn(value, property)
            let word = isOn ? control.onPayload : control.offPayload
            return (control.topic, Array(word.utf8))
        }
    }

    /// Zigbee2MQTT knows what a device takes; the agent does not, and lets it judge.
    private func zigbee(
        _ name: String, _ property: String, _ value: Value
    ) throws(DeviceCommandError) -> (topic: String, payload: [UInt8]) {
        let isMember =
            1...64 ~= property.utf8.count
            && property.utf8.allSatisfy { DeviceName.isPlain($0) && $0 != UInt8(ascii: "-") }
        guard isMember, property != "availability" else {
            throw DeviceCommandError(
                code: .notSettable,
                message: "\(Printable.clipped(property)) cannot be set: name a member of the"
                    + " state, and give an object for nested ones, as in color = {\"x\":0.3}")
        }
        guard value.isJSON else {
            throw DeviceCommandError(
                code: .valueRefused,
                message: "\(property) takes what JSON can say: no bytes, no NaN, no infinity")
        }
        let payload = Value.object([(property, value)]).json
        return ("\(settings.zigbee2mqttTopic)/\(name)/set", Array(payload.utf8))
    }

    private static func isOn(_ value: Value, _ property: String) throws(DeviceCommandError) -> Bool
    {
        switch value {
        case .bool(let flag): return flag
        case .string(let word) where word.lowercased() == "on": return true
        case .string(let word) where word.lowercased() == "off": return false
        default:
            throw DeviceCommandError(
                code: .valueRefused,
                message: "\(Printable.clipped(property)) takes true, false, on or off")
        }
    }
}

extension DeviceCommandError {
    fileprivate static func notSettable(_ property: String, among names: [String]) -> Self {
        let list = names.isEmpty ? "none" : names.prefix(8).joined(separator: ", ")
        return Self(
            code: .notSettable,
            message: "\(Printable.clipped(property)) cannot be set; settable here: \(list)")
    }
}

extension Value {
    /// Whether JSON can say this value. Values that arrive here came through decoders that bound
    /// their depth.
    fileprivate var isJSON: Bool {
        switch self {
        case .null, .bool, .int, .string: true
        case .double(let number): number.isFinite
        case .bytes: false
        case .array(let items): items.allSatisfy(\.isJSON)
        case .map(let entries): entries.allSatisfy(\.value.isJSON)
        }
    }
}
