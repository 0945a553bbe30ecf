import Glibc

/// A serial executor on a thread of its own: blocking work, such as an fsync, then holds up
/// nobody but its own actor.
public final class ThreadExecutor: SerialExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        var isClosed = false
    }

    /// A condition variable and its mutex, freed with the executor.
    private final class Gate: @unchecked Sendable {
        // @unchecked: pthread objects synchronise themselves.
        let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
        // Guarded by `mutex`.
        var state = State()

        init() {
            pthread_mutex_init(mutex, nil)
            pthread_cond_init(condition, nil)
        }

        deinit {
            pthread_cond_destroy(condition)
            pthread_mutex_destroy(mutex)
            condition.deallocate()
            mutex.deallocate()
        }
    }

    private let gate = Gate()

    public init(name: String) {
        let gate = gate
        let executor = asUnownedSerialExecutor()
        NativeThread.start(name) { Self.loop(gate, executor) }
    }

    deinit {
        pthread_mutex_lock(gate.mutex)
        gate.state.isClosed = true
        pthread_cond_signal(gate.condition)
        pthread_mutex_unlock(gate.mutex)
    }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        pthread_mutex_lock(gate.mutex)
        gate.state.jobs.append(job)
        pthread_cond_signal(gate.condition)
        pthread_mutex_unlock(gate.mutex)
    }

    private static func loop(_ gate: Gate, _ executor: UnownedSerialExecutor) {
        var batch: [UnownedJob] = []
        while true {
            pthread_mutex_lock(gate.mutex)
            while gate.state.jobs.isEmpty, !gate.state.isClosed {
                pthread_cond_wait(gate.condition, gate.mutex)
            }
            let isDone = gate.state.jobs.isEmpty
            swap(&batch, &gate.state.jobs)
            pthread_mutex_unlock(gate.mutex)
            if isDone { return }
            for job in batch { job.runSynchronously(on: executor) }
            batch.removeAll(keepingCapacity: true)
        }
    }
}
