public import Platform
import PowerManager

extension AgentConfiguration {
    /// What the board may spend, and what of it the agent may touch.
    public struct Power: Sendable, Hashable {
        public var isEnabled = false
        /// An absolute path; empty for none.
        public var profile = ""
        /// A power state to stay in, or `automatic`.
        public var state = Self.automatic
        public var restoresOnExit = true
        /// Whether the agent may halt the board.
        public var mayHalt = false
        /// When a board that was halted for its battery wakes to look again.
        public var wakeAfter = Milliseconds.seconds(3600)
        /// How often telemetry goes to the hub in thrifty states, times the state's spread.
        public var batchInterval = Milliseconds.seconds(60)
        /// How long a knob that another program sets is left to it.
        public var handsOff = Milliseconds.seconds(3600)
        /// A control group that the agent may write; empty for the one delegated to it.
        public var group = ""
        /// A declared device whose `voltage` is the battery's; empty for none.
        public var batteryDevice = ""
        /// Volts times 1000 of an empty and a full battery.
        public var batteryEmpty = 3300
        public var batteryFull = 4100

        static let automatic = "auto"
        /// A halted board cannot be configured to start.
        static let states =
            [automatic] + PowerState.allCases.filter { $0 != .off }.map(\.rawValue)

        /// Percent of a battery of this voltage, along a straight line: the voltage of a lithium
        /// cell under changing load tells no more.
        func batteryPercent(volts: Double) -> Double? {
            guard volts.isFinite, batteryFull > batteryEmpty else { return nil }
            let share = (volts * 1000 - Double(batteryEmpty)) / Double(batteryFull - batteryEmpty)
            return min(100, max(0, share * 100))
        }
    }
}
