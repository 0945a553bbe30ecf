import EdgeAgent
import Glibc
import LinuxPlatform
import Platform

/// Says to the service manager that the agent is there, and from then on that it makes progress:
/// each time only once the agent itself has had a turn. One that is stuck is started anew.
enum Watchdog {
    /// Where the manager takes messages; nil where there is none.
    static let notifier = ServiceNotifier { name in getenv(name).map { String(cString: $0) } }

    static func ready() { notifier?.send("READY=1") }

    /// Goes on until it is cancelled.
    static func run(_ agent: Agent) async {
        guard let notifier, let span = notifier.watchdog else { return }
        let (ticks, sink) = AsyncStream.makeStream(
            of: Void.self, bufferingPolicy: .bufferingNewest(1))
        // Three times a span: one may come late.
        PeriodicThread.start("watchdog", every: Milliseconds(max(span.count / 3, 1))) {
            sink.yield()
        }
        for await _ in ticks {
            await agent.turn()
            notifier.send("WATCHDOG=1")
        }
    }
}
