import Glibc
import Platform

/// The machine's processes, as proc(5) shows them.
enum ProcessTable {
    /// Clock ticks after boot; nil where there is no such process any more.
    ///
    /// The process's name, in parentheses, may hold anything, so fields count from its last one. A
    /// zombie has exited and only waits to be reaped.
    static func startTicks(_ pid: Int32) -> UInt64? {
        guard let text = LinuxFileSystem.text("/proc/\(pid)/stat"),
            let end = text.lastIndex(of: ")")
        else { return nil }
        let fields = text[end...].dropFirst(2).split(separator: " ")
        guard fields.count > 19, fields[0] != "Z" else { return nil }
        return UInt64(fields[19])
    }

    static func isAlive(_ identity: ProcessIdentity) -> Bool {
        startTicks(identity.pid) == identity.startTicks
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
