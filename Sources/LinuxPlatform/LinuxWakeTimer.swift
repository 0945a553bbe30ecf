import CEdgeShims
import Glibc
public import Platform

/// A timerfd and a thread that waits for it.
public final class LinuxWakeTimer: WakeTimer {
    public let wakes: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation
    private let timer: Int32
    private let isClosed = Locked(false)

    public init(name: String) {
        (wakes, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        timer = edge_timer_create()
        NativeThread.start(name) { [timer, continuation, isClosed] in
            var expirations: UInt64 = 0
            while read(timer, &expirations, 8) == 8 || errno == EINTR {
                if isClosed.with({ $0 }) { break }
                continuation.yield()
            }
            continuation.finish()
            Glibc.close(timer)
        }
    }

    public func set(_ deadline: MonotonicTime?) {
        isClosed.with { isClosed in
            guard !isClosed else { return }
            edge_timer_set(timer, deadline.map { max($0.milliseconds, 1) } ?? 0)
        }
    }

    public func close() {
        isClosed.with { isClosed in
            isClosed = true
            edge_timer_set(timer, 1)
        }
    }
}
