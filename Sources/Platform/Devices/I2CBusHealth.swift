/// Tells a stuck bus from a slow chip: where transfers with several chips, or many in a row, end
/// with nobody letting go of a line, it is the bus.
public struct I2CBusHealth: Sendable {
    /// Timeouts in a row after which the bus is taken for stuck. Three is what a chip may cause
    /// alone: one reading with its repeats.
    public static let timeoutsMax = 3

    private var timeouts = 0
    private var addresses: Set<I2CAddress> = []

    public init() {}

    public mutating func onSuccess() {
        timeouts = 0
        addresses = []
    }

    /// The error to report for this one: `.stuck` where it is the bus.
    public mutating func onFailure(
        _ error: I2CError, _ address: I2CAddress, bus: String
    ) -> I2CError {
        switch error.code {
        // Somebody answered, or it was this side's fault: the lines move.
        case .nack, .arbitrationLost:
            onSuccess()
            return error
        case .timeout:
            timeouts += 1
            addresses.insert(address)
            return timeouts > Self.timeoutsMax || addresses.count > 1 ? .stuck(bus) : error
        default: return error
        }
    }
}
