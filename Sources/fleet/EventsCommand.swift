import ArgumentParser
import FleetClient
import Platform
import Synchronization

struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "Show what happened in the fleet, or follow it.",
        discussion: """
            Prints the events that the hub still has in memory and stops after the first quiet \
            second. With -f it goes on until interrupted, and takes a broken connection up again \
            where it ended. With --json each event is one line.
            """)

    @Flag(name: [.customShort("f"), .customLong("follow")], help: "Go on with new events.")
    var isFollowing = false

    @Option(help: "Only events with a greater id.")
    var after: UInt64 = 0

    @OptionGroup var output: OutputOptions

    private static let quiet = Duration.seconds(1)

    func run() async throws {
        let activity = Activity()
        try await Session.run { client in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for try await event in client.events(after: after, onConnect: activity.note) {
                        activity.note()
                        show(event)
                    }
                }
                if !isFollowing { group.addTask { try await activity.quiet(for: Self.quiet) } }
                // The first to end, by an error or by quiet, ends the other.
                try await group.next()
                group.cancelAll()
            }
        }
    }

    private func show(_ event: FleetEvent) {
        if output.isJSON { return Console.json(event.object) }
        let time = event.data["time"]?.stringValue.map(Times.brief) ?? ""
        let text = time + "  " + EventText.line(kind: event.event, data: event.data)
        Console.line(Display.truncated(text, to: Console.width))
    }
}

/// When something last happened on a stream.
private final class Activity: Sendable {
    private let last = Mutex<ContinuousClock.Instant?>(nil)

    func note() {
        let now = ContinuousClock.now
        last.withLock { $0 = now }
    }

    /// Returns once the stream was connected and then quiet for `span`.
    func quiet(for span: Duration) async throws {
        let clock = ContinuousClock()
        while true {
            let last = last.withLock { $0 }
            let end = (last ?? clock.now) + span
            if last != nil, clock.now >= end { return }
            try await clock.sleep(until: end)
        }
    }
}
