public import Platform

/// A kind of device that a device block can name: `kind: bme280`.
public struct DeviceKind: Sendable {
    /// Where its readings come from.
    public enum Source: Sendable {
        /// A chip on an I2C bus. Its addresses, the usual one first.
        case chip([I2CAddress], @Sendable (DeviceSettings) throws(DriverFault) -> any ChipDriver)
        /// Files of the kernel's.
        case files(@Sendable (DeviceSettings) throws(DriverFault) -> any DeviceDriver)
        /// A line of a GPIO chip. `PinPanel` serves it: a line tells by itself, and is not polled.
        case pin(PinUse.Role)
    }

    /// As blocks write it.
    public let name: String
    /// What it is, in a few words.
    public let summary: String
    public let source: Source
    /// How often it can be read at most.
    public let everyMin: Milliseconds
    /// How often it is read where the block does not say.
    public let every: Milliseconds
    public let settings: [DeviceSetting]

    public init(
        _ name: String, _ summary: String, _ source: Source, everyMin: Milliseconds,
        every: Milliseconds = 30_000, settings: [DeviceSetting] = []
    ) {
        self.name = name
        self.summary = summary
        self.source = source
        self.everyMin = everyMin
        self.every = every
        self.settings = settings
    }

    /// The addresses that a chip of this kind can have; empty for files.
    public var addresses: [I2CAddress] {
        if case .chip(let addresses, _) = source { addresses } else { [] }
    }

    /// A driver for one device; nil for a pin, which is not polled.
    public func driver(_ settings: DeviceSettings) throws(DriverFault) -> (any DeviceDriver)? {
        switch source {
        case .chip(_, let make): ChipSession(try make(settings))
        case .files(let make): try make(settings)
        case .pin: nil
        }
    }

    /// How a pin is used; nil for what is none.
    func pin(_ settings: DeviceSettings) throws(DriverFault) -> PinUse? {
        guard case .pin(let role) = source else { return nil }
        return try PinUse(role, settings)
    }

    /// Addresses one after the other.
    static func addresses(_ range: ClosedRange<UInt8>) -> [I2CAddress] {
        range.map { I2CAddress(low: $0) }
    }
}

/// One thing that a block can say beside what every block can.
public struct DeviceSetting: Sendable, Hashable {
    public enum Form: Sendable, Hashable {
        case number(ClosedRange<Double>, standard: Double)
        /// One of these words or numbers, the first where the block does not say.
        case choice([String])
        /// At most 128 bytes; nil where it must be said. A whole number is taken as its digits.
        case text(standard: String?)
        /// `20ms`, `5m`; a standard of 0 means none.
        case span(ClosedRange<Milliseconds>, standard: Milliseconds)
    }

    public let name: String
    public let form: Form
    /// What it means and in which unit.
    public let meaning: String

    public init(_ name: String, _ form: Form, _ meaning: String) {
        self.name = name
        self.form = form
        self.meaning = meaning
    }
}

/// What a block says for its kind, checked and complete.
public struct DeviceSettings: Sendable, Hashable {
    private var numbers: [String: Double] = [:]
    private var words: [String: String] = [:]

    /// The defaults of a kind; a text that must be said is empty.
    public init(_ kind: DeviceKind) {
        for setting in kind.settings {
            switch setting.form {
            case .number(_, let standard): numbers[setting.name] = standard
            case .choice(let choices): words[setting.name] = choices.first
            case .text(let standard): words[setting.name] = standard
            case .span(_, let standard): numbers[setting.name] = Double(standard.count)
            }
        }
    }

    /// A number; 0 where the kind has none of this name.
    public func number(_ name: String) -> Double { numbers[name] ?? 0 }

    /// A span of time; 0 where the kind has none of this name.
    public func span(_ name: String) -> Milliseconds { Milliseconds(Int64(number(name))) }

    /// A word; empty where the kind has none of this name.
    public func word(_ name: String) -> String { words[name] ?? "" }

    public mutating func set(_ name: String, number: Double) { numbers[name] = number }

    public mutating func set(_ name: String, word: String) { words[name] = word }

    func has(_ name: String) -> Bool { numbers[name] != nil || words[name] != nil }
}
