public import Platform

/// Microchip MCP23017: sixteen pins. Outputs keep their state over a restart of the agent.
public struct MCP23017: ChipDriver {
    private typealias Register = MCP23017Registers

    private let outputs: UInt16
    private let pullUps: UInt16
    private var latches: UInt16 = 0

    /// - Parameters:
    ///   - outputs: Pins that are outputs, A's in the low byte; the others are inputs.
    ///   - pullUps: Inputs with a pull-up.
    public init(outputs: UInt16, pullUps: UInt16) {
        self.outputs = outputs
        self.pullUps = pullUps
    }

    public static let kind = DeviceKind(
        "mcp23017", "sixteen pins (Microchip MCP23017)",
        // A0 to A2: §3.3.1.
        .chip(DeviceKind.addresses(0x20...0x27)) { settings throws(DriverFault) in
            MCP23017(
                outputs: try pins(settings, "outputs"), pullUps: try pins(settings, "pull_ups"))
        }, everyMin: 100, every: 1000,
        settings: [
            DeviceSetting(
                "outputs", .text(standard: ""),
                "pins that are outputs, such as a0,a1,b7; a7 and b7 can be nothing else"),
            DeviceSetting("pull_ups", .text(standard: ""), "inputs with a pull-up"),
        ])

    private static func pins(
        _ settings: DeviceSettings, _ name: String
    ) throws(DriverFault) -> UInt16 {
        guard let mask = MCP23017Conversion.mask(settings.word(name)) else {
            throw DriverFault(.notSettable, "\(name) is a list of pins a0 to a7 and b0 to b7")
        }
        return mask
    }

    public var setup: [ChipOperation] {
        [
            // First what outputs are told, so that none flickers as it becomes one.
            .register(Register.latches, 2),
            .write([Register.pullUp] + MCP23017Conversion.bytes(pullUps)),
            .write([Register.direction] + MCP23017Conversion.bytes(~outputs)),
        ]
    }

    public mutating func adopt(_ answers: [[UInt8]]) throws(DriverFault) {
        latches = UInt16(littleEndian: answers[0], at: 0)
    }

    public var sample: [ChipOperation] {
        [.register(Register.direction, 2), .register(Register.pins, 2)]
    }

    public func readings(_ answers: [[UInt8]]) throws(DriverFault) -> [Reading] {
        // A chip that lost its supply has all pins as inputs again.
        guard UInt16(littleEndian: answers[0], at: 0) == ~outputs else {
            throw DriverFault(
                .notReady, "its pins have other directions than it was told: its supply was away")
        }
        let pins = UInt16(littleEndian: answers[1], at: 0)
        // Since 2022 a7 and b7 are not to be read as inputs.
        return (0..<16).filter { Register.outputOnly & ~outputs & (1 << $0) == 0 }.map { number in
            Reading(
                MCP23017Conversion.name(number), state: .bool(pins & (1 << number) != 0))
        }
    }

    /// A pin by its name: true or false.
    public mutating func command(
        _ property: String, _ value: Value
    ) throws(DriverFault) -> [ChipOperation] {
        guard let bit = MCP23017Conversion.bit(property), outputs & bit != 0,
            let isOn = value.boolValue
        else {
            throw DriverFault(
                .notSettable, "pins that the block names as outputs can be set, to true or false")
        }
        latches = isOn ? latches | bit : latches & ~bit
        return [.write([Register.latches] + MCP23017Conversion.bytes(latches))]
    }

    public func range(of property: String) -> SettableRange? {
        MCP23017Conversion.bit(property).flatMap { outputs & $0 != 0 ? .flag : nil }
    }
}
