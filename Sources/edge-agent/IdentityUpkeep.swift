import EdgeAgent
import LinuxPlatform
import Platform

/// Looks after the board's certificate, on a thread that may wait for the hub. A board that has
/// none may get one at any time.
enum IdentityUpkeep {
    /// Rarely enough to cost nothing; a certificate has months to be renewed in.
    private static let interval = Milliseconds.seconds(600)

    /// Runs the agent, and tells it what becomes of its certificate.
    static func run(_ agent: Agent, _ identity: IdentityFiles, _ entropy: any Entropy) async {
        let outcomes = start(identity, entropy)
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for await outcome in outcomes { await agent.onRenewal(outcome) }
            }
            group.addTask { await Watchdog.run(agent) }
            await agent.run()
            group.cancelAll()
        }
    }

    private static func start(
        _ identity: IdentityFiles, _ entropy: any Entropy
    ) -> AsyncStream<IdentityRenewal.Outcome> {
        let (outcomes, sink) = AsyncStream.makeStream(
            of: IdentityRenewal.Outcome.self, bufferingPolicy: .bufferingNewest(8))
        var renewal = IdentityRenewal(
            files: identity, contact: PinnedHubContact(), timekeeper: LinuxTimekeeper(),
            build: Release.date, spread: entropy.next(),
            makeDigests: { () throws(SignerError) in try LibcryptoDigests() },
            openKey: { (path) throws(SignerError) in
                try FileSigner(file: path, files: LinuxFileSystem())
            })
        PeriodicThread.start("renewal", every: interval) {
            let outcome = renewal.onTick()
            if outcome != .idle { sink.yield(outcome) }
        }
        return outcomes
    }
}
