import Foundation
import Platform

/// An agent with an image, and the same program started in other ways.
final class WorkloadRig {
    private static let path = "desired/workloads/probe"

    private let world: World
    private let agent: Agent
    private let probe: StartProbe
    private let image: String
    private let containers: String
    private let images: String
    private let bundle: String
    private let socket: AgentSocket

    init(in world: World, archive: String, image: String, probe: StartProbe) async throws {
        self.world = world
        self.probe = probe
        self.image = image
        containers = world.folder + "/containers"
        images = world.folder + "/images"
        bundle = try world.makeFolder("bundle")
        var settings = AgentSettings(uplinkPort: nil, localPort: nil)
        settings.fields = ["containers.images": images, "containers.directory": containers]
        agent = try Agent("board", in: world, settings)
        let load = ["image", "load", archive, "--store", images]
        let result = try await agent.run(load)
        guard result.code == 0 else { throw BenchFailure("image load: \(result.error)") }
        try await agent.start()
        socket = AgentSocket(path: agent.socket)
    }

    func stop() async { await agent.stop() }

    /// - Parameter bundle: Keeps the configuration that the agent wrote, for `crun`.
    func container(bundle keepsBundle: Bool = false) async throws -> Double {
        let words = StartProbe.words(out: "/out")
        let volume = Value.object([("at", .string("/out")), ("path", .string(probe.folder))])
        let time = try await workload([
            ("image", .string(image)), ("command", .array(words.map(Value.string))),
            ("volumes", .array([volume])), ("restart", .string("never")),
        ]) {
            if keepsBundle { try self.makeBundle() }
        }
        return time
    }

    func process() async throws -> Double {
        let words = StartProbe.words(out: probe.folder)
        return try await workload([
            ("command", .array(words.map(Value.string))), ("restart", .string("never")),
        ]) {}
    }

    private func workload(
        _ spec: [(String, Value)], _ whileItRuns: () throws -> Void
    ) async throws -> Double {
        let start = ContinuousClock.now
        try socket.set(Self.path, .object(spec))
        let time = try probe.wait(since: start)
        try whileItRuns()
        try probe.end()
        try socket.set(Self.path, .null)
        try await waitUntil(
            "the workload to end", within: .seconds(30), logs: agent.logPaths
        ) { try await agent.status().workloads.isEmpty }
        return time
    }

    /// The agent's own configuration, over the image's layer instead of the overlay.
    private func makeBundle() throws {
        let box = containers + "/boxes/edge-probe"
        let layers = try FileManager.default.contentsOfDirectory(atPath: images + "/layers")
        guard layers.count == 1 else { throw BenchFailure("\(layers.count) layers, not 1") }
        let text = Files.text(box + "/config.json")
            .replacing(box + "/root", with: "\(images)/layers/\(layers[0])")
            .replacing(#""readonly":false"#, with: #""readonly":true"#)
        try Files.write(text, to: bundle + "/config.json")
    }

    func crun() async throws -> Double {
        let root = world.folder + "/crun"
        return try await started(
            "/usr/bin/crun",
            ["--root", root, "--cgroup-manager", "disabled", "run", "--bundle", bundle, "probe"])
    }

    func podman() async throws -> Double {
        let words = StartProbe.words(out: "/out")
        return try await started(
            "/usr/bin/podman",
            [
                "run", "--rm", "--network", "none", "--cgroups", "disabled", "--runtime", "crun",
                "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000",
                "--log-driver", "none", "--volume", "\(probe.folder):/out", image,
            ] + words)
    }

    private func started(_ program: String, _ arguments: [String]) async throws -> Double {
        let start = ContinuousClock.now
        let process = try ManagedProcess("peer", program, arguments, logs: world.logs)
        do {
            let time = try probe.wait(since: start)
            try probe.end()
            try await waitUntil(
                "\(program) to end", within: .seconds(30), logs: process.logPaths
            ) { process.end() != nil }
            return time
        } catch {
            throw BenchFailure("\(error)" + Files.tails(process.logPaths))
        }
    }
}
