import ArgumentParser
import Foundation
import Platform

/// `edge-bench agent`: what the agent takes of a board.
struct AgentFootprint: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent",
        abstract: "Measures memory, start, processor time and writes of the release agent.",
        discussion: """
            A stripped copy of the agent runs connected for half of the time idle and for the \
            other half at 10 local messages a second, with its defaults and its state on an ext4 \
            of its own (needs root). It runs on copies of its libraries, so that no other process \
            maps them. The full form is one real hour each; a shorter run is scaled to hours and \
            says so. With --part only one of the two is measured, for the whole time.
            """)

    enum Part: String, ExpressibleByArgument, CaseIterable { case idle, loaded, both }

    @Option(help: "Length of the run.")
    var minutes: Double = 120

    @Option(help: "What to measure: idle, loaded, or half of the time each.")
    var part = Part.both

    @Flag(help: "Accepted for uniformity; the result is always one JSON line.")
    var json = false

    @OptionGroup var link: LinkOptions

    @OptionGroup var options: WorldOptions

    private static let rate = 10.0
    private static let starts = 5

    func validate() throws {
        guard (1...2880).contains(minutes) else {
            throw ValidationError("--minutes must be 1 to 2880")
        }
    }

    func run() async throws {
        let world = try World(options)
        defer { world.close() }
        let span = part == .both ? minutes * 30 : minutes * 60
        // Ten minutes after start, as the target says, or as far into a shorter run as a fifth.
        let settle = min(600, minutes * 60 / 5)
        if span < 3600 {
            Terminal.say(
                "a run of \(minutes) minutes: PSS after \(Int(settle)) s instead of 600 s, hourly "
                    + "figures scaled from \(Int(span)) s each")
        }
        let disk = try await Disk.ext4("disk", mebibytes: 256, in: world)
        let binary = try await strippedAgent(in: world)
        let rig = try await FootprintRig(in: world, link: link.link, binary: binary, disk: disk)

        var ready: [Double] = []
        for _ in 0..<Self.starts {
            ready.append(
                try ReadyTime.measure(binary, configuration: rig.agent.configurationPath))
        }
        try await rig.connect()
        var line = ResultLine()
        if part != .loaded {
            let idle = try await rig.observe(seconds: span, memoryAt: min(settle, span))
            line.add("idle_pss_kib", idle.memory.pss)
            line.add("idle_rss_kib", idle.memory.rss)
            line.add("idle_anonymous_kib", idle.memory.anonymous)
            line.add("major_faults_per_hour", idle.perHour(Double(idle.majorFaults)))
            line.add("idle_cpu_percent", idle.processorSeconds / idle.seconds * 100)
            line.add("written_kib_per_idle_hour", idle.perHour(Double(idle.sectors) / 2))
        }
        if part != .idle {
            let loaded = try await observeLoaded(rig, seconds: span, in: world)
            line.add("loaded_pss_kib", loaded.memory.pss)
            line.add("written_kib_per_loaded_hour", loaded.perHour(Double(loaded.sectors) / 2))
        }
        line.add("ready_ms", ReadyTime.median(ready))
        line.add("binary_kib", (Files.size(binary) + 1023) / 1024)
        line.add("link", link.link.rawValue)
        line.add("minutes", minutes)
        line.add("scaled", span < 3600)
        Terminal.print(line.json)
    }

    private func observeLoaded(
        _ rig: FootprintRig, seconds: Double, in world: World
    ) async throws -> FootprintRig.Observation {
        let feed = Feed(
            try Publisher(
                "feed", topic: "zigbee2mqtt/sensor", port: rig.localPort, logs: world.logs),
            rate: Self.rate, payload: Payload.numbered)
        async let feeding: Void = feed.run(limit: Int(seconds * Self.rate))
        let loaded = try await rig.observe(seconds: seconds, memoryAt: seconds)
        try await feeding
        return loaded
    }

    /// A stripped copy of the release agent.
    private func strippedAgent(in world: World) async throws -> String {
        let target = try world.makeFolder("bin") + "/edge-agent"
        let strip = try Command(executable: Spawn.locate("strip"), scratch: world.logs)
        try await strip.mustRun(["-o", target, world.program("edge-agent")])
        return target
    }
}
