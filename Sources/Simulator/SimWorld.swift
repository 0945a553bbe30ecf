public import Platform

/// A world that did not come to rest: more happened at one simulated instant than ever should.
public struct SimStall: Error, Sendable, Hashable, CustomStringConvertible {
    /// When it happened, in simulated time.
    public let time: MonotonicTime

    /// The time and what to look for.
    public var description: String {
        "the world does not get past \(time.milliseconds) ms: something there sets a timer to "
            + "now, or answers itself, for ever"
    }
}

/// A simulated world: one thread, one clock, one seed.
///
/// Time stands still while jobs run and goes on in leaps to the next thing that is due, so a day
/// takes as long as what happens in it. Everything in a world must be used by the thread that
/// runs it.
public final class SimWorld: @unchecked Sendable {
    // @unchecked: everything in a world happens on the thread that runs it.

    /// Steps at one simulated instant, above which `run` gives up.
    public static let stepsPerInstantMaximum = 200_000

    /// The seed that repeats this world.
    public let seed: UInt64
    /// Runs the tasks and actors of this world.
    public let executor: SimExecutor
    /// Jobs in all, above which `run` gives up: two sides may talk for ever without standing still.
    public var jobsMaximum = UInt64.max
    /// Simulated time since the world began.
    public private(set) var now = MonotonicTime(milliseconds: 0)
    /// What happened so far.
    public private(set) var trace = SimTrace()
    /// The source of every choice of this world that is not the executor's.
    public var random: SimRandom
    /// Sees each frame that arrives, for the person who looks for a fault.
    public var watch: ((String, [UInt8]) -> Void)?
    private var agenda = SimAgenda()

    /// An empty world at time 0.
    public init(seed: UInt64) {
        self.seed = seed
        var random = SimRandom(seed: seed)
        executor = SimExecutor(seed: random.next())
        self.random = random
    }

    /// Lets something happen at a time, or now where that has passed.
    public func at(_ time: MonotonicTime, _ action: @escaping () -> Void) {
        agenda.add(max(time, now), action)
    }

    /// Lets something happen in a while.
    public func after(_ span: Milliseconds, _ action: @escaping () -> Void) {
        at(now + span, action)
    }

    /// Runs jobs until none waits; time stands still.
    /// - Throws: `SimStall` where that does not end.
    public func runUntilIdle() throws(SimStall) {
        var steps = 0
        try runJobs(&steps)
    }

    /// Runs everything that is due up to and at a time, which then is now.
    /// - Throws: `SimStall` where the world does not get that far.
    public func run(until end: MonotonicTime) throws(SimStall) {
        var steps = 0
        try runJobs(&steps)
        while let next = agenda.next, next <= end {
            if next > now { steps = 0 }
            now = max(now, next)
            steps += 1
            agenda.removeFirst()?()
            try runJobs(&steps)
        }
        now = max(now, end)
    }

    /// Runs everything that is due within a span.
    /// - Throws: `SimStall` where the world does not get that far.
    public func run(for span: Milliseconds) throws(SimStall) { try run(until: now + span) }

    /// Adds something to the trace, with the time.
    public func note(_ text: String) {
        trace.add(now.milliseconds)
        trace.add(text.utf8)
    }

    /// Starts a task of this world.
    public func spawn(_ body: @escaping @Sendable () async -> Void) {
        Task(executorPreference: executor.tasks, operation: body)
    }

    func note(_ text: String, _ bytes: [UInt8]) {
        note(text)
        trace.add(bytes)
        watch?(text, bytes)
    }

    private func runJobs(_ steps: inout Int) throws(SimStall) {
        while executor.step() {
            steps += 1
            guard steps < Self.stepsPerInstantMaximum, executor.jobsRun < jobsMaximum else {
                throw SimStall(time: now)
            }
        }
        guard steps < Self.stepsPerInstantMaximum else { throw SimStall(time: now) }
    }
}
