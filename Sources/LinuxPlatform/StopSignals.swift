import CEdgeShims
import Glibc

/// SIGTERM and SIGINT, as a call on a thread of its own.
public enum StopSignals {
    /// `onStop` runs once; a second signal ends the process at once. Call once.
    public static func install(_ onStop: @escaping @Sendable () -> Void) {
        let descriptor = edge_stop_signals()
        NativeThread.start("signals", stack: 64 << 10) {
            var count: UInt64 = 0
            while read(descriptor, &count, 8) != 8, errno == EINTR {}
            onStop()
        }
    }
}
