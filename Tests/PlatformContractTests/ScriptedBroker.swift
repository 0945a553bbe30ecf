import Foundation

/// A broker of which a test writes every packet (MQTT 5), for what no real one does on demand.
final class ScriptedBroker: @unchecked Sendable {
    // @unchecked: used by one test, one call after the other.

    struct Failure: Error { let message: String }

    /// A packet of a client: its first byte, and what follows the length.
    struct Packet {
        let first: UInt8
        let body: [UInt8]

        var kind: UInt8 { first >> 4 }
        /// Of a PUBACK.
        var identifier: UInt16 { UInt16(body[0]) << 8 | UInt16(body[1]) }
    }

    static let (connect, publish, acknowledgement): (UInt8, UInt8, UInt8) = (1, 3, 4)

    private(set) var port = 0
    private let listener: Int32
    private var client: Int32 = -1

    init() throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw -> Int32 in
                guard bind(listener, raw, size) == 0, listen(listener, 4) == 0 else { return -1 }
                return getsockname(listener, raw, &size)
            }
        }
        guard code == 0 else { throw Failure(message: "no free port") }
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    deinit {
        close(client)
        close(listener)
    }

    /// Lets the next connection in.
    func accept() async throws {
        try await readable(listener)
        client = Glibc.accept(listener, nil, nil)
        guard try await next().kind == Self.connect else {
            throw Failure(message: "not a CONNECT")
        }
        // CONNACK: no session, success, no properties.
        send([0x20, 3, 0, 0, 0])
    }

    func breakConnection() {
        close(client)
        client = -1
    }

    /// The client's next packet.
    func next() async throws -> Packet {
        let first = try await byte()
        var (length, shift) = (0, 0)
        while true {
            let part = try await byte()
            length |= Int(part & 0x7F) << shift
            shift += 7
            if part < 0x80 { break }
        }
        var body: [UInt8] = []
        while body.count < length { body.append(try await byte()) }
        return Packet(first: first, body: body)
    }

    /// The identifier of the client's next PUBLISH.
    func published() async throws -> UInt16 {
        let packet = try await next()
        guard packet.kind == Self.publish else { throw Failure(message: "not a PUBLISH") }
        let topic = Int(packet.body[0]) << 8 | Int(packet.body[1])
        return UInt16(packet.body[topic + 2]) << 8 | UInt16(packet.body[topic + 3])
    }

    /// A PUBLISH to `t`; of QoS 0 where it has no identifier.
    func say(_ payload: UInt8, identifier: UInt16? = nil) {
        let number = identifier.map { [UInt8($0 >> 8), UInt8($0 & 0xFF)] } ?? []
        let body: [UInt8] = [0, 1, UInt8(ascii: "t")] + number + [0, payload]
        send([identifier == nil ? 0x30 : 0x32, UInt8(body.count)] + body)
    }

    /// A PUBACK.
    func answer(_ identifier: UInt16, reason: UInt8) {
        send([0x40, 4, UInt8(identifier >> 8), UInt8(identifier & 0xFF), reason, 0])
    }

    private func send(_ bytes: [UInt8]) {
        _ = Glibc.send(client, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    private func byte() async throws -> UInt8 {
        try await readable(client)
        var byte: UInt8 = 0
        guard read(client, &byte, 1) == 1 else { throw Failure(message: "the client is gone") }
        return byte
    }

    private func readable(_ descriptor: Int32) async throws {
        let isReadable = try await Stage.linux.eventually {
            var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            return Glibc.poll(&poll, 1, 0) == 1
        }
        guard isReadable else { throw Failure(message: "nothing comes from the client") }
    }
}
