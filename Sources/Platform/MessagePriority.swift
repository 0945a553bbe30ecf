/// How urgent a device's message is. Lower raw values go first over a metered or slow link and
/// survive longest where the log must drop rows. The raw value is part of the wire and the store.
public enum MessagePriority: UInt8, Sendable, Hashable, Comparable, CaseIterable {
    /// Somebody may be in danger or a device is being destroyed: smoke, gas, water, tampering.
    case alarm = 0
    /// Something happened or a state changed: a switch, a button, a device that came or went.
    case event = 1
    /// A reading that changes all the time; losing one costs little, the next is on its way.
    case telemetry = 2

    /// The log stream that carries messages of this priority.
    public var stream: String {
        switch self {
        case .alarm: "alarm"
        case .event: "event"
        case .telemetry: "telemetry"
        }
    }

    /// True where `left` is the more urgent one.
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
