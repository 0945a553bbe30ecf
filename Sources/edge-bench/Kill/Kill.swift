import ArgumentParser
import Foundation
import Platform

/// `edge-bench kill`: numbered messages arrive while one part is killed again and again.
struct Kill: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Kills the agent, the hub or the uplink broker at random moments.",
        discussion: """
            Checks that every message that the local broker's log shows as acknowledged is at the \
            hub, each (stream, epoch, seq) once, redeliveries within kills x window, and 95 % of \
            what was published there. A mutant must fail: release-on-puback with --target hub; \
            ack-before-commit and publish-before-commit with --target agent.
            """)

    @Option(help: "What to kill: agent, hub or broker (the uplink's; for coap the router).")
    var target: KillTarget

    @Option(help: "Kills.")
    var rounds: Int = 20

    @Option(help: "Messages a second.")
    var rate: Double = 50

    @Option(help: "Seed of the random moments (default: a new one, printed).")
    var seed: UInt64?

    @Option(help: "Fault that the agent is told to have; see above.")
    var mutant: Mutant?

    @Option(help: "Agent to run, such as a build with mutants.")
    var agentBinary: String?

    @OptionGroup var link: LinkOptions

    @OptionGroup var options: WorldOptions

    func validate() throws {
        guard (1...100_000).contains(rounds) else {
            throw ValidationError("--rounds must be 1 to 100000")
        }
        guard (1...1000).contains(rate) else { throw ValidationError("--rate must be 1 to 1000") }
        if let mutant, mutant.target != target {
            throw ValidationError(
                "\(mutant.rawValue) is revealed by --target \(mutant.target.rawValue)")
        }
        if mutant == .releaseOnPuback, link.link != .mqtt {
            throw ValidationError("release-on-puback is a fault of --link mqtt")
        }
    }

    func run() async throws {
        let seed = seed ?? UInt64.random(in: 0...UInt64(UInt32.max))
        Terminal.say(
            "kill target=\(target.rawValue) link=\(link.link.rawValue) rounds=\(rounds) seed=\(seed)"
        )
        let world = try World(options)
        defer { world.close() }
        let run = try await KillRun(
            in: world, link: link.link, target: target, mutant: mutant, executable: agentBinary)
        let verdict = KillVerdict(
            try await run.rounds(rounds, rate: rate, random: SplitMix64(seed: seed)))
        Terminal.print(line(verdict, seed: seed))
        guard verdict.failures.isEmpty else {
            throw BenchFailure(verdict.failures.joined(separator: "\n"))
        }
    }

    private func line(_ verdict: KillVerdict, seed: UInt64) -> String {
        let evidence = verdict.evidence
        var line = ResultLine()
        line.add("kill", verdict.failures.isEmpty ? "ok" : "failed")
        line.add("target", target.rawValue)
        line.add("link", link.link.rawValue)
        if let mutant { line.add("mutant", mutant.rawValue) }
        line.add("seed", Int(seed))
        line.add("kills", evidence.kills)
        line.add("published", evidence.published)
        line.add("acknowledged", evidence.acknowledged.count)
        line.add("arrived", verdict.arrived)
        line.add("missing", verdict.missing.count)
        line.add("redelivered", verdict.redelivered)
        line.add("redelivered_max", evidence.kills * evidence.window)
        line.add("repeated_rows", verdict.repeatedDots)
        line.add("agent_rows", evidence.written)
        line.add("hub_rows", verdict.atHub)
        line.add("epochs", Set(evidence.cursors.map(\.epoch)).count)
        line.add("failures", .array(verdict.failures.map { .string($0) }))
        return line.json
    }
}
