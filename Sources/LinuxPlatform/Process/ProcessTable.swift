import Glibc
import Platform

/// The machine's processes, as proc(5) shows them.
enum ProcessTable {
    /// Clock ticks after boot; nil where there is no such process any more. One that has exited and
    /// waits to be reaped still has its own.
    static func startTicks(_ pid: Int32) -> UInt64? { status(pid)?.startTicks }

    /// Whether it runs. One that has exited and waits to be reaped does not.
    static func isAlive(_ identity: ProcessIdentity) -> Bool {
        guard let (state, startTicks) = status(identity.pid) else { return false }
        return state != "Z" && startTicks == identity.startTicks
    }

    /// The process's name, in parentheses, may hold anything, so fields count from its last one.
    private static func status(_ pid: Int32) -> (state: Substring, startTicks: UInt64)? {
        guard let text = LinuxFileSystem.text("/proc/\(pid)/stat"),
            let end = text.lastIndex(of: ")")
        else { return nil }
        let fields = text[end...].dropFirst(2).split(separator: " ")
        guard fields.count > 19, let ticks = UInt64(fields[19]) else { return nil }
        return (fields[0], ticks)
    }

    /// The processes that have this in their environment.
    static func with(variable name: String, value: String) -> [Int32] {
        let wanted = Array("\(name)=\(value)".utf8)
        return LinuxFileSystem().list("/proc").compactMap(Int32.init).filter { pid in
            // Environments of other users' processes cannot be read, and those are not ours.
            let bytes = try? LinuxFileSystem().read("/proc/\(pid)/environ", maximumBytes: 1 << 20)
            return bytes?.split(separator: 0).contains { $0.elementsEqual(wanted) } ?? false
        }
    }
}
