import ArgumentParser
import Foundation
import Platform

/// `edge-bench bound`: more input than the log may hold.
struct Bound: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Fills a bounded log while the uplink is away and checks what was dropped.",
        discussion: """
            Publishes as many messages as 50 a second give in the hours named, as fast as the \
            agent takes them, every hundredth an alarm. Checks that gap records account for every \
            missing row, that written = acked + gaps, and that no alarm went before telemetry.
            """)

    @Option(help: "Hours of input at 50 messages a second.")
    var hours: Double = 3

    @Option(help: "The agent's bound, in bytes.")
    var logBytes = 10 << 20

    @OptionGroup var link: LinkOptions

    @OptionGroup var options: WorldOptions

    private static let rate = 50
    private static let alarmEvery = 100

    func validate() throws {
        guard (0.01...24).contains(hours) else {
            throw ValidationError("--hours must be 0.01 to 24")
        }
        guard logBytes >= 65_536 else { throw ValidationError("--log-bytes must be 65536 or more") }
    }

    func run() async throws {
        let world = try World(options)
        defer { world.close() }
        let total = Int(hours * 3600) * Self.rate
        // The hub keeps everything: only the board's bound is under test.
        let site = try Site(in: world, link: link.link, rowsMax: max(1_000_000, total * 2))
        try await site.start()
        // A wider window than the default: each commit takes a window's worth, and the hours are
        // to pass in minutes.
        let board = try await site.board(
            "board", broker: .init(inflightMax: 500),
            fields: ["local_broker.window": "500", "state.log_bytes_max": String(logBytes)])
        try await board.agent.start()
        try await site.meet(board.agent)
        site.uplink.kill()

        let started = ContinuousClock.now
        try await push(total, to: board, in: world)
        let seconds = (ContinuousClock.now - started).seconds
        Terminal.say("the agent took \(total) messages in \(Int(seconds)) s")
        let offline = try await board.agent.status()
        let size = Self.databaseBytes(board.agent)

        try await site.uplink.start()
        try await site.settle(board.agent, within: .seconds(1800))
        let verdict = BoundVerdict(
            status: try await board.agent.status(),
            cursors: try await site.hub.reader.cursors(board.agent.id),
            entries: try await site.hub.reader.entries(board.agent.id), published: total,
            alarmsPublished: total / Self.alarmEvery, mustDrop: offline.gap > 0)
        var line = verdict.line
        line.add("log_bytes_max", logBytes)
        line.add("database_bytes", size)
        line.add("input_s", seconds)
        line.add("link", link.link.rawValue)
        line.add("failures", .array(verdict.failures.map { .string($0) }))
        Terminal.print(line.json)
        guard verdict.failures.isEmpty else {
            throw BenchFailure(verdict.failures.joined(separator: "\n"))
        }
    }

    /// Publishes all messages and waits until the agent has acknowledged them. The publisher is
    /// held back by the agent's progress, so that the broker's queue stays small.
    private func push(_ total: Int, to board: Site.Board, in world: World) async throws {
        let telemetry = try Publisher(
            "telemetry", topic: "zigbee2mqtt/counter", port: board.broker.port, logs: world.logs)
        let alarms = try Publisher(
            "alarms", topic: "zigbee2mqtt/smoke", port: board.broker.port, logs: world.logs)
        let ahead = 5000
        let before = try await board.agent.status().messagesAcknowledged
        var taken = 0
        var moved = ContinuousClock.now
        for number in 1...total {
            if number.isMultiple(of: Self.alarmEvery) {
                try alarms.publish(Payload.alarm(number))
            } else {
                try telemetry.publish(Payload.numbered(number))
            }
            while number - taken >= ahead || number == total && taken < total {
                let now = try await board.agent.status().messagesAcknowledged - before
                if now > taken {
                    taken = now
                    moved = ContinuousClock.now
                } else if ContinuousClock.now - moved > .seconds(60) {
                    throw BenchFailure(
                        "the agent took \(taken) of \(number) messages and then none for 60 s"
                            + Files.tails(board.agent.logPaths))
                } else {
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
        }
        try await telemetry.finish()
        try await alarms.finish()
    }

    /// Bytes of all files of the agent's database.
    private static func databaseBytes(_ agent: Agent) -> Int {
        ["agent.db", "agent.db-wal"].reduce(0) { $0 + Files.size(agent.stateFolder + "/" + $1) }
    }
}
