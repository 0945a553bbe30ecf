import Foundation
import Glibc

@testable import LinuxPlatform

/// A server on a loopback port that answers each request as a test says, right or wrong.
final class FakeRegistry: Sendable {
    struct Request: Sendable {
        let path: String
        /// Names in lowercase.
        let headers: [String: String]
    }

    struct Answer: Sendable {
        var status = 200
        var headers: [String] = []
        var body: [UInt8] = []
        /// The connection ends after so many bytes of the body.
        var cutAfter: Int?
    }

    let port: UInt16
    private let listener: Int32
    private let seen = Locked<[Request]>([])
    private let isOver = Locked(false)

    init?(_ answer: @escaping @Sendable (Request) -> Answer) {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, length) == 0 && listen(socket, 16) == 0
                    && getsockname(socket, $0, &length) == 0
            }
        }
        guard socket >= 0, isBound else { return nil }
        listener = socket
        port = UInt16(bigEndian: address.sin_port)
        let thread = Thread { [seen, isOver] in
            while !isOver.with({ $0 }) {
                let client = accept(socket, nil, nil)
                guard client >= 0 else { break }
                Self.serve(client, seen, answer)
                close(client)
            }
        }
        thread.start()
    }

    deinit {
        isOver.with { $0 = true }
        // Wakes the thread that waits in accept(2).
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    var host: String { "127.0.0.1:\(port)" }
    var requests: [Request] { seen.with { $0 } }

    private static func serve(
        _ client: Int32, _ seen: Locked<[Request]>, _ answer: (Request) -> Answer
    ) {
        var head: [UInt8] = []
        var byte: UInt8 = 0
        while !head.suffix(4).elementsEqual([13, 10, 13, 10]), head.count < 1 << 16 {
            guard recv(client, &byte, 1, 0) == 1 else { return }
            head.append(byte)
        }
        let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n")
        let path = lines.first?.split(separator: " ").dropFirst().first.map(String.init) ?? ""
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1).map(String.init)
            headers[parts[0].lowercased()] = parts.count > 1 ? String(parts[1].dropFirst()) : ""
        }
        let request = Request(path: path, headers: headers)
        seen.with { $0.append(request) }
        let answer = answer(request)
        let top =
            ["HTTP/1.1 \(answer.status) x", "Content-Length: \(answer.body.count)"]
            + answer.headers + ["Connection: close", "", ""]
        let sent =
            Array(top.joined(separator: "\r\n").utf8)
            + answer.body.prefix(answer.cutAfter ?? .max)
        var done = 0
        while done < sent.count {
            let count = sent[done...].withUnsafeBytes {
                send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            done += count
        }
    }
}
