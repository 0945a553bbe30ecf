public import Platform

/// A chip on an I2C bus: lists of operations, and what the answers mean.
public protocol ChipDriver: Sendable {
    /// Done once, and again after every fault: a chip may have lost its supply in between.
    var setup: [ChipOperation] { get }
    /// Takes what `setup` has read: identity and calibration.
    mutating func adopt(_ answers: [[UInt8]]) throws(DriverFault)
    /// One measurement.
    var sample: [ChipOperation] { get }
    /// What `sample` has read, one answer for each `read`.
    mutating func readings(_ answers: [[UInt8]]) throws(DriverFault) -> [Reading]
    /// The operations that set a property.
    mutating func command(
        _ property: String, _ value: Value
    ) throws(DriverFault) -> [ChipOperation]
    /// What a property takes; nil where it is only read.
    func range(of property: String) -> SettableRange?
}

extension ChipDriver {
    public var setup: [ChipOperation] { [] }

    public mutating func adopt(_ answers: [[UInt8]]) throws(DriverFault) {}

    public mutating func command(
        _ property: String, _ value: Value
    ) throws(DriverFault) -> [ChipOperation] {
        throw DriverFault(.notSettable, "this kind of chip has nothing that can be set")
    }

    public func range(of property: String) -> SettableRange? { nil }
}

/// One thing to do with a chip.
public enum ChipOperation: Sendable {
    /// Bytes to the chip; no answer.
    case write([UInt8])
    /// Messages that read; their bytes are an answer.
    case read([I2CMessage])
    case wait(Milliseconds)
    /// Reads until the bytes say that the chip is ready: at most `attempts` times, `every` so
    /// long. No answer.
    case until(
        [I2CMessage], every: Milliseconds, attempts: Int,
        isReady: @Sendable ([UInt8]) throws(DriverFault) -> Bool)

    /// The number of a register, and `count` bytes from there on.
    public static func register(_ register: UInt8, _ count: Int) -> ChipOperation {
        .read([.write([register]), .read(count)])
    }
}
