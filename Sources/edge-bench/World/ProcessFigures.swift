import Foundation

/// What the kernel says about a process's memory (proc(5), `smaps_rollup`), in KiB.
struct MemoryFigures {
    let rss: Int
    let pss: Int
    let anonymous: Int

    init?(pid: pid_t) { self.init(text: Files.text("/proc/\(pid)/smaps_rollup")) }

    init?(text: String) {
        var fields: [Substring: Int] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 3, words[2] == "kB" { fields[words[0]] = Int(words[1]) }
        }
        guard let rss = fields["Rss:"], let pss = fields["Pss:"],
            let anonymous = fields["Anonymous:"]
        else { return nil }
        self.rss = rss
        self.pss = pss
        self.anonymous = anonymous
    }

    /// Those of a process that must be alive.
    static func of(_ process: ManagedProcess?) throws -> MemoryFigures {
        guard let process, let figures = MemoryFigures(pid: process.pid) else {
            throw BenchFailure("\(process?.name ?? "the process") is not running")
        }
        return figures
    }
}

/// Processor time and page faults of a process (proc(5), `stat`).
struct ProcessorFigures {
    /// Page faults that read from storage.
    let majorFaults: Int
    /// User and system time in clock ticks.
    let ticks: Int

    static let ticksPerSecond = max(1, sysconf(Int32(_SC_CLK_TCK)))

    init?(pid: pid_t) { self.init(text: Files.text("/proc/\(pid)/stat")) }

    init?(text: String) {
        // The second field is the program's name in parentheses and may hold anything.
        guard let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 12, let faults = Int(fields[9]), let user = Int(fields[11]),
            let system = Int(fields[12])
        else { return nil }
        majorFaults = faults
        ticks = user + system
    }

    static func of(_ process: ManagedProcess?) throws -> ProcessorFigures {
        guard let process, let figures = ProcessorFigures(pid: process.pid) else {
            throw BenchFailure("\(process?.name ?? "the process") is not running")
        }
        return figures
    }
}
