import Foundation
import Platform

@testable import LinuxPlatform

/// A router between boards and a hub on 127.0.0.1 that loses, repeats and reorders datagrams by a
/// seed, forgets its bindings, and can be cut.
final class UDPProxy: @unchecked Sendable {
    // @unchecked: `state` is locked, the sockets belong to the thread.

    /// In per cent of the datagrams.
    struct Faults: Sendable {
        var lost: UInt64 = 0
        /// The copy is late: up to eight others pass before it.
        var repeated: UInt64 = 0
        /// Late themselves.
        var overtaken: UInt64 = 0
    }

    /// A datagram that others overtake.
    private struct Late {
        /// How many others pass first; fewer where nothing comes for a moment.
        var others: Int
        let descriptor: Int32
        let bytes: [UInt8]
        let address: sockaddr_in
    }

    private struct State {
        var faults = Faults()
        var isCut = false
        var isMoving = false
        var isClosed = false
        var datagrams = 0
        var movesAt: Int?
        var bindings = 0
    }

    /// Where boards send to.
    let port: Int
    private let hubPort: Int
    private let front: Int32
    private let state = Locked(State())
    private var random: SplitMix64
    /// By the board's address, a socket that the hub sees in its place.
    private var bindings: [UInt64: Int32] = [:]
    private var late: [Late] = []

    init(hubPort: Int, seed: UInt64) throws {
        self.hubPort = hubPort
        random = SplitMix64(seed: seed)
        front = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        port = try Self.bindAnywhere(front)
        Thread.detachNewThread { self.run() }
    }

    func close() { state.with { $0.isClosed = true } }
    func cut() { state.with { $0.isCut = true } }
    func heal() { state.with { $0.isCut = false } }
    func set(_ faults: Faults) { state.with { $0.faults = faults } }
    /// Each board speaks from another port from now on.
    func move() { state.with { $0.isMoving = true } }
    /// The same, once so many more datagrams have passed.
    func move(after count: Int) { state.with { $0.movesAt = $0.datagrams + count } }
    var datagrams: Int { state.with { $0.datagrams } }
    /// Addresses that boards have spoken from.
    var bindingsCount: Int { state.with { $0.bindings } }

    /// A port of UDP that was free just now.
    static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        defer { Glibc.close(descriptor) }
        return try bindAnywhere(descriptor)
    }

    private static func bindAnywhere(_ descriptor: Int32) throws -> Int {
        var address = Self.address(0)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw -> Int32 in
                guard bind(descriptor, raw, size) == 0 else { return -1 }
                return getsockname(descriptor, raw, &size)
            }
        }
        guard code == 0 else { throw Mosquitto.Failure(message: "no free port") }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    private static func address(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = UInt16(port).bigEndian
        return address
    }

    private func run() {
        while !state.with({ $0.isClosed }) {
            forgetBindings()
            let boards = bindings.sorted { $0.key < $1.key }
            var descriptors = ([front] + boards.map(\.value)).map {
                pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
            }
            let ready = poll(&descriptors, nfds_t(descriptors.count), late.isEmpty ? 20 : 3)
            if ready == 0 { sendLate { _ in true } }
            if descriptors[0].revents != 0 { readFront() }
            for (board, descriptor) in zip(boards, descriptors.dropFirst())
            where descriptor.revents != 0 { readBack(board.key, board.value) }
        }
        for descriptor in [front] + bindings.values { Glibc.close(descriptor) }
    }

    private func forgetBindings() {
        let isMoving = state.with { state in
            if let place = state.movesAt, state.datagrams >= place {
                state.isMoving = true
                state.movesAt = nil
            }
            defer { state.isMoving = false }
            return state.isMoving
        }
        guard isMoving else { return }
        for descriptor in bindings.values { Glibc.close(descriptor) }
        bindings = [:]
        late = []
    }

    private func readFront() {
        var sender = sockaddr_in()
        guard let bytes = Self.receive(front, &sender) else { return }
        let board = UInt64(sender.sin_addr.s_addr) << 16 | UInt64(sender.sin_port)
        let descriptor = bindings[board] ?? socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        bindings[board] = descriptor
        state.with { $0.bindings = bindings.count }
        pass(descriptor, bytes, Self.address(hubPort))
    }

    private func readBack(_ board: UInt64, _ descriptor: Int32) {
        var sender = sockaddr_in()
        guard let bytes = Self.receive(descriptor, &sender) else { return }
        var address = Self.address(0)
        address.sin_addr.s_addr = UInt32(board >> 16)
        address.sin_port = UInt16(truncatingIfNeeded: board)
        pass(front, bytes, address)
    }

    private func pass(_ descriptor: Int32, _ bytes: [UInt8], _ address: sockaddr_in) {
        let (faults, isCut) = state.with { state in
            state.datagrams += 1
            return (state.faults, state.isCut)
        }
        guard !isCut, random.next() % 100 >= faults.lost else { return }
        sendLate { $0.others <= 0 }
        let isRepeated = random.next() % 100 < faults.repeated
        let isOvertaken = random.next() % 100 < faults.overtaken
        if !isOvertaken { Self.send(descriptor, bytes, address) }
        for _ in 0..<((isRepeated ? 1 : 0) + (isOvertaken ? 1 : 0)) where late.count < 64 {
            let others = Int(random.next() % 8) + 1
            late.append(
                Late(others: others, descriptor: descriptor, bytes: bytes, address: address))
        }
    }

    private func sendLate(_ isDue: (Late) -> Bool) {
        for place in late.indices { late[place].others -= 1 }
        for datagram in late.filter(isDue) {
            Self.send(datagram.descriptor, datagram.bytes, datagram.address)
        }
        late.removeAll(where: isDue)
    }

    private static func receive(_ descriptor: Int32, _ sender: inout sockaddr_in) -> [UInt8]? {
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        var bytes = [UInt8](repeating: 0, count: 2048)
        let count = withUnsafeMutablePointer(to: &sender) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                recvfrom(descriptor, &bytes, 2048, Int32(MSG_DONTWAIT), $0, &size)
            }
        }
        return count >= 0 ? Array(bytes.prefix(count)) : nil
    }

    private static func send(_ descriptor: Int32, _ bytes: [UInt8], _ address: sockaddr_in) {
        var address = address
        _ = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(
                    descriptor, bytes, bytes.count, 0, $0,
                    socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
