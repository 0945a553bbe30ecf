/// Runs all tasks and actors of a world on one thread and picks the next job by a seeded
/// generator, so that the same seed gives the same interleaving.
///
/// Give it to actors as their executor, and start tasks with its `tasks` as their preference
/// (`Task(executorPreference:)`); nothing runs until `step` is called.
public final class SimExecutor: SerialExecutor, @unchecked Sendable {
    // @unchecked: jobs are added and run on the one thread that runs the world.

    /// Runs what belongs to no actor. A thing of its own, as the runtime tells only by executors
    /// where a job runs already: were it the actors', each call between functions of no actor would
    /// be one more job.
    public let tasks: SimTaskExecutor
    private let jobs = SimJobs()
    private var random: SimRandom
    /// How many jobs have run.
    public private(set) var jobsRun: UInt64 = 0

    /// An executor without jobs.
    public init(seed: UInt64) {
        random = SimRandom(seed: seed)
        tasks = SimTaskExecutor(jobs)
    }

    /// Keeps an actor's job for a later `step`.
    public func enqueue(_ job: consuming ExecutorJob) {
        jobs.waiting.append(SimJobs.Entry(job: UnownedJob(job), isActors: true))
    }

    /// This executor as actors refer to it.
    public func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        UnownedSerialExecutor(ordinary: self)
    }

    /// Runs one of the waiting jobs; false where none waits.
    public func step() -> Bool {
        guard !jobs.waiting.isEmpty else { return false }
        jobs.waiting.swapAt(random.below(jobs.waiting.count), jobs.waiting.count - 1)
        let entry = jobs.waiting.removeLast()
        jobsRun += 1
        let tasks = tasks.asUnownedTaskExecutor()
        if entry.isActors {
            entry.job.runSynchronously(
                isolatedTo: asUnownedSerialExecutor(), taskExecutor: tasks)
        } else {
            entry.job.runSynchronously(on: tasks)
        }
        return true
    }
}

/// Where tasks of a world run while they are in no actor.
public final class SimTaskExecutor: TaskExecutor, @unchecked Sendable {
    // @unchecked: used by the thread that runs the world.
    private let jobs: SimJobs

    fileprivate init(_ jobs: SimJobs) { self.jobs = jobs }

    /// Keeps a job for a later `step` of its `SimExecutor`.
    public func enqueue(_ job: consuming ExecutorJob) {
        jobs.waiting.append(SimJobs.Entry(job: UnownedJob(job), isActors: false))
    }

    /// This executor as tasks refer to it.
    public func asUnownedTaskExecutor() -> UnownedTaskExecutor {
        UnownedTaskExecutor(ordinary: self)
    }
}

/// What waits in one world.
private final class SimJobs {
    struct Entry {
        let job: UnownedJob
        let isActors: Bool
    }

    var waiting: [Entry] = []
}
