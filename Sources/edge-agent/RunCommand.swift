import EdgeAgent
import Glibc
import LinuxPlatform
import Platform
import PowerManager
import SyncProtocol

/// `edge-agent run`: puts the real world around an `Agent`.
enum RunCommand {
    static func run(_ arguments: Arguments) async -> Int32 {
        guard let path = arguments.config, let configuration = ConfigurationFile.read(path) else {
            return ExitCode.usage
        }
        let files = LinuxFileSystem()
        do {
            try files.makeDirectory(configuration.state.directory, mode: 0o750)
            let control = try UnixControlListener(path: configuration.control.socket)
            let world = try world(configuration, files, control)
            StopSignals.install {
                world.control.close()
                world.bus?.close()
                world.devices?.close()
                world.gpio?.close()
                world.link?.close()
                world.timer.close()
            }
            let identity = IdentityFiles(in: configuration.state.directory, files: files)
            let agent = try Agent(
                world: world, configuration: configuration, version: Release.version,
                floor: identity.clockFloor(build: Release.date).time)
            #if EDGE_MUTANTS
                if let name = getenv("EDGE_AGENT_MUTANT"),
                    let mutant = Mutant(rawValue: String(cString: name))
                {
                    await agent.mutate(mutant)
                }
            #endif
            Output.line(
                "ready device=\(configuration.device.id) socket=\(configuration.control.socket)")
            Watchdog.ready()
            await IdentityUpkeep.run(agent, identity, world.entropy)
            return ExitCode.done
        } catch {
            Output.error("edge-agent: \(error)\(advice(error, configuration))")
            return ExitCode.failed
        }
    }

    private static func advice(_ error: any Error, _ configuration: AgentConfiguration) -> String {
        // These say themselves what to do.
        if error is ControlSocketError || error is CoAPError || error is ProfileMismatch {
            return ""
        }
        return ". The agent needs to write state.directory (\(configuration.state.directory)): "
            + "check that it is on a writable file system with free space and belongs to the "
            + "agent's user."
    }

    private static func world(
        _ configuration: AgentConfiguration, _ files: LinuxFileSystem,
        _ control: UnixControlListener
    ) throws -> AgentWorld {
        let entropy = LinuxEntropy()
        let profile = try ProfileFile.read(configuration)
        try ProfileFile.check(profile)
        return AgentWorld(
            timekeeper: LinuxTimekeeper(), entropy: entropy, fileSystem: files,
            processes: ShimProcessRunner(owner: configuration.state.directory),
            timer: LinuxWakeTimer(name: "timer"), control: control,
            bus: bus(configuration, entropy),
            link: try UplinkChoice.link(configuration, entropy),
            executor: ThreadExecutor(name: "agent"), report: { Output.error($0) },
            trimMemory: { MemoryTrim.run() },
            compressor: Zstd(prefix: LogBatchCodec.vocabulary), devices: LinuxDeviceAccess(),
            gpio: LinuxGPIO(
                guardProgram: HelperProgram.find("edge-gpio-guard"),
                lock: configuration.state.directory + "/gpio-guard.lock"),
            kernel: LinuxKernelFiles(), profile: profile,
            containers: Containers(configuration.containers))
    }

    private static func bus(
        _ configuration: AgentConfiguration, _ entropy: LinuxEntropy
    ) -> MosquittoBus? {
        let broker = configuration.localBroker
        guard broker.isEnabled else { return nil }
        var settings = MosquittoClient.Settings(
            host: broker.host, port: broker.port, clientID: "edge-agent-\(configuration.device.id)")
        // The broker keeps what devices say while the agent is away.
        settings.startsClean = false
        settings.receiveMaximum = broker.window
        settings.holdsAcknowledgements = true
        settings.subscriptions = Agent.subscriptions(configuration)
        settings.will = Agent.announcer(configuration, version: Release.version).will
        settings.reconnectMaximum = 5000
        return MosquittoBus(settings: settings, entropy: entropy)
    }
}
