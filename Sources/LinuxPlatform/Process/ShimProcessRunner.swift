import CEdgeShims
import Glibc
public import Platform

/// Workloads as plain processes, each under an `edge-shim` that outlives the agent and keeps how it
/// ended. A process's identity is its shim's.
public struct ShimProcessRunner: ProcessRunner {
    /// Marks a workload's processes, so that those whose shim was killed are found.
    static let tagVariable = "EDGE_WORKLOAD"

    private let owner: String
    private let program: String?
    private let boot: String
    private let children = ChildProcesses()

    /// - Parameters:
    ///   - owner: The agent's state directory. What shims keep is in its folder `run`.
    ///   - program: `edge-shim`; nil where it is not installed, and nothing can be started.
    public init(owner: String, program: String? = HelperProgram.find("edge-shim")) {
        self.owner = owner
        self.program = program
        // The first eight of the sixteen digits that are the id's beginning.
        boot = ShimRecord.bootDigits(LinuxTimekeeper().bootID)
    }

    private var folder: String { owner + "/run" }

    public func start(
        _ command: ProcessCommand, tag: String
    ) throws(ProcessError) -> ProcessIdentity {
        guard let first = command.arguments.first else {
            throw ProcessError("the command is empty; give at least a program")
        }
        let name = first == "--overlay" ? "the container from its layers" : first
        guard let program else {
            throw ProcessError(
                "edge-shim is not installed, so a workload's end could be lost: put it beside "
                    + "edge-agent, or install the package again")
        }
        do {
            try LinuxFileSystem().makeDirectory(folder, mode: 0o750)
        } catch {
            throw ProcessError("cannot make \(folder): \(error)")
        }
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw ProcessError("cannot run \(name): \(ChildProcesses.message(errno))")
        }
        // A child of ours gets no descriptor but those that it is handed.
        defer { close(ends[0]) }
        var environment = command.environment
        environment[Self.tagVariable] = variable(tag)
        let shim: ProcessIdentity
        do {
            defer { close(ends[1]) }
            shim = try children.start(
                ProcessCommand(
                    arguments: [program, folder, command.group ?? ""] + command.arguments,
                    environment: environment,
                    workingDirectory: command.workingDirectory, logPath: command.logPath),
                handing: ends[1])
        }
        // Ends when the program runs, as its copy is closed then, or the shim is gone.
        var fault: Int32 = 0
        guard read(ends[0], &fault, MemoryLayout<Int32>.size) <= 0 else {
            waitpid(shim.pid, nil, 0)
            forget(shim)
            throw ProcessError("cannot run \(name): \(ChildProcesses.message(fault))")
        }
        return shim
    }

    public func running() -> [String: ProcessIdentity] {
        let alive = records().filter { ProcessTable.isAlive($0.shim) }
        return Dictionary(alive.map { ($0.tag, $0.shim) }, uniquingKeysWith: { _, last in last })
    }

    public func ended() -> [EndedProcess] {
        let files = LinuxFileSystem()
        // The machine was started anew since: none of these can be asked of.
        for name in files.list(folder) where !name.hasSuffix("-" + boot) {
            try? files.remove(folder + "/" + name)
        }
        return records().filter { !ProcessTable.isAlive($0.shim) }
            .map { EndedProcess(tag: $0.tag, identity: $0.shim, exit: concluded($0.shim)) }
    }

    public func poll(_ identity: ProcessIdentity) -> ProcessExit? {
        switch children.poll(identity) {
        case nil: nil
        case .some: concluded(identity)
        }
    }

    public func forget(_ identity: ProcessIdentity) {
        try? LinuxFileSystem().remove(path(identity))
    }

    public func signal(_ identity: ProcessIdentity, _ signal: Int32) {
        guard ProcessTable.isAlive(identity) else { return }
        edge_shim_signal(identity.pid, signal)
    }

    /// How the workload of a shim ended that is gone.
    private func concluded(_ shim: ProcessIdentity) -> ProcessExit {
        guard let record = record(shim) else { return .unknown }
        if case .ended(let exit) = record.state { return exit }
        // Its shim was killed. The kernel ended the workload with it, but not what that started.
        for pid in ProcessTable.with(variable: Self.tagVariable, value: record.tag) {
            kill(pid, SIGKILL)
        }
        return .unknown
    }

    /// The records of this boot and this agent, the oldest first.
    private func records() -> [(shim: ProcessIdentity, tag: String)] {
        LinuxFileSystem().list(folder)
            .compactMap { ShimRecord.shim(named: $0, boot: boot) }
            .compactMap { shim in
                guard let tag = record(shim)?.tag, tag.hasPrefix(variable("")) else { return nil }
                return (shim, String(tag.dropFirst(variable("").count)))
            }
            .sorted { ($0.shim.startTicks, $0.shim.pid) < ($1.shim.startTicks, $1.shim.pid) }
    }

    private func record(_ shim: ProcessIdentity) -> ShimRecord? {
        let bytes = try? LinuxFileSystem().read(path(shim), maximumBytes: ShimRecord.bytesMax)
        return bytes.flatMap { ShimRecord($0) }
    }

    private func path(_ shim: ProcessIdentity) -> String {
        folder + "/" + ShimRecord.name(shim, boot: boot)
    }

    /// Told apart from other agents' on one machine.
    private func variable(_ tag: String) -> String { "\(owner):\(tag)" }
}
