import ArgumentParser
import Foundation
import Platform

/// `edge-bench workloads`: how long a workload takes from its wish to its first line of work.
struct WorkloadStart: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workloads",
        abstract: "Times the start of containers and processes, beside crun and podman alone.",
        discussion: """
            Each run ends when the program's own first write arrives: of a workload counted from \
            the moment the wish for it is sent to the agent's socket, of crun and podman from the \
            start of their process. All run the same words. The agent's container has an overlay, \
            a network name space and a filter of system calls; crun alone gets the configuration \
            that the agent wrote, over the image's one layer as a read-only root.

            Needs root and crun; scripts/bench-workloads makes the archive and calls this.
            """)

    @Option(help: "An archive with an image that has /bin/busybox and the directory /out.")
    var archive: String

    @Option(help: "The image's name in it.")
    var image: String

    @Option(help: "Runs of each row.")
    var runs = 100

    @Flag(help: "For a row of podman, which has the image loaded already.")
    var podman = false

    @Flag(help: "One JSON line a row (the only form).")
    var json = false

    @OptionGroup var options: WorldOptions

    func validate() throws {
        guard (1...10_000).contains(runs) else {
            throw ValidationError("--runs must be 1 to 10000")
        }
    }

    func run() async throws {
        let world = try World(options)
        defer { world.close() }
        let probe = try StartProbe(in: world)
        let rig = try await WorkloadRig(in: world, archive: archive, image: image, probe: probe)
        // The first of each row reads what the others find in memory.
        _ = try await rig.container(bundle: true)
        try await print("container") { try await rig.container() }
        _ = try await rig.process()
        try await print("process") { try await rig.process() }
        _ = try await rig.crun()
        try await print("crun") { try await rig.crun() }
        if podman {
            _ = try await rig.podman()
            try await print("podman") { try await rig.podman() }
        }
        await rig.stop()
    }

    private func print(_ row: String, _ run: () async throws -> Double) async throws {
        var times: [Double] = []
        for _ in 0..<runs { times.append(try await run()) }
        var line = ResultLine()
        line.add("row", row)
        line.add("p50_ms", TwinLatency.percentile(times, 50))
        line.add("p95_ms", TwinLatency.percentile(times, 95))
        line.add("max_ms", TwinLatency.percentile(times, 100))
        line.add("runs", runs)
        Terminal.print(line.json)
    }
}
