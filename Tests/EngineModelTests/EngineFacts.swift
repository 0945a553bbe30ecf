import SyncProtocol

/// What happened to the boards, the hub and the log.
struct EngineFacts {
    var wasCloned = false
    var wasRestored = false
    var rowWasDropped = false
    private(set) var hubHasForgotten = false
    /// A restored board lacks own writes that the hub has.
    var restoreIsDue = false
    /// The latest that the hub's wall clock ever was, in ticks.
    private(set) var hubTimeMax = 0
    /// What each number of a sequence holds. A number is given once, whatever is restored.
    private(set) var rows: [LogSequence: [UInt64: Int]] = [:]
    private(set) var numbersGivenTwice = 0

    mutating func noteTime(_ time: Int) { hubTimeMax = max(hubTimeMax, time) }

    mutating func hubForgot() {
        hubHasForgotten = true
        restoreIsDue = false
    }

    mutating func logged(_ sequence: LogSequence, _ number: UInt64, _ value: Int) {
        if rows[sequence]?[number] != nil { numbersGivenTwice += 1 }
        rows[sequence, default: [:]][number] = value
    }
}
