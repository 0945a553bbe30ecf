import Foundation
import Synchronization

/// An HTTP server on loopback that answers each connection with the next line of a script and
/// keeps what it was asked.
final class ScriptedServer: Sendable {
    enum Answer: Sendable {
        /// Written as it is, then the connection is closed.
        case raw(String)
        /// The connection is held open without an answer until the server is stopped.
        case silence

        static func json(_ body: String, status: String = "200 OK") -> Answer {
            .raw(
                "HTTP/1.1 \(status)\r\ncontent-type: application/json\r\n"
                    + "date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                    + "content-length: \(body.utf8.count)\r\nconnection: close\r\n\r\n\(body)")
        }

        static func events(_ body: String) -> Answer {
            .raw(
                "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
                    + "connection: close\r\n\r\n\(body)")
        }
    }

    struct Failure: Error {}

    let port: UInt16
    private let listener: Int32
    private let state: Mutex<State>

    private struct State {
        var answers: [Answer]
        var requests: [String] = []
        var held: [Int32] = []
    }

    init(_ answers: [Answer]) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(listener, generic, length) == 0 && listen(listener, 8) == 0
                    && getsockname(listener, generic, &length) == 0
            }
        }
        guard listener >= 0, isBound else { throw Failure() }
        self.listener = listener
        port = UInt16(bigEndian: address.sin_port)
        state = Mutex(State(answers: answers))
        Thread.detachNewThread { [self] in serve() }
    }

    var url: String { "http://127.0.0.1:\(port)" }

    /// The heads and bodies received so far.
    var requests: [String] { state.withLock { $0.requests } }

    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
        for held in state.withLock({ $0.held }) { close(held) }
    }

    private func serve() {
        while true {
            let connection = accept(listener, nil, nil)
            guard connection >= 0 else { return }
            let request = Self.request(from: connection)
            let answer = state.withLock { state -> Answer? in
                state.requests.append(request)
                return state.answers.isEmpty ? nil : state.answers.removeFirst()
            }
            switch answer {
            case .raw(let text):
                Self.write(text, to: connection)
                close(connection)
            case .silence: state.withLock { $0.held.append(connection) }
            case nil: close(connection)
            }
        }
    }

    private static func request(from connection: Int32) -> String {
        var text = ""
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            if let end = text.range(of: "\r\n\r\n") {
                let head = text[..<end.lowerBound].lowercased()
                let length = head.firstMatch(of: #/content-length: (\d+)/#).flatMap { Int($0.1) }
                if text[end.upperBound...].utf8.count >= length ?? 0 { return text }
            }
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return text }
            text += String(decoding: buffer[..<count], as: UTF8.self)
        }
    }

    private static func write(_ text: String, to connection: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
