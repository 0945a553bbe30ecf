import Glibc
public import Platform

/// Work that may block and is in no hurry, on a thread of its own for as long as the process lives.
public enum PeriodicThread {
    /// - Parameters:
    ///   - name: What `top -H` shows.
    ///   - every: Between the end of one run and the next, suspend included. The first is at once.
    public static func start(
        _ name: String, every span: Milliseconds, _ body: sending @escaping () -> Void
    ) {
        let work = Work(body)
        NativeThread.start(name) {
            while true {
                work.run()
                var rest = timespec(
                    tv_sec: Int(span.count / 1000), tv_nsec: Int(span.count % 1000) * 1_000_000)
                var left = rest
                while clock_nanosleep(CLOCK_BOOTTIME, 0, &rest, &left) == EINTR { rest = left }
            }
        }
    }

    private final class Work: @unchecked Sendable {
        // @unchecked: only the one thread that gets it calls it.
        let run: () -> Void

        init(_ run: sending @escaping () -> Void) { self.run = run }
    }
}
