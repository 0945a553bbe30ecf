import CCoAP
import CEdgeShims
import Glibc
import Platform

/// The thread of one context of the hub: feeds requests to its `CoAPShard` and carries out what
/// that says.
final class CoAPShardLoop: @unchecked Sendable {
    // @unchecked: all but `shared` belongs to the thread.

    struct Shared {
        var shard: CoAPShard
        var pending: [CoAPShard.Directive] = []
        var isClosed = false
        /// Whom the hub trusts has changed.
        var needsReview = false
        /// The thread has ended and its descriptor is somebody else's by now.
        var hasEnded = false
    }

    let index: Int
    let library: CoAPLibrary
    let settings: CoAPHubEndpoint.Settings
    let shared: Locked<Shared>
    let desk: CoAPDesk
    private let wake: Int32
    private let credential: CoAPCredentialMemory?
    private let timekeeper = LinuxTimekeeper()
    /// Sessions of the library by our number, which their application data holds. None is kept
    /// alive for an answer that it waits for: a poll asks again, and the library's bounds hold.
    var sessions: [UInt64: OpaquePointer] = [:]
    var latestSession: UInt64 = 0
    /// Verified certificates, by session.
    var certificates: [UInt64: BoardCertificate] = [:]
    /// Sessions that end once what was answered has left.
    var doomed: Set<UInt64> = []
    private var acknowledged: UInt64 = 0
    /// The key that the library reads after a look-up (at most COAP_DTLS_MAX_PSK bytes).
    let key = UnsafeMutablePointer<coap_bin_const_t>.allocate(capacity: 1)
    let keyBytes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 64)

    init(
        index: Int, library: CoAPLibrary, settings: CoAPHubEndpoint.Settings, shard: CoAPShard,
        desk: CoAPDesk
    ) {
        self.index = index
        self.library = library
        self.settings = settings
        self.desk = desk
        shared = Locked(Shared(shard: shard))
        wake = edge_eventfd()
        credential = settings.security.credential
        key.initialize(to: coap_bin_const_t())
        keyBytes.initialize(repeating: 0)
    }

    deinit {
        key.deallocate()
        keyBytes.deallocate()
    }

    // MARK: From any thread

    func send(_ frame: [UInt8], to device: String, now: MonotonicTime) -> LinkSendResult {
        let result = shared.with { shared in
            let (result, directives) = shared.shard.send(frame, to: device, now: now)
            shared.pending += directives
            return result
        }
        ring()
        return result
    }

    /// The device speaks elsewhere by now.
    func forget(_ device: String) { shared.with { _ = $0.shard.forget(device) } }

    /// Somebody may not be trusted any more.
    func review() {
        shared.with { $0.needsReview = true }
        ring()
    }

    func close() {
        shared.with { $0.isClosed = true }
        ring()
    }

    func ring() {
        shared.with { shared in
            var one: UInt64 = 1
            if !shared.hasEnded { write(wake, &one, 8) }
        }
    }

    // MARK: On the thread

    func run() {
        var pause: Milliseconds = 100
        while !isClosed {
            guard let context = CoAPContext(library, owner: self) else {
                desk.fails(index, "out of memory")
                break
            }
            if let reason = listen(context) {
                desk.fails(index, reason)
                wait(nil, upTo: pause)
                pause = min(pause * 2, 10_000)
            } else {
                desk.listens(index)
                serve(context)
            }
        }
        shared.with { shared in
            shared.hasEnded = true
            Glibc.close(wake)
        }
    }

    private var isClosed: Bool { shared.with { $0.isClosed } }
    var now: MonotonicTime { timekeeper.now().monotonic }
    var wallTime: WallTime { timekeeper.now().wall }

    /// Nil once the port is ours, else why not.
    private func listen(_ context: borrowing CoAPContext) -> String? {
        let coap = library.coap
        // Two for each device, as one whose address changed leaves a session behind.
        coap.context_set_max_idle_sessions(
            context.pointer, UInt32(clamping: settings.devicesPerShard * 2))
        // The library keeps a session for each ClientHello, before its cookie is answered, for 30 s,
        // and takes no more than these: 100, its default, would be used up by 100 datagrams with
        // forged addresses. One takes less than a kilobyte.
        coap.context_set_max_handshake_sessions(
            context.pointer, CoAPHubEndpoint.handshakesMaximum)
        // Longer than a poll is held, or its answer would have nowhere to go.
        let idle = settings.holdMaximum.count / 1000 + 60
        coap.context_set_session_timeout(context.pointer, UInt32(clamping: idle))
        coap.register_event_handler(context.pointer, onShardEvent)
        for path in ["v1/up", "v1/down", nil] {
            guard edge_coap_serve(library.table, context.pointer, path, onShardRequest) == 0 else {
                return "out of memory"
            }
        }
        if let reason = secure(context) { return reason }
        let port = settings.port + index
        var address = coap_address_t()
        let code = edge_coap_address(settings.host, UInt16(clamping: port), &address)
        guard code == 0 else { return "\(settings.host): \(String(cString: gai_strerror(code)))" }
        let failure = edge_coap_probe(&address)
        guard failure == 0 else {
            let reason = String(cString: strerror(failure))
            return "cannot listen on \(settings.host):\(port): \(reason)"
        }
        let kind = settings.security.isDTLS ? COAP_PROTO_DTLS : COAP_PROTO_UDP
        guard coap.new_endpoint(context.pointer, &address, kind) != nil else {
            return "cannot listen on \(settings.host):\(port): the library opens no socket"
        }
        context.widenSockets()
        return nil
    }

    private func secure(_ context: borrowing CoAPContext) -> String? {
        let pointer = context.pointer
        let owner = Unmanaged.passUnretained(self).toOpaque()
        switch settings.security {
        case .none: return nil
        case .certificates(_, let keys):
            guard let credential else { return "out of memory" }
            var setup = credential.setup(check: onBoardCertificate, argument: owner)
            guard edge_coap_serve_certificates(library.table, pointer, &setup) == 1 else {
                return "the library takes no certificate"
            }
            return keys.isEmpty ? nil : serveKeys(pointer, owner)
        case .keys: return serveKeys(pointer, owner)
        }
    }

    private func serveKeys(
        _ pointer: OpaquePointer, _ owner: UnsafeMutableRawPointer
    ) -> String? {
        let isTaken = edge_coap_serve_keys(library.table, pointer, onBoardIdentity, owner)
        return isTaken == 1 ? nil : "the library takes no pre-shared keys"
    }

    private func serve(_ context: borrowing CoAPContext) {
        while !isClosed {
            let deadline = shared.with { $0.shard.deadline }
            let span = deadline.map { max(0, ($0 - now).count) } ?? 60_000
            wait(context.descriptor, upTo: Milliseconds(span))
            // The library reads one datagram a turn; what has arrived goes to the hub in one piece,
            // and so into one transaction.
            var turns = 0
            repeat {
                context.process()
                turns += 1
            } while turns < Self.turnsMaximum && isReadable(context.descriptor)
            if let failure = library.takeFailure() { note(failure) }
            acknowledge()
            endUntrusted()
            shared.with { $0.pending += $0.shard.tick(now) }
            carryOut()
            drop()
        }
        shared.with { $0.pending += $0.shard.close() }
        carryOut()
        sessions = [:]
        certificates = [:]
        doomed = []
    }

    private func note(_ failure: HandshakeFailure) {
        let name = failure.name.map { " that calls itself \($0)" } ?? ""
        switch failure.side {
        case .here:
            desk.refuse(stranger: failure.reason, "a certificate\(name) was refused", at: now)
        case .neither: desk.refuse(stranger: failure.reason, "a handshake was refused", at: now)
        // The other side did not believe us, and says so itself.
        case .there: return
        }
    }

    /// Ends the sessions of those whom the hub does not trust any more. Their polls get to know why.
    private func endUntrusted() {
        let isDue = shared.with { shared in
            defer { shared.needsReview = false }
            return shared.needsReview
        }
        guard isDue else { return }
        for (number, certificate) in certificates {
            guard let reason = objection(to: certificate) else { continue }
            shared.with { $0.pending += $0.shard.evict(certificate.name, reason) }
            doomed.insert(number)
        }
    }

    private func drop() {
        for number in doomed {
            guard let session = sessions[number] else { continue }
            // The library frees it at its next turn, and says so to `ended`.
            library.coap.session_disconnected(session, COAP_NACK_TLS_FAILED)
        }
        doomed = []
    }

    private func acknowledge() {
        let count = desk.acknowledged
        guard count != acknowledged else { return }
        acknowledged = count
        shared.with { $0.pending += $0.shard.acknowledge(through: count, now: now) }
    }

    private func carryOut() {
        let directives = shared.with { shared in
            defer { shared.pending = [] }
            return shared.pending
        }
        var batch: [DeviceFrame] = []
        var bodies: [(device: String, bytes: Int, end: Int)] = []
        for directive in directives {
            switch directive {
            case .send(let message, let peer):
                guard let session = sessions[peer] else { continue }
                _ = library.send(message, isConfirmable: false, over: session)
            case .frames(let frames, let device, let bytes):
                batch += frames.map { DeviceFrame(device: device, bytes: $0) }
                bodies.append((device, bytes, batch.count))
            case .presence(let device, let isOnline):
                desk.presence(device, isOnline: isOnline, at: index)
            }
        }
        guard !batch.isEmpty else { return }
        let before = desk.take(batch)
        shared.with { shared in
            for body in bodies {
                shared.shard.handedOver(
                    body.device, bytes: body.bytes, through: before + UInt64(body.end))
            }
        }
    }

    /// Datagrams between two looks at everything else.
    private static let turnsMaximum = 64

    private func isReadable(_ descriptor: Int32) -> Bool {
        var descriptor = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&descriptor, 1, 0) == 1
    }

    private func wait(_ descriptor: Int32?, upTo span: Milliseconds) {
        var descriptors = [
            pollfd(fd: wake, events: Int16(POLLIN), revents: 0),
            pollfd(fd: descriptor ?? -1, events: Int16(POLLIN), revents: 0),
        ]
        poll(&descriptors, 2, Int32(clamping: span.count))
        var rings: UInt64 = 0
        Glibc.read(wake, &rings, 8)
    }
}
