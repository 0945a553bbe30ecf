import Foundation
import LinuxPlatform
import Logging
import Platform
import ServiceLifecycle

/// A mosquitto of the hub's own: started with it, started again when it ends, ended with it.
struct ManagedBroker: Service {
    /// How often its process is looked at.
    private static let interval = Duration.milliseconds(200)
    /// Waits between its starts double from the first to the last.
    private static let waits = 1...60
    /// One that ran so long was no failure from the start.
    private static let soundAfter = Duration.seconds(60)
    private static let logBytesMax: UInt64 = 4 << 20
    /// How long it may take to end.
    private static let patience = Duration.seconds(5)

    let files: BrokerFiles
    let logger: Logger
    private let program: String
    private let children = ChildProcesses()

    /// - Throws: where mosquitto is not installed.
    init(_ files: BrokerFiles, logger: Logger) throws(HubCommandError) {
        let places = ["/usr/sbin", "/usr/local/sbin", "/usr/bin", "/usr/local/bin"]
        let program = places.map { $0 + "/mosquitto" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
        guard let program else {
            throw HubCommandError(
                description: "mosquitto is not installed, so there is nothing to manage; install "
                    + "the package mosquitto and disable its own service")
        }
        self.files = files
        self.logger = logger
        self.program = program
    }

    func run() async throws {
        await endFormer()
        await cancelWhenGracefulShutdown {
            var wait = Self.waits.lowerBound
            while !Task.isCancelled {
                let start = ContinuousClock.now
                let reason = await serve()
                guard !Task.isCancelled else { return }
                if ContinuousClock.now - start > Self.soundAfter { wait = Self.waits.lowerBound }
                logger.error(
                    "mosquitto ended (\(reason)); starting it again in \(wait) s",
                    metadata: ["log": "\(files.log)"])
                try? await Task.sleep(for: .seconds(wait))
                wait = min(wait * 2, Self.waits.upperBound)
            }
        }
    }

    /// One life of it, and how it ended. Ends it where this task is cancelled.
    private func serve() async -> String {
        let process: ProcessIdentity
        do {
            trimLog()
            process = try children.start(
                ProcessCommand(
                    arguments: [program, "-c", files.configuration], environment: [:],
                    workingDirectory: nil, logPath: files.log))
        } catch {
            return "\(error)"
        }
        while (try? await Task.sleep(for: Self.interval)) != nil {
            if let exit = children.poll(process) { return "\(exit)" }
            trimLog()
        }
        children.signal(process, SIGTERM)
        if await !hasEnded({ children.poll(process) != nil }) { children.signal(process, SIGKILL) }
        return "stopped"
    }

    /// The one of a hub that was killed: its port is ours, and its lists may be old.
    private func endFormer() async {
        let former = BrokerProcess(files)
        guard former.number != nil else { return }
        try? former.signal(SIGTERM)
        if await !hasEnded({ former.number == nil }) { try? former.signal(SIGKILL) }
    }

    /// Not cancelled with the task: an end takes its time.
    private func hasEnded(_ condition: @escaping @Sendable () -> Bool) async -> Bool {
        await Task {
            let end = ContinuousClock.now + Self.patience
            while !condition() {
                guard ContinuousClock.now < end else { return false }
                try? await Task.sleep(for: .milliseconds(20))
            }
            return true
        }.value
    }

    /// Whoever reaches the port can make it write a line; it appends, so this is all that it takes.
    private func trimLog() {
        let size = LinuxFileSystem().size(files.log) ?? 0
        if size > Self.logBytesMax { truncate(files.log, 0) }
    }
}
