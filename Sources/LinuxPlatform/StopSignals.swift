import Glibc

/// SIGTERM and SIGINT, taken on a thread of their own.
public enum StopSignals {
    /// Blocks the signals in this thread and those started after it; call first. `onStop` runs
    /// once; a second signal ends the process at once.
    public static func install(_ onStop: @escaping @Sendable () -> Void) {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGTERM)
        sigaddset(&signals, SIGINT)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        signal(SIGPIPE, SIG_IGN)
        NativeThread.start("signals") { [signals] in
            var signals = signals
            var number: Int32 = 0
            sigwait(&signals, &number)
            onStop()
            sigwait(&signals, &number)
            _exit(128 + number)
        }
    }
}
