public import Platform

/// A device as the configuration or the twin declares it: `kind: bme280, bus: i2c-1, address: 0x76,
/// every: 30s, deadband: 0.1`.
public struct DeviceBlock: Sendable, Hashable {
    /// Under it the readings are reported.
    public let name: String
    /// A kind of `DeviceKinds`.
    public let kind: String
    /// `i2c-1`; nil for a device without an address.
    public let bus: String?
    public let address: I2CAddress?
    /// How often it is read.
    public let every: Milliseconds
    /// By property, how far a number may move without being reported.
    public let deadbands: [String: Double]
    /// The same for properties without one of their own.
    public let deadband: Double
    /// An unchanged property is reported at least this often.
    public let report: Milliseconds
    public let settings: DeviceSettings
    /// How its line is used; nil where the device is no pin.
    public let pin: PinUse?

    public static let nameBytesMax = 64
    public static let busDefault = "i2c-1"
    public static let everyMax = Milliseconds.seconds(86_400)
    public static let reportDefault = Milliseconds.seconds(600)
    /// The fields that blocks have whatever their kind; files and pins have some.
    static let fields = ["kind", "bus", "address", "every", "deadband", "report"]

    /// - Throws: the first thing that is wrong, with its field and what would be right.
    public init(name: String, _ value: Value) throws(DeviceBlockError) {
        guard Self.isName(name) else {
            throw DeviceBlockError(
                nil, "'\(Printable.clipped(name, bytes: 64))' is no name of a device",
                "Use 1 to \(Self.nameBytesMax) of a-z A-Z 0-9 . _ - with a letter or digit first.")
        }
        guard let entries = value.mapValue else {
            throw DeviceBlockError(
                nil, "a device is a map", "Write at least its kind, as in {\"kind\": \"bme280\"}.")
        }
        let kind = try Self.kind(value["kind"])
        let own = kind.settings.map(\.name)
        let isChip = !kind.addresses.isEmpty
        let known = Self.fields(of: kind) + own
        for entry in entries where !known.contains(entry.key) {
            throw DeviceBlockError(
                Printable.clipped(entry.key, bytes: 64), "a \(kind.name) has no such field",
                "Its fields are \(known.joined(separator: ", ")).")
        }
        self.name = name
        self.kind = kind.name
        bus = isChip ? try Self.bus(value["bus"]) : nil
        address = try Self.address(value["address"], kind)
        every =
            try value["every"].map { value throws(DeviceBlockError) in
                try Self.span(value, "every", kind.everyMin...Self.everyMax)
            } ?? kind.every
        report =
            try value["report"].map { value throws(DeviceBlockError) in
                try Self.span(value, "report", 1000...Self.everyMax)
            } ?? max(Self.reportDefault, every)
        (deadband, deadbands) = try Self.deadbands(value["deadband"])
        settings = try Self.settings(value, kind)
        do throws(DriverFault) {
            _ = try kind.driver(settings)
            pin = try kind.pin(settings)
        } catch {
            throw DeviceBlockError(own.first, error.message, "See docs/drivers.md.")
        }
    }

    /// As a block on the twin would say it, without what is the default.
    public var description: String {
        [kind, bus, address?.description, pin?.line].compactMap { $0 }.joined(separator: " ")
    }

    private static func fields(of kind: DeviceKind) -> [String] {
        switch kind.source {
        case .chip: fields
        case .files: fields.filter { $0 != "bus" && $0 != "address" }
        case .pin: ["kind", "report"]
        }
    }

    static func isName(_ name: String) -> Bool {
        guard 1...nameBytesMax ~= name.utf8.count, let first = name.utf8.first,
            DeviceName.isPlain(first), first != UInt8(ascii: "_"), first != UInt8(ascii: "-")
        else { return false }
        return name.utf8.allSatisfy { DeviceName.isPlain($0) || $0 == UInt8(ascii: ".") }
    }

    private static func kind(_ value: Value?) throws(DeviceBlockError) -> DeviceKind {
        let names = DeviceKinds.all.map(\.name).joined(separator: ", ")
        guard let text = value?.stringValue else {
            throw DeviceBlockError("kind", "the kind is missing", "Known kinds: \(names).")
        }
        guard let kind = DeviceKinds.named(text) else {
            throw DeviceBlockError(
                "kind", "unknown kind '\(Printable.clipped(text, bytes: 40))'",
                "Known kinds: \(names).")
        }
        return kind
    }

    private static func bus(_ value: Value?) throws(DeviceBlockError) -> String {
        guard let value else { return busDefault }
        guard let text = value.stringValue, text.hasPrefix("i2c-"),
            let number = UInt8(text.dropFirst(4)), "i2c-\(number)" == text
        else {
            throw DeviceBlockError(
                "bus", "expected a bus such as i2c-1, found \(shown(value))",
                "Buses are named as in /dev; i2c-1 is on a Raspberry Pi's header.")
        }
        return text
    }

