/// The families of devices that the bridge reads.
enum DeviceFamily: String, Sendable {
    case shellyGen1 = "Shelly Gen1"
    case shellyGen2 = "Shelly Gen2+"
    case zigbee2mqtt = "Zigbee2MQTT"
    case homeAssistant = "Home Assistant"
}

/// The devices that have been heard, bounded.
struct DeviceRegistry: Sendable {
    struct Device: Sendable {
        let family: DeviceFamily
        /// The name as the family spells it.
        let nativeName: String
        /// Settable properties and the end of the topic that sets each.
        var settable: [String: String] = [:]
    }

    /// Settable outputs of one device. The largest Shelly has four.
    static let settableMaximum = 16

    private let maximum: Int
    private var devices: [String: Device] = [:]

    init(maximum: Int) { self.maximum = maximum }

    subscript(name: String) -> Device? { devices[name] }

    /// Takes a device on, or knows it already. Returns why not.
    mutating func admit(_ name: String, nativeName: String, family: DeviceFamily) -> String? {
        if let known = devices[name] {
            // Two devices under one name would overwrite each other's state.
            guard known.family == family else {
                return "a \(known.family.rawValue) device has this name: rename the"
                    + " \(family.rawValue) device"
            }
            return nil
        }
        guard devices.count < maximum else {
            return "\(maximum) devices are known, which is the limit: raise"
                + " local_broker.devices_max"
        }
        devices[name] = Device(family: family, nativeName: nativeName)
        return nil
    }

    mutating func note(settable: [String: String], of name: String) {
        for (property, topic) in settable.sorted(by: { $0.key < $1.key }) {
            guard let known = devices[name]?.settable,
                known[property] != nil || known.count < Self.settableMaximum
            else { return }
            devices[name]?.settable[property] = topic
        }
    }

    mutating func remove(_ name: String) { devices[name] = nil }
}
