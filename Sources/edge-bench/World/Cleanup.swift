import Foundation
import Synchronization

/// What must be undone whatever way this program ends: process groups, mounts, loop devices and
/// folders. Every child carries `EDGE_BENCH_RUN=<token>`, and so do the workloads that agents
/// start for us; these outlive their agent on purpose, so they are found by that mark in /proc.
enum Cleanup {
    static let variable = "EDGE_BENCH_RUN"
    /// New for each run of this program.
    static let token = "\(getpid())-" + String(UInt64.random(in: 1...UInt64.max), radix: 36)

    private struct Ledger {
        var groups: Set<pid_t> = []
        /// Undone in the reverse order.
        var undo: [(key: String, command: [String])] = []
        var folders: [String] = []
    }

    private static let ledger = Mutex(Ledger())
    /// Held for the whole of a clean-up, so that a signal's waits for one that is under way instead
    /// of leaving in its middle.
    private static let ending = Mutex(())

    static func add(group: pid_t) { ledger.withLock { _ = $0.groups.insert(group) } }
    static func remove(group: pid_t) { ledger.withLock { _ = $0.groups.remove(group) } }
    static func add(folder: String) { ledger.withLock { $0.folders.append(folder) } }

    /// A command that undoes something outside our processes, such as `umount`.
    static func add(undo command: [String], key: String) {
        ledger.withLock { $0.undo.append((key, command)) }
    }

    static func remove(undo key: String) { ledger.withLock { $0.undo.removeAll { $0.key == key } } }

    /// Ends and removes everything that is left. Safe to call twice, and from two threads.
    static func run() {
        ending.withLock { _ in end() }
    }

    private static func end() {
        let left = ledger.withLock { ledger in
            defer { ledger = Ledger() }
            return ledger
        }
        for group in left.groups { kill(-group, SIGKILL) }
        for pid in marked() { kill(pid, SIGKILL) }
        for pid in left.groups { waitpid(pid, nil, 0) }
        for entry in left.undo.reversed() { undo(entry.command) }
        for folder in left.folders { try? FileManager.default.removeItem(atPath: folder) }
    }

    /// Processes other than this one whose environment names this run.
    private static func marked() -> [pid_t] {
        let needle = Array("\(variable)=\(token)".utf8)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { pid_t($0) }.filter { pid in
            guard pid != getpid(),
                let environment = FileManager.default.contents(atPath: "/proc/\(pid)/environ")
            else { return false }
            return environment.split(separator: 0).contains { $0.elementsEqual(needle) }
        }
    }

    /// Ends everything and leaves with 130 on SIGINT, SIGTERM and SIGHUP.
    static func installSignalHandlers() {
        signal(SIGPIPE, SIG_IGN)
        for number in [SIGINT, SIGTERM, SIGHUP] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                // A source that nobody holds is cancelled; this one holds itself.
                _ = source
                run()
                _exit(130)
            }
            source.resume()
        }
    }

    private static func undo(_ command: [String]) {
        guard let program = command.first, let path = try? Spawn.locate(program),
            let pid = try? Spawn.start(
                path, Array(command.dropFirst()), environment: [:], streams: .init())
        else { return }
        waitpid(pid, nil, 0)
    }
}