    private static func address(
        _ value: Value?, _ kind: DeviceKind
    ) throws(DeviceBlockError) -> I2CAddress? {
        guard let standard = kind.addresses.first else { return nil }
        guard let value else { return standard }
        var number = value.intValue
        if let text = value.stringValue, text.hasPrefix("0x"), !text.hasPrefix("0x+") {
            number = Int64(text.dropFirst(2), radix: 16)
        }
        guard let number, let address = I2CAddress(number), kind.addresses.contains(address) else {
            let last = kind.addresses.last ?? standard
            let range = standard == last ? "\(standard)" : "\(standard) to \(last)"
            throw DeviceBlockError(
                "address", "a \(kind.name) cannot have the address \(shown(value))",
                "It has \(range), by its address pins.")
        }
        return address
    }

    /// `500ms`, `30s`, `5m`, `2h`.
    public static func span(
        _ value: Value, _ field: String, _ range: ClosedRange<Milliseconds>
    ) throws(DeviceBlockError) -> Milliseconds {
        let units: [(String, Int64)] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)]
        let expected =
            "Write a span such as 500ms, 30s, 5m or 2h, from \(range.lowerBound.count) ms to "
            + "\(range.upperBound.count / 1000) s."
        guard let text = value.stringValue,
            let unit = units.first(where: {
                text.hasSuffix($0.0) && Int64(text.dropLast($0.0.count)) != nil
            }),
            let count = Int64(text.dropLast(unit.0.count))
        else {
            throw DeviceBlockError(
                field, "expected a span of time, found \(shown(value))", expected)
        }
        let span = Milliseconds(count) * unit.1
        guard range.contains(span) else {
            throw DeviceBlockError(field, "\(shown(value)) is out of range", expected)
        }
        return span
    }

    private static func deadbands(
        _ value: Value?
    ) throws(DeviceBlockError) -> (Double, [String: Double]) {
        let advice =
            "Write a number for all properties, or a map such as {\"temperature\": 0.1}, in the "
            + "units of the properties."
        guard let value else { return (0, [:]) }
        if let number = value.doubleValue {
            guard number >= 0, number.isFinite else {
                throw DeviceBlockError("deadband", "\(shown(value)) is below 0", advice)
            }
            return (number, [:])
        }
        guard let entries = value.mapValue, entries.count <= 32 else {
            throw DeviceBlockError("deadband", "\(shown(value)) is no dead band", advice)
        }
        var bands: [String: Double] = [:]
        for entry in entries {
            guard let number = entry.value.doubleValue, number >= 0, number.isFinite else {
                throw DeviceBlockError(
                    "deadband.\(Printable.clipped(entry.key, bytes: 40))",
                    "\(shown(entry.value)) is no number from 0 on", advice)
            }
            bands[entry.key] = number
        }
        return (0, bands)
    }

    private static func settings(
        _ value: Value, _ kind: DeviceKind
    ) throws(DeviceBlockError) -> DeviceSettings {
        var settings = DeviceSettings(kind)
        for setting in kind.settings {
            guard let given = value[setting.name] else {
                guard settings.has(setting.name) else {
                    throw DeviceBlockError(
                        setting.name, "a \(kind.name) needs it", "It is \(setting.meaning).")
                }
                continue
            }
            let refusal = DeviceBlockError(
                setting.name, "\(shown(given)) is not possible", setting.advice)
            switch setting.form {
            case .number(let range, _):
                guard let number = given.doubleValue, range.contains(number) else { throw refusal }
                settings.set(setting.name, number: number)
            case .choice(let choices):
                let word = given.stringValue ?? given.json
                guard choices.contains(word) else { throw refusal }
                settings.set(setting.name, word: word)
            case .text:
                guard let text = given.stringValue ?? given.intValue.map({ "\($0)" }),
                    text.utf8.count <= 128, !text.utf8.contains(where: { $0 < 0x20 })
                else { throw refusal }
                settings.set(setting.name, word: text)
            case .span(let range, _):
                let span = try Self.span(given, setting.name, range)
                settings.set(setting.name, number: Double(span.count))
            }
        }
        return settings
    }

    private static func shown(_ value: Value) -> String {
        Printable.clipped(value.stringValue ?? value.json, bytes: 40)
    }
}

extension DeviceSetting {
    /// What it may be.
    var advice: String {
        switch form {
        case .number(let range, let standard):
            "It is \(meaning): a number from \(range.lowerBound) to \(range.upperBound), else "
                + "\(standard)."
        case .choice(let choices):
            "It is \(meaning): one of \(choices.joined(separator: ", "))."
        case .text, .span: "It is \(meaning)."
        }
    }
}

/// What is wrong with a device block.
public struct DeviceBlockError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The field; nil where the block as a whole is meant.
    public let field: String?
    /// What is wrong, without a full stop.
    public let message: String
    /// What would be right, in whole sentences.
    public let hint: String

    init(_ field: String?, _ message: String, _ hint: String) {
        self.field = field
        self.message = message
        self.hint = hint
    }

    public var description: String {
        "\(field.map { "\($0): " } ?? "")\(message). \(hint)"
    }
}
