import Glibc
import Platform

/// A container's first process, as crun notes it. It is the init of its process name space, so the
/// kernel ends all others of the container with it (pid_namespaces(7)).
enum ContainerInit {
    private static let noteBytesMax = 64 << 10

    /// Ends what of a container outlived its runtime.
    /// - Parameter notes: crun's directory of the container.
    static func end(_ notes: String) {
        guard let process = process(notes), ProcessTable.isAlive(process) else { return }
        kill(process.pid, SIGKILL)
    }

    /// - Returns: nil where the runtime has not noted one.
    static func process(_ notes: String) -> ProcessIdentity? {
        guard
            let bytes = try? LinuxFileSystem().read(
                notes + "/status", maximumBytes: noteBytesMax),
            let note = try? JSONReader.read(bytes),
            let pid = note["pid"]?.intValue.flatMap({ Int32(exactly: $0) }), pid > 1,
            let ticks = note["process-start-time"]?.intValue, ticks > 0
        else { return nil }
        return ProcessIdentity(pid: pid, startTicks: UInt64(ticks))
    }
}
