import Platform

/// One declared line, and what became of it.
struct Pin: Sendable {
    /// Rows for the log that may follow each other at once, and then one a second: a line that
    /// floats must not wear the card.
    static let rowsMax: Int64 = 60
    static let rowInterval: Milliseconds = 1000
    /// The longest pause after failures.
    static let pauseMax = Milliseconds.seconds(300)

    /// A level that has to last before it counts, where the kernel does not see to that.
    struct Candidate: Sendable {
        var edge: GPIOEdge
        var due: MonotonicTime
    }

    let block: DeviceBlock
    let use: PinUse
    /// Nil while the line is not ours.
    var handle: GPIOHandle?
    /// The label of the chip that it was found on.
    var chip: String?
    var isDebounced = true
    /// When the line is asked for again.
    var retry: MonotonicTime?
    /// Failures in a row.
    var failures = 0
    var reason: String?

    /// Of a PWM, whether its share is above 0.
    var isOn = false
    var share = 0.0
    /// The output's last wish that holds until another: what it gets when its line comes back.
    var wanted: PinWish?
    /// When a pulse or `on_max` is over, and what then.
    var end: (time: MonotonicTime, isOn: Bool, isLimit: Bool)?

    var presses: Int64 = 0
    var pressed: UInt64?
    var sequence = GPIOSequence()
    /// Edges that are missing and were not told.
    var lost: Int64 = 0
    var candidate: Candidate?

    private var rows = Self.rowsMax
    private var filled: MonotonicTime
    /// Presses and releases that were not told for want of rows.
    var untold: Int64 = 0
    /// When the state is told: one that was not told before, or one that has not changed for long.
    var tell: MonotonicTime?

    init(_ block: DeviceBlock, _ use: PinUse, at now: MonotonicTime) {
        self.block = block
        self.use = use
        filled = now
        isOn = use.safe ?? false
    }

    /// When it has something to do next.
    var deadline: MonotonicTime? {
        [retry, end?.time, candidate?.due, tell].compactMap { $0 }.min()
    }

    /// The pause before the line is asked for again: longer with each failure in a row.
    var pause: Milliseconds {
        min(Milliseconds(1000) * (1 << Int64(min(max(failures - 1, 0), 20))), Self.pauseMax)
    }

    /// Whether a row may be written now. Sets the time of the next one that comes by itself.
    mutating func mayTell(_ now: MonotonicTime) -> Bool {
        let earned = max(0, (now - filled).count / Self.rowInterval.count)
        rows = min(Self.rowsMax, rows + earned)
        filled = rows == Self.rowsMax ? now : filled + Self.rowInterval * earned
        guard rows > 0 else {
            tell = filled + Self.rowInterval
            return false
        }
        rows -= 1
        tell = now + block.report
        return true
    }

    /// What is reported.
    var properties: [(name: String, value: Value)] {
        guard handle != nil else { return [("available", .bool(false))] }
        return readings.map { ($0.name, $0.value) } + [("available", .bool(true))]
    }

    var readings: [Reading] {
        switch use.role {
        case .relay, .switch: [Reading("on", state: .bool(isOn))]
        case .button:
            [Reading("pressed", state: .bool(isOn)), Reading("presses", state: .int(presses))]
        case .pwm: [Reading("duty", state: .number(share))]
        }
    }
}
