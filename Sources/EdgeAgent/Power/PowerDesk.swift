import Platform
import PowerManager

/// What the agent keeps of power beside the board's own.
struct PowerDesk {
    /// Nil where power is not managed.
    var board: BoardPower?
    /// Of the declared battery device, as it said last.
    var batteryVolts: Double?
    /// When the board came into its state.
    var since: WallTime?
    /// When an operator's wish ends.
    var until: WallTime?
    /// What was reported last, so that only what changed is.
    var reported: [String: Value] = [:]
    /// When another reason for the same state is reported: a reading at a limit would write to the
    /// card with each sample.
    var reasonDue: MonotonicTime?
    /// Until then telemetry waits, so that a radio can sleep.
    var restsUntil: MonotonicTime?
    /// When a halt may be tried again.
    var haltDue: MonotonicTime?

    /// By how much sampling and radio are spread out.
    var spread: Int64 { Int64(board?.plan.intervalFactor ?? 1) }
}
