import ArgumentParser
import Foundation
import Platform

/// `edge-bench offline`: a long time without an uplink.
struct Offline: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Takes the uplink away for minutes while messages arrive.",
        discussion: """
            Checks that the agent's memory does not grow (at most 1 MiB from minute two, or from \
            a tenth of a run shorter than 20 minutes) and that every row arrives afterwards.
            """)

    @Option(help: "Minutes without an uplink.")
    var minutes: Double = 20

    @Option(help: "Messages a second.")
    var rate: Double = 50

    @OptionGroup var link: LinkOptions

    @OptionGroup var options: WorldOptions

    private static let growthMaxKiB = 1024

    func validate() throws {
        guard (0.1...1440).contains(minutes) else {
            throw ValidationError("--minutes must be 0.1 to 1440")
        }
        guard (1...1000).contains(rate) else { throw ValidationError("--rate must be 1 to 1000") }
    }

    func run() async throws {
        let world = try World(options)
        defer { world.close() }
        let site = try Site(in: world, link: link.link)
        try await site.start()
        let board = try await site.board("board")
        try await board.agent.start()
        try await site.meet(board.agent)
        site.uplink.kill()
        Terminal.say("offline for \(minutes) minutes at \(rate) messages a second")

        let publisher = try Publisher(
            "feed", topic: "zigbee2mqtt/counter", port: board.broker.port, logs: world.logs)
        let feed = Feed(publisher, rate: rate, payload: Payload.numbered)
        async let feeding: Void = feed.run(limit: Int(minutes * 60 * rate))
        let memory = try await watch(board.agent)
        try await feeding
        let count = await feed.count
        try await waitUntil(
            "the agent to take all messages", within: .seconds(60), logs: board.agent.logPaths
        ) { try await board.agent.status().messagesAcknowledged >= count }
        let offline = try await board.agent.status()

        try await site.uplink.start()
        let balance = try await site.settle(board.agent, within: .seconds(1800))
        let bytesUp = try await board.agent.status().bytesSent - offline.bytesSent
        let entries = try await site.hub.reader.entries(board.agent.id)
        let numbers = Payload.numbers(entries)
        let gaps = try await site.hub.reader.cursors(board.agent.id).reduce(0) { $0 + $1.gapRows }

        var failures: [String] = []
        let growth = memory.max - memory.base
        if growth > Self.growthMaxKiB {
            failures.append("the agent grew by \(growth) KiB; \(Self.growthMaxKiB) is the most")
        }
        if numbers.count != count || gaps > 0 {
            failures.append(
                "\(numbers.count) of \(count) messages arrived, \(gaps) rows became gaps")
        }
        var line = ResultLine()
        line.add("offline", failures.isEmpty ? "ok" : "failed")
        line.add("minutes", minutes)
        line.add("published", count)
        line.add("arrived", numbers.count)
        line.add("log_written", balance.written)
        line.add("log_acked", balance.atHub)
        line.add("rss_base_kib", memory.base)
        line.add("rss_base_at_s", memory.baseSecond)
        line.add("rss_max_kib", memory.max)
        line.add("rss_growth_kib", growth)
        line.add("json_bytes_in", await feed.bytes)
        line.add("wire_bytes_up", bytesUp)
        line.add("link", link.link.rawValue)
        line.add("failures", .array(failures.map { .string($0) }))
        Terminal.print(line.json)
        guard failures.isEmpty else { throw BenchFailure(failures.joined(separator: "\n")) }
    }

    /// Reads the agent's RSS each second for the whole time.
    private func watch(_ agent: Agent) async throws -> MemoryWatch {
        let start = ContinuousClock.now
        let total = minutes * 60
        var memory = MemoryWatch(baseSecond: Int(min(120, total / 10)))
        while true {
            let passed = (ContinuousClock.now - start).seconds
            guard passed < total else { return memory }
            memory.note(try MemoryFigures.of(agent.process).rss, second: Int(passed))
            try await Task.sleep(for: .seconds(1))
        }
    }
}

/// The growth of a process's memory after it has settled.
struct MemoryWatch {
    /// The second whose value is the base.
    let baseSecond: Int
    /// KiB.
    private(set) var base = 0
    private(set) var max = 0

    init(baseSecond: Int) { self.baseSecond = baseSecond }

    /// Takes a reading; those before the base do not count.
    mutating func note(_ kibibytes: Int, second: Int) {
        guard second >= baseSecond else { return }
        if base == 0 { base = kibibytes }
        max = Swift.max(max, kibibytes)
    }
}
