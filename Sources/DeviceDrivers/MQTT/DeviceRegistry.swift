import Platform

/// The families of devices that the bridge reads.
enum DeviceFamily: String, Sendable {
    case shellyGen1 = "Shelly Gen1"
    case shellyGen2 = "Shelly Gen2+"
    case zigbee2mqtt = "Zigbee2MQTT"
    case homeAssistant = "Home Assistant"
    case tasmota = "Tasmota"
}

/// The devices that are known, bounded, with what has to outlive a restart.
///
/// A device comes by its own message and goes by its own word, or an operator's. Neither a restart
/// nor what a broker kept for it or lost changes who is known.
struct DeviceRegistry: Sendable {
    struct Device: Sendable, Hashable {
        let family: DeviceFamily
        /// The name as the family spells it.
        let nativeName: String
        var model: String?
        /// By property.
        var settable: [String: SettableProperty] = [:]
        /// What the family's reader has to know again after a restart.
        var configuration: Value?
        /// What the device, or the broker in its name, said last about being there.
        var isOnline: Bool?
        /// It has sent something since the agent started; what a broker kept does not count.
        var isHeard = false

        var presence: DevicePresence {
            guard isHeard || isOnline == false else { return .remembered }
            return switch isOnline {
            case true?: .online
            case false?: .offline
            case nil: .heard
            }
        }
    }

    /// Settable properties of one device. A Zigbee thermostat exposes about 40.
    static let settableMaximum = 64
    /// The largest record of a device in the registry, as JSON.
    static let recordBytesMaximum = 8192

    private let maximum: Int
    private var devices: [String: Device] = [:]
    /// Devices that were taken back, oldest first: a broker may still hold their messages.
    private(set) var forgotten: [String] = []

    init(maximum: Int) { self.maximum = maximum }

    subscript(name: String) -> Device? { devices[name] }

    var names: [String] { devices.keys.sorted() }

    func isForgotten(_ name: String) -> Bool { forgotten.contains(name) }

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
        forgotten.removeAll { $0 == name }
        devices[name] = Device(family: family, nativeName: nativeName)
        return nil
    }

    mutating func note(settable: [String: SettableProperty], of name: String) {
        for (property, setting) in settable.sorted(by: { $0.key < $1.key }) {
            guard let known = devices[name]?.settable,
                known[property] != nil || known.count < Self.settableMaximum
            else { return }
            devices[name]?.settable[property] = setting
        }
    }

    /// Takes the place of everything that was settable.
    mutating func replace(settable: [String: SettableProperty], model: String?, of name: String) {
        devices[name]?.settable = [:]
        devices[name]?.model = model
        note(settable: settable, of: name)
    }

    mutating func configure(_ configuration: Value, of name: String) {
        devices[name]?.configuration = configuration
    }

    /// Notes that a device said something. Returns its presence where that changed.
    mutating func hear(_ name: String, isRetained: Bool, online: Bool?) -> DevicePresence? {
        guard var device = devices[name] else { return nil }
        let before = device.presence
        if !isRetained { device.isHeard = true }
        if let online { device.isOnline = online }
        devices[name] = device
        return device.presence == before ? nil : device.presence
    }

    /// Returns the names that are no longer remembered as forgotten, to make room.
    mutating func forget(_ name: String) -> [String] {
        devices[name] = nil
        forgotten.removeAll { $0 == name }
        forgotten.append(name)
        let surplus = forgotten.prefix(max(0, forgotten.count - maximum))
        forgotten.removeFirst(surplus.count)
        return Array(surplus)
    }
}

// MARK: - Across restarts

extension DeviceRegistry {
    /// What is kept of a device; a forgotten one is kept as such.
    func record(of name: String) -> Value {
        guard let device = devices[name] else {
            return isForgotten(name) ? .object([("forgotten", .bool(true))]) : .null
        }
        var fields: [(String, Value)] = [
            ("family", .string(device.family.rawValue)), ("name", .string(device.nativeName)),
        ]
        if let model = device.model { fields.append(("model", .string(model))) }
        if let configuration = device.configuration {
            fields.append(("configuration", configuration))
        }
        var room = Self.recordBytesMaximum
        var settable: [(String, Value)] = []
        for (property, setting) in device.settable.sorted(by: { $0.key < $1.key }) {
            let value = setting.value
            room -= property.utf8.count + value.json.utf8.count + 4
            guard room >= 0 else { break }
            settable.append((property, value))
        }
        if !settable.isEmpty { fields.append(("settable", .object(settable))) }
        return .object(fields)
    }

    /// Takes up what was kept. Returns whether it was one of ours.
    mutating func recall(_ name: String, _ record: Value) -> Bool {
        if record["forgotten"] == .bool(true) {
            guard forgotten.count < maximum else { return false }
            forgotten.append(name)
            return true
        }
        guard let family = record["family"]?.stringValue.flatMap(DeviceFamily.init(rawValue:)),
            let nativeName = record["name"]?.stringValue, DeviceName.safe(nativeName) == name,
            admit(name, nativeName: nativeName, family: family) == nil
        else { return false }
        devices[name]?.model = record["model"]?.stringValue
        devices[name]?.configuration = record["configuration"]
        var settable: [String: SettableProperty] = [:]
        for entry in record["settable"]?.mapValue ?? [] {
            settable[entry.key] = SettableProperty(entry.value)
        }
        note(settable: settable, of: name)
        return true
    }
}
