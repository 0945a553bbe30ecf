import Platform

/// Cuts what a workload wrote into lines, across reads.
struct WorkloadOutput {
    /// A longer line is cut here; the rest follows as a line of its own.
    static let lineBytesMaximum = 4096
    /// Read at once from one workload, so that a chatty one does not hold up the others.
    static let readBytesMaximum = 64 << 10
    /// Unread output beyond this is skipped, with an event that says how much.
    static let backlogMaximum: UInt64 = 8 << 20

    /// The offset behind the last complete line.
    var position: UInt64

    /// The complete lines in `bytes`, which begin at `position`, up to `limit` of them; moves
    /// behind them. With `isFinal`, what follows the last newline is a line too: its writer has
    /// ended.
    mutating func lines(
        _ bytes: [UInt8], limit: Int = .max, isFinal: Bool = false
    ) -> [String] {
        var lines: [String] = []
        var rest = bytes[...]
        while lines.count < limit, let line = nextLine(&rest) {
            lines.append(String(decoding: line, as: UTF8.self))
        }
        if isFinal, lines.count < limit, !rest.isEmpty {
            lines.append(String(decoding: rest, as: UTF8.self))
            rest = []
        }
        position += UInt64(bytes.count - rest.count)
        return lines
    }

    private func nextLine(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        let window = rest.prefix(Self.lineBytesMaximum)
        if let end = window.firstIndex(of: UInt8(ascii: "\n")) {
            defer { rest = rest[(end + 1)...] }
            return rest[..<end]
        }
        guard window.count == Self.lineBytesMaximum else { return nil }
        rest = rest[window.endIndex...]
        return window
    }
}
