import FleetClient
import Glibc
import Platform

/// The terminal, or whatever the output goes to.
enum Console {
    /// Whether people read standard output, rather than a program.
    static let isTerminal = isatty(STDOUT_FILENO) == 1

    /// https://no-color.org: set and not empty means none.
    static let isColored =
        isTerminal && variable("NO_COLOR") == nil && variable("TERM") != "dumb"

    /// Columns of a line: those of the terminal, COLUMNS where set, else 80.
    static let width: Int = {
        if let columns = variable("COLUMNS").flatMap(Int.init), 20...1000 ~= columns {
            return columns
        }
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col >= 20 else {
            return 80
        }
        return Int(size.ws_col)
    }()

    /// An environment variable; nil where it is empty too.
    static func variable(_ name: String) -> String? {
        guard let value = getenv(name), value.pointee != 0 else { return nil }
        return String(cString: value)
    }

    static func now() -> WallTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return WallTime(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    static func line(_ text: String) { write(text + "\n", to: STDOUT_FILENO) }

    /// One line of JSON.
    static func json(_ value: Value) { line(value.json) }

    static func table(_ table: Table) {
        let lines = table.lines(width: width, isColored: isColored)
        line(lines.joined(separator: "\n"))
    }

    /// A line on standard error.
    static func note(_ text: String) { write(text + "\n", to: STDERR_FILENO) }

    /// A paragraph broken between words, each line after `indent` spaces.
    static func paragraph(_ text: String, indent: Int = 0) {
        for part in Display.wrapped(Display.clean(text), to: max(20, width - indent)) {
            line(String(repeating: " ", count: indent) + part)
        }
    }

    /// A file, or standard input for `-`.
    static func read(_ path: String, maximumBytes: Int) throws(FleetClientError) -> [UInt8] {
        let file = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw unreadable(path) }
        defer { if path != "-" { close(file) } }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        while bytes.count <= maximumBytes {
            let count = chunk.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw unreadable(path) }
            if count == 0 { return bytes }
            bytes.append(contentsOf: chunk[..<count])
        }
        throw FleetClientError(
            .usage, "\(path) is larger than \(maximumBytes) bytes", hint: "Give a smaller one")
    }

    private static func unreadable(_ path: String) -> FleetClientError {
        let reason = String(cString: strerror(errno))
        return FleetClientError(
            .usage, "Could not read \(path): \(reason)", hint: "Check the path and its permissions")
    }

    private static func write(_ text: String, to file: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                // The reader of a pipe, such as `head`, has all that it wants.
                exit(errno == EPIPE ? 0 : 1)
            }
            rest = rest.dropFirst(count)
        }
    }
}
