/// A number with a unit, as a type: a pressure cannot be taken for a temperature.
public protocol Quantity: Sendable, Hashable, Comparable {
    /// The unit's symbol (SI brochure; `%` and `ppm` where it has none).
    static var symbol: String { get }
    /// Decimals that a report keeps: finer ones are noise of the chips that we know.
    static var decimals: Int { get }
    /// In the unit.
    var value: Double { get }

    init(_ value: Double)
}

extension Quantity {
    public static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

/// A temperature in degrees Celsius.
public struct Celsius: Quantity {
    public static let symbol = "°C"
    public static let decimals = 3
    public let value: Double
    public init(_ value: Double) { self.value = value }
}

/// A pressure in hectopascals.
public struct Hectopascals: Quantity {
    public static let symbol = "hPa"
    public static let decimals = 2
    public let value: Double
    public init(_ value: Double) { self.value = value }
}

/// Relative humidity in percent.
public struct RelativeHumidity: Quantity {
    public static let symbol = "%"
    public static let decimals = 2
    public let value: Double
    public init(_ value: Double) { self.value = value }
}

/// A voltage in volts.
public struct Volts: Quantity {
    public static let symbol = "V"
    public static let decimals = 6
    public let value: Double
    public init(_ value: Double) { self.value = value }
}

/// A current in amperes.
public struct Amperes: Quantity {
    public static let symbol = "A"
    public static let decimals = 6
    public let value: Double
    public init(_ value: Double) { self.value = value }
}

/// A power in watts.
public struct Watts: Quantity {
    public static let symbol = "W"
    public static let decimals = 6
    public let value: Double
    public init(_ value: Double) { self.value = value }
}

/// A share of the air's molecules, in parts per million.
public struct PartsPerMillion: Quantity {
    public static let symbol = "ppm"
    public static let decimals = 0
    public let value: Double
    public init(_ value: Double) { self.value = value }
}

/// A resistance in ohms.
public struct Ohms: Quantity {
    public static let symbol = "Ω"
    public static let decimals = 6
    public let value: Double
    public init(_ value: Double) { self.value = value }
}

/// A frequency in hertz.
public struct Hertz: Quantity {
    public static let symbol = "Hz"
    public static let decimals = 3
    public let value: Double
    public init(_ value: Double) { self.value = value }
}

/// How bright light is on a surface, in lux.
public struct Lux: Quantity {
    public static let symbol = "lx"
    public static let decimals = 2
    public let value: Double
    public init(_ value: Double) { self.value = value }
}
