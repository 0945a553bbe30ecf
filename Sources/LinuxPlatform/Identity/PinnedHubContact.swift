import CEdgeShims
import Glibc
public import Platform

/// One exchange with a hub over TLS, which is known by its authority's key and by nothing else.
public struct PinnedHubContact: HubContact {
    /// What the hub's certificate is made out to. Boards reach a hub by many names and addresses,
    /// some of which did not exist when it was made; the authority certifies one hub.
    public static let serverName = "fleet-hub"

    private let patience: Milliseconds

    /// - Parameter patience: How long an exchange may take, once the name is resolved.
    public init(patience: Milliseconds = 30_000) { self.patience = patience }

    public func exchange(
        _ request: [UInt8], host: String, port: Int, pin: [UInt8], maximumBytes: Int
    ) throws(HubContactError) -> [UInt8] {
        if let problem = Libcrypto.problem { throw HubContactError(.unsupported, problem) }
        let place = "\(host) port \(port)"
        let deadline = ControlDeadline(in: patience)
        let socket = try StreamSocket.connect(host: host, port: port, by: deadline)
        let link = try PinnedLink(socket: socket, pin: pin, place: place, deadline: deadline)
        try link.handshake()
        try link.write(request)
        return try link.readAll(maximumBytes: maximumBytes)
    }
}

/// A connected TCP socket that does not block, closed when it goes out of scope.
private struct StreamSocket: ~Copyable {
    let descriptor: Int32

    private init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// Tries the addresses of a name in the resolver's order.
    static func connect(
        host: String, port: Int, by deadline: ControlDeadline
    ) throws(HubContactError) -> StreamSocket {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &list)
        guard code == 0 else {
            throw HubContactError(
                .unreachable,
                "the hub's name \(host) has no address here: \(String(cString: gai_strerror(code)))"
            )
        }
        defer { freeaddrinfo(list) }
        var reason = "no address"
        var next = list
        while let entry = next {
            next = entry.pointee.ai_next
            let descriptor = socket(
                entry.pointee.ai_family,
                Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
            guard descriptor >= 0 else { continue }
            let candidate = StreamSocket(descriptor: descriptor)
            if let problem = candidate.connect(entry.pointee, by: deadline) {
                reason = problem
                continue
            }
            return candidate
        }
        throw HubContactError(.unreachable, "no hub answers at \(host) port \(port): \(reason)")
    }

    private borrowing func connect(_ entry: addrinfo, by deadline: ControlDeadline) -> String? {
        if Glibc.connect(descriptor, entry.ai_addr, entry.ai_addrlen) == 0 { return nil }
        guard errno == EINPROGRESS else { return String(cString: strerror(errno)) }
        guard deadline.isMet(by: POLLOUT, on: descriptor) else { return "no answer in time" }
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
        return code == 0 ? nil : String(cString: strerror(code))
    }
}

/// TLS over one socket.
private struct PinnedLink: ~Copyable {
    private let socket: StreamSocket
    private let tls: UnsafeMutableRawPointer
    private let place: String
    private let deadline: ControlDeadline

    init(
        socket: consuming StreamSocket, pin: [UInt8], place: String, deadline: ControlDeadline
    ) throws(HubContactError) {
        guard pin.count == 32,
            let tls = edge_tls_open(socket.descriptor, pin, PinnedHubContact.serverName)
        else { throw HubContactError(.unsupported, "OpenSSL opens no connection") }
        self.socket = socket
        self.tls = tls
        self.place = place
        self.deadline = deadline
    }

    deinit { edge_tls_close(tls) }

    borrowing func handshake() throws(HubContactError) {
        try carry("the handshake") { edge_tls_handshake(tls) }
    }

    borrowing func write(_ bytes: [UInt8]) throws(HubContactError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            var moved = 0
            try carry("sending") {
                rest.withUnsafeBufferPointer {
                    edge_tls_write(tls, $0.baseAddress, $0.count, &moved)
                }
            }
            guard moved > 0 else { throw broken("sending", nil) }
            rest = rest.dropFirst(moved)
        }
    }

    borrowing func readAll(maximumBytes: Int) throws(HubContactError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            var moved = 0
            try carry("receiving") { edge_tls_read(tls, &chunk, chunk.count, &moved) }
            guard moved > 0 else { return bytes }
            guard bytes.count + moved <= maximumBytes else {
                throw HubContactError(.unreachable, "the hub at \(place) answers without an end")
            }
            bytes += chunk[..<moved]
        }
    }

    /// Repeats a step until it is done, waiting for the socket in between.
    private borrowing func carry(
        _ what: String, _ step: () -> edge_tls_step
    ) throws(HubContactError) {
        while true {
            let event: Int32
            switch step() {
            case EDGE_TLS_DONE: return
            case EDGE_TLS_WANTS_READ: event = Int32(POLLIN)
            case EDGE_TLS_WANTS_WRITE: event = Int32(POLLOUT)
            default:
                var refused: Int32 = 0
                let reason = edge_tls_reason(tls, &refused).map { String(cString: $0) }
                if refused != 0 { throw stranger(reason ?? "unknown") }
                throw broken(what, reason)
            }
            guard deadline.isMet(by: event, on: socket.descriptor) else {
                throw HubContactError(
                    .unreachable, "the hub at \(place) did not answer in time (\(what))")
            }
        }
    }

    private borrowing func broken(_ what: String, _ reason: String?) -> HubContactError {
        let why = reason ?? "the connection was closed"
        return HubContactError(
            .unreachable, "the connection to the hub at \(place) broke (\(what)): \(why)")
    }

    private borrowing func stranger(_ reason: String) -> HubContactError {
        HubContactError(
            .notTheHub,
            "who answers at \(place) is not the hub of this token (\(reason)). Nothing was sent to "
                + "it. Make a new token at the hub, and look who listens there")
    }
}
