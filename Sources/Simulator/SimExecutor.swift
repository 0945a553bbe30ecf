/// Runs all tasks and actors of a world on one thread and picks the next job by a seeded
/// generator, so that the same seed gives the same interleaving.
///
/// Give it to actors as their executor, and start tasks with it as their preference
/// (`Task(executorPreference:)`); nothing runs until `step` is called.
public final class SimExecutor: SerialExecutor, TaskExecutor, @unchecked Sendable {
    // @unchecked: jobs are added and run on the one thread that runs the world.
    private var jobs: [UnownedJob] = []
    private var random: SimRandom
    /// How many jobs have run.
    public private(set) var jobsRun: UInt64 = 0

    /// An executor without jobs.
    public init(seed: UInt64) { random = SimRandom(seed: seed) }

    /// Keeps a job for a later `step`.
    public func enqueue(_ job: consuming ExecutorJob) { jobs.append(UnownedJob(job)) }

    /// This executor as actors refer to it.
    public func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        UnownedSerialExecutor(ordinary: self)
    }

    /// This executor as tasks refer to it.
    public func asUnownedTaskExecutor() -> UnownedTaskExecutor {
        UnownedTaskExecutor(ordinary: self)
    }

    /// Runs one of the waiting jobs; false where none waits.
    public func step() -> Bool {
        guard !jobs.isEmpty else { return false }
        jobs.swapAt(random.below(jobs.count), jobs.count - 1)
        let job = jobs.removeLast()
        jobsRun += 1
        job.runSynchronously(
            isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
        return true
    }
}
