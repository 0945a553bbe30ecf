public import Platform

/// One property of the board or of a declared device, as it is announced.
public struct AnnouncedProperty: Sendable, Hashable {
    public let name: String
    public let value: Value
    /// The unit's symbol; empty for states and counts.
    public let unit: String
    /// Nil where it is only read.
    public let settable: SettableRange?

    public init(
        _ name: String, _ value: Value, unit: String = "", settable: SettableRange? = nil
    ) {
        self.name = name
        self.value = value
        self.unit = unit
        self.settable = settable
    }

    /// Home Assistant's component; nil for what none of ours shows.
    var component: String? {
        switch (settable, value) {
        case (.flag, _): "switch"
        case (.number, _): "number"
        case (nil, .bool): "binary_sensor"
        case (nil, .int), (nil, .double), (nil, .string): "sensor"
        case (nil, .null), (nil, .bytes), (nil, .array), (nil, .map): nil
        }
    }

    /// Home Assistant's device class; units that it does not know with one have none.
    var deviceClass: String? {
        switch unit {
        case "°C": "temperature"
        case "hPa": "atmospheric_pressure"
        case "%": name.contains("humidity") ? "humidity" : nil
        case "V": "voltage"
        case "A": "current"
        case "W": "power"
        case "ppm": name.contains("co2") ? "carbon_dioxide" : nil
        case "lx": "illuminance"
        case "Hz": "frequency"
        case "B": "data_size"
        case "s": "duration"
        default: nil
        }
    }

    /// A state as it is published; `None` is Home Assistant's word for unknown.
    static func payload(_ value: Value) -> [UInt8] {
        switch value {
        case .null: Array("None".utf8)
        case .string(let text): Array(text.utf8)
        default: Array(value.json.utf8)
        }
    }
}
