import Platform

/// What a shim keeps of its workload, in a file that is called after the shim:
/// `PID-START-BOOT`. See Sources/edge-shim.
struct ShimRecord: Sendable, Hashable {
    /// How the workload is, as the first bytes of the file say it.
    enum State: Sendable, Hashable {
        case running
        case ended(ProcessExit)
    }

    /// Bytes of the state; the tag comes behind it.
    static let stateBytes = 32
    static let bytesMax = 4096

    let state: State
    /// The value of the workload's tag variable.
    let tag: String

    /// How a boot is called in a name: its id's first eight hexadecimal digits.
    static func bootDigits(_ boot: BootID) -> String {
        let digits = String(boot.rawValue >> 32, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }

    /// The shim that a file is called after; nil for one of another boot, or another file.
    static func shim(named name: String, boot: String) -> ProcessIdentity? {
        let parts = name.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[2] == boot, let pid = Int32(parts[0]),
            pid > 0, let ticks = UInt64(parts[1])
        else { return nil }
        return ProcessIdentity(pid: pid, startTicks: ticks)
    }

    static func name(_ shim: ProcessIdentity, boot: String) -> String {
        "\(shim.pid)-\(shim.startTicks)-\(boot)"
    }

    /// Nil for bytes that no shim wrote.
    init?(_ bytes: [UInt8]) {
        guard bytes.count >= Self.stateBytes else { return nil }
        let words = String(decoding: bytes.prefix(Self.stateBytes), as: UTF8.self)
            .split(whereSeparator: \.isWhitespace)
        guard words.count == 2, let number = Int32(words[1]) else { return nil }
        switch words[0] {
        case "running": state = .running
        case "code": state = .ended(.code(number))
        case "signal": state = .ended(.signal(number))
        default: return nil
        }
        tag = String(decoding: bytes.dropFirst(Self.stateBytes), as: UTF8.self)
    }
}
