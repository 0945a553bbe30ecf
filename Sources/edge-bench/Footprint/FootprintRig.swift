import Foundation
import Platform

/// The processes of a footprint run.
final class FootprintRig {
    let agent: Agent
    let localPort: Int
    private let disk: Disk
    private let program: PrivateProgram

    /// What was seen in one part of the run.
    struct Observation {
        let seconds: Double
        let memory: MemoryFigures
        let majorFaults: Int
        let processorSeconds: Double
        /// 512 bytes each.
        let sectors: Int

        func perHour(_ amount: Double) -> Double { amount * 3600 / seconds }
    }

    init(in world: World, link: BenchLink, binary: String, disk: Disk) async throws {
        self.disk = disk
        let site = try Site(in: world, link: link)
        try await site.start()
        let broker = try Mosquitto("board-broker", in: world)
        try await broker.start()
        localPort = broker.port
        program = try await PrivateProgram(binary, in: world)
        parts = (site, broker)
        let state = disk.mountPoint + "/state"
        try Files.makeFolder(state)
        agent = try Agent(
            "board", in: world, executable: binary, stateFolder: state,
            AgentSettings(link: link, uplinkPort: site.uplink.port, localPort: broker.port))
        try await site.admit(agent)
    }

    /// Held so that they run as long as the agent does.
    private let parts: (Site, Mosquitto)

    /// Starts the agent on private libraries and waits until it has talked to the hub.
    func connect() async throws {
        for _ in 0..<3 {
            agent.launcher = program.launcher
            try await agent.start()
            try await waitUntil(
                "the agent to be synchronized", within: .seconds(30), logs: agent.logPaths
            ) { try await agent.status().uplinkState == "synchronized" }
            guard let pid = agent.process?.pid else { break }
            guard try program.adopt(from: pid) else { return }
            await agent.stop()
        }
        throw BenchFailure("the agent keeps opening libraries that others may map")
    }

    /// Lets `seconds` pass and reads the figures; the memory at its own moment.
    func observe(seconds: Double, memoryAt: Double) async throws -> Observation {
        let start = ContinuousClock.now
        let sectors = try disk.sectorsWritten()
        let before = try ProcessorFigures.of(agent.process)
        try await Task.sleep(until: start + .seconds(memoryAt))
        let memory = try MemoryFigures.of(agent.process)
        try await Task.sleep(until: start + .seconds(seconds))
        let after = try ProcessorFigures.of(agent.process)
        return Observation(
            seconds: (ContinuousClock.now - start).seconds, memory: memory,
            majorFaults: after.majorFaults - before.majorFaults,
            processorSeconds: Double(after.ticks - before.ticks)
                / Double(ProcessorFigures.ticksPerSecond),
            sectors: try disk.sectorsWritten() - sectors)
    }
}
