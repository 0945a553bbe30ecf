/// Why lines cannot be had or used.
public struct GPIOError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind, for programs.
    public enum Code: Sendable, Hashable {
        /// Another has the line; the name it gave.
        case busy(consumer: String)
        /// No such chip or line, or more than one of that name.
        case notFound
        /// The process may not open the chip.
        case denied
        /// The chip cannot do this: edges without an interrupt, a bias without a resistor.
        case unsupported
        /// The request contradicts itself, or its bounds.
        case invalid
        /// libgpiod is missing.
        case libraryMissing
        /// No helper would drive the line to its safe value, so it is not driven at all.
        case unguarded
        /// The handle was released, or its chip is gone.
        case gone
        /// Anything else that the kernel says.
        case failed
    }

    public let code: Code
    /// What happened, why, and what to do.
    public let description: String

    public init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    /// A line that another has.
    public static func busy(_ line: String, consumer: String) -> Self {
        let name = consumer.isEmpty ? "another program that gave no name" : consumer
        return Self(
            .busy(consumer: consumer),
            "line \(line) is held by \(name): stop it, or declare another line")
    }

    /// Pulses on what is not one driven line.
    public static let pulsesOneOutput = Self(
        .invalid, "pulses need a request of one output; request the lines one by one")

    /// More pulses than one thread keeps even.
    public static let tooManyWaves = Self(
        .invalid,
        "there are pulses on \(GPIOWave.countMaximum) lines already: use a chip such as the PCA9685"
    )
}
