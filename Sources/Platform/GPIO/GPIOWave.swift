/// Pulses on one line, made by software: good for lamps, heaters and fans, too uneven for servos.
public struct GPIOWave: Sendable, Hashable {
    /// Pulses a second. Each costs two wake-ups of a processor.
    public static let rateMaximum = 200
    /// Lines with pulses in one process.
    public static let countMaximum = 8

    /// From one rise to the next.
    public let periodMicroseconds: Int64
    /// Active at the beginning of each period for this long: more than none and less than all.
    public let activeMicroseconds: Int64

    /// Nil where the share leaves nothing to do but `set`: at 0 and 1, and where the rate is none
    /// from 1 to `rateMaximum`.
    ///
    /// - Parameters:
    ///   - rate: Pulses a second.
    ///   - share: The active part of a period.
    public init?(rate: Double, share: Double) {
        guard 1...Double(Self.rateMaximum) ~= rate, 0...1 ~= share else { return nil }
        periodMicroseconds = Int64(1_000_000 / rate)
        activeMicroseconds = Int64(Double(periodMicroseconds) * share)
        guard 1..<periodMicroseconds ~= activeMicroseconds else { return nil }
    }
}
