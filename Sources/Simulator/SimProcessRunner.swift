public import Platform

/// A machine's processes as one run of the agent sees them.
public final class SimProcessRunner: ProcessRunner {
    private let processes: SimProcesses
    private let fuse: SimFuse

    init(processes: SimProcesses, fuse: SimFuse) {
        self.processes = processes
        self.fuse = fuse
    }

    public func start(
        _ command: ProcessCommand, tag: String
    ) throws(ProcessError) -> ProcessIdentity {
        guard fuse.passes() else { throw ProcessError("the agent's process has ended") }
        return try processes.start(command, tag: tag)
    }

    public func running() -> [String: ProcessIdentity] { processes.running() }

    public func poll(_ identity: ProcessIdentity) -> ProcessExit? {
        fuse.isBurnt ? nil : processes.poll(identity)
    }

    public func ended() -> [EndedProcess] { processes.ended() }

    public func forget(_ identity: ProcessIdentity) {
        guard fuse.passes() else { return }
        processes.forget(identity)
    }

    public func signal(_ identity: ProcessIdentity, _ signal: Int32) {
        guard fuse.passes() else { return }
        processes.signal(identity, signal)
    }
}
