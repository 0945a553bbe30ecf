public import Platform

/// A driver as a value: it says what it wants done and gets what came of it. It does no I/O and
/// knows no clock.
public protocol DeviceDriver: Sendable {
    /// The first step of a reading.
    mutating func begin() throws(DriverFault) -> DriverStep
    /// The next one, after the last was done.
    mutating func resume(_ answer: DriverAnswer) throws(DriverFault) -> DriverStep
    /// The last step failed, or this driver did; the next reading begins from nothing.
    mutating func abandon()
    /// The first step of setting a property.
    mutating func set(_ property: String, _ value: Value) throws(DriverFault) -> DriverStep
    /// What a property takes; nil where it is only read.
    func range(of property: String) -> SettableRange?
}

extension DeviceDriver {
    public mutating func set(_ property: String, _ value: Value) throws(DriverFault) -> DriverStep {
        throw DriverFault(.notSettable, "it has nothing that can be set")
    }

    public func range(of property: String) -> SettableRange? { nil }
}

/// What a driver wants next.
public enum DriverStep: Sendable, Hashable {
    /// A transfer with its chip.
    case transfer([I2CMessage])
    /// To be resumed after so long.
    case wait(Milliseconds)
    /// The names in a directory.
    case list(String)
    /// The beginnings of files.
    case read([String])
    /// The reading is complete; empty after a property was set.
    case done([Reading])
}

/// What came of a step.
public enum DriverAnswer: Sendable, Hashable {
    /// A wait is over.
    case waited
    case bytes([UInt8])
    case names([String])
    /// One entry a path; nil for one that cannot be read.
    case files([[UInt8]?])
}

/// What a driver does not accept from its device.
public struct DriverFault: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: Sendable, Hashable {
        /// Another chip has this address.
        case wrongChip
        /// A check sum does not fit: the bytes changed on the way.
        case checksum
        /// The chip has not finished in the time that its datasheet promises.
        case notReady
        /// Outside what the chip can measure.
        case implausible
        /// An answer of another length or kind than was asked for.
        case badAnswer
        /// There is no such sensor.
        case missing
        /// The property cannot be set, or not to this.
        case notSettable
    }

    /// The kind, for programs.
    public let code: Code
    /// What is wrong and, where something can be done, what.
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
