import Foundation
import Platform

/// The agent's control socket without a program in between, for what is timed.
struct AgentSocket {
    let path: String

    /// Sets a value of the board's twin, and returns when the agent has it durably.
    func set(_ path: String, _ value: Value) throws {
        let request = Value.object([
            ("op", .string("set")), ("path", .string(path)), ("value", value),
        ])
        let answer = try JSONReader.read(try ask(request.json + "\n"))
        guard answer["ok"] == .bool(true) else { throw BenchFailure("refused: \(answer.json)") }
    }

    private func ask(_ line: String) throws -> String {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw BenchFailure("no socket: errno \(errno)") }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, size)
            }
        }
        guard code == 0 else { throw BenchFailure("cannot reach \(path): errno \(errno)") }
        guard write(descriptor, line, line.utf8.count) == line.utf8.count else {
            throw BenchFailure("cannot write to \(path): errno \(errno)")
        }
        var answer: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 4096)
        while answer.last != UInt8(ascii: "\n") {
            let count = read(descriptor, &part, part.count)
            guard count > 0 else { break }
            answer += part[..<count]
        }
        return String(decoding: answer, as: UTF8.self)
    }
}
