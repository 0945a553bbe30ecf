/// Why a transfer on an I2C bus came to nothing.
public struct I2CError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of fault it is.
    public enum Code: Sendable, Hashable {
        /// Nobody answered to this address, or its chip did not take a byte.
        case nack(I2CAddress)
        /// Another master, or noise, was stronger.
        case arbitrationLost
        /// A line stays low, so that nobody can begin.
        case stuck
        /// The chip held the clock for longer than the adapter waits.
        case timeout
        /// A driver of the kernel has this address; its name where it is known.
        case busy(owner: String?)
        /// A message that no bus carries, or an answer of another length than was asked for.
        case badLength
        /// The adapter cannot do transfers of this shape.
        case unsupported
        /// There is no such bus.
        case missing
        /// The agent's user may not use the bus.
        case denied
        /// Any other fault, by its errno(3).
        case fault(Int32)
    }

    /// The kind, for programs.
    public let code: Code
    /// What happened, without a full stop.
    public let message: String
    /// What to do about it, in whole sentences; empty where it passes by itself.
    public let hint: String

    public init(_ code: Code, _ message: String, hint: String = "") {
        self.code = code
        self.message = message
        self.hint = hint
    }

    public var description: String { hint.isEmpty ? message : "\(message). \(hint)" }

    /// Whether the same transfer may well succeed at once: nothing is wrong with bus or chip.
    public var isPassing: Bool { code == .arbitrationLost }
}

extension I2CError {
    public static func nack(_ address: I2CAddress) -> Self {
        Self(
            .nack(address), "no chip answers at \(address)",
            hint: "Check its wiring, its supply and its address pins; `edge-agent i2c scan` shows "
                + "who answers.")
    }

    public static func arbitrationLost() -> Self {
        Self(.arbitrationLost, "another master took the bus")
    }

    public static func missingBus(_ bus: String) -> Self {
        Self(
            .missing, "there is no bus \(bus)",
            hint: "On a Raspberry Pi write dtparam=i2c_arm=on into config.txt and i2c-dev into "
                + "/etc/modules-load.d/i2c.conf, then reboot.")
    }

    public static func stuck(_ bus: String) -> Self {
        Self(
            .stuck, "\(bus) is stuck: a line stays low",
            hint: "A chip that lost its supply in the middle of a transfer may hold SDA: cut the "
                + "power of the chips, and check pull-ups and wiring.")
    }

    public static func timeout(_ address: I2CAddress) -> Self {
        Self(
            .timeout, "the chip at \(address) held the clock for too long",
            hint: "Lower the bus's clock rate if it happens often.")
    }

    public static func busy(_ address: I2CAddress, owner: String?) -> Self {
        Self(
            .busy(owner: owner),
            "the address \(address) belongs to the kernel's driver \(owner ?? "of another kind")",
            hint: "It is read as kind hwmon or iio; or remove the driver's overlay.")
    }

    public static func badLength(_ address: I2CAddress, _ message: String) -> Self {
        Self(.badLength, "transfer with \(address): \(message)")
    }

    public static func unsupported(_ bus: String, _ what: String) -> Self {
        Self(
            .unsupported, "\(bus) cannot do \(what)",
            hint: "Its adapter knows only commands of SMBus; use another bus for this chip.")
    }
}
