import CCoAP
import Glibc
import Platform

/// The poll thread of a `CoAPLink`: carries out what `CoAPUplink` says, over one session at a time.
final class CoAPLinkLoop: @unchecked Sendable {
    // @unchecked: all but `shared` belongs to the poll thread.

    /// What the poll thread and callers share.
    struct Shared {
        var uplink: CoAPUplink
        /// What is to be carried out, in order.
        var pending: [CoAPUplink.Directive] = []
        /// Whether the session that is open, or was last, is DTLS.
        var isSecured = false
        /// The thread has ended and its descriptor is somebody else's by now.
        var hasEnded = false
    }

    let shared: Locked<Shared>
    private let library: CoAPLibrary
    private let settings: CoAPLink.Settings
    private let wake: Int32
    private let deliver: @Sendable (LinkEvent) -> Void
    private let timekeeper = LinuxTimekeeper()
    private var failure: (reason: String, isFinal: Bool)?
    /// Of the session that is open, or was last.
    private var route: CoAPRoute?
    private var credential: CoAPCredentialMemory?
    private var routeCheck: MonotonicTime?
    /// Answers that the library's callback left, which runs inside our own calls on this thread.
    private var received: [CoAPMessage] = []

    init(
        library: CoAPLibrary, settings: CoAPLink.Settings, uplink: CoAPUplink, wake: Int32,
        deliver: @escaping @Sendable (LinkEvent) -> Void
    ) {
        self.library = library
        self.settings = settings
        self.wake = wake
        self.deliver = deliver
        shared = Locked(Shared(uplink: uplink))
    }

    func run() {
        while true {
            // A context for each session: those of 4.3.1 go on sending what was never answered
            // after their session is released.
            var directives = takePending()
            guard !isClosed || !directives.isEmpty else { break }
            if let place = directives.firstIndex(of: .open) {
                for directive in directives[..<place] { carryOutWithout(directive) }
                directives.removeFirst(place + 1)
                serve(directives)
            } else {
                for directive in directives { carryOutWithout(directive) }
                guard !isClosed else { continue }
                wait(nil)
                change { $0.tick(now) }
            }
        }
        shared.with { shared in
            shared.hasEnded = true
            close(wake)
        }
    }

    var now: MonotonicTime { timekeeper.now().monotonic }

    private var isClosed: Bool { shared.with { $0.uplink.state == .closed } }

    private func takePending() -> [CoAPUplink.Directive] {
        shared.with { shared in
            defer { shared.pending = [] }
            return shared.pending
        }
    }

    private func change(_ body: (inout CoAPUplink) -> [CoAPUplink.Directive]) {
        shared.with { $0.pending += body(&$0.uplink) }
    }

    private func carryOutWithout(_ directive: CoAPUplink.Directive) {
        if case .event(let event) = directive { deliver(event) }
    }

    /// One session from its beginning until another is asked for or none is wanted.
    private func serve(_ first: [CoAPUplink.Directive]) {
        failure = nil
        received = []
        guard let context = CoAPContext(library, owner: self) else {
            return change { $0.failed("out of memory", isFinal: true, now: now) }
        }
        library.coap.register_response_handler(context.pointer, onResponse)
        library.coap.register_nack_handler(context.pointer, onFailure)
        guard let session = connect(context) else {
            let reason = failure?.reason ?? "no session to the hub"
            return change { $0.failed(reason, isFinal: true, now: now) }
        }
        var (directives, isOver) = (first, false)
        while true {
            for directive in directives { carryOut(directive, session) }
            context.process()
            note()
            guard !isOver else { return }
            (directives, isOver) = takeOwn()
            guard directives.isEmpty, !isOver else { continue }
            wait(context.descriptor)
            context.process()
            note()
            change { $0.tick(now) }
            checkRoute()
            (directives, isOver) = takeOwn()
        }
    }

    /// Another session where one would be made otherwise than this one was.
    private func checkRoute() {
        guard let due = routeCheck, now >= due, let ask = settings.route else { return }
        routeCheck = now + settings.routeInterval
        guard ask() != route else { return }
        change { $0.renew(now) }
    }

    private func carryOut(_ directive: CoAPUplink.Directive, _ session: OpaquePointer) {
        switch directive {
        case .open, .close: break
        case .event(let event): deliver(event)
        case .send(let message, let isConfirmable):
            if !library.send(message, isConfirmable: isConfirmable, over: session) {
                failure = failure ?? ("the request does not leave", false)
            }
        }
    }

    /// What this session shall do still, and whether another one or none comes after that.
    private func takeOwn() -> (directives: [CoAPUplink.Directive], isOver: Bool) {
        shared.with { shared in
            let place = shared.pending.firstIndex { $0 == .open || $0 == .close }
            let own = Array(shared.pending[..<(place ?? shared.pending.endIndex)])
            shared.pending.removeFirst(own.count)
            return (own, place != nil)
        }
    }

    /// Tells the state what the callbacks left.
    private func note() {
        for message in received { change { $0.receive(message, now: now) } }
        received = []
        if let (reason, isFinal) = failure {
            failure = nil
            change { $0.failed(reason, isFinal: isFinal, now: now) }
        }
    }

    private func connect(_ context: borrowing CoAPContext) -> OpaquePointer? {
        let route =
            settings.route?()
            ?? .hub(host: settings.host, port: settings.port, settings.security)
        self.route = route
        routeCheck = settings.route == nil ? nil : now + settings.routeInterval
        guard case .hub(let host, let port, let security) = route else {
            if case .none(let reason) = route { failure = (reason, true) }
            return nil
        }
        shared.with {
            $0.isSecured = security.isDTLS
            $0.uplink.unanswered =
                security.isDTLS ? Self.unanswered(host, port) : CoAPUplink.silence
        }
        var address = coap_address_t()
        let code = edge_coap_address(host, UInt16(clamping: port), &address)
        guard code == 0 else {
            failure = ("\(host): \(String(cString: gai_strerror(code)))", true)
            return nil
        }
        guard let session = open(context, &address, security) else {
            failure = failure ?? ("no session to \(host)", true)
            return nil
        }
        // 2 s and at most 4 retransmissions are the RFC's (§4.8); a mobile network wants 4–5 s.
        library.coap.session_set_ack_timeout(
            session,
            coap_fixed_point_t(
                integer_part: UInt16(clamping: settings.ackTimeout.count / 1000),
                fractional_part: UInt16(clamping: settings.ackTimeout.count % 1000)))
        return session
    }

    /// A plain port drops handshakes in silence, so that is the likely reason where nothing comes.
    private static func unanswered(_ host: String, _ port: Int) -> String {
        "\(CoAPUplink.silence) to a handshake at \(host) port \(port): this board has enrolled, so "
            + "it speaks DTLS, which a hub with --coap alone does not; start the hub with --coaps, "
            + "or set uplink.tls: off for a plain link on this machine"
    }

    private func open(
        _ context: borrowing CoAPContext, _ address: inout coap_address_t, _ security: CoAPSecurity
    ) -> OpaquePointer? {
        // Its texts outlive the session, whose context is gone before the next one is made.
        credential = security.credential
        switch security {
        case .none:
            return library.coap.new_client_session(
                context.pointer, nil, &address, COAP_PROTO_UDP)
        case .certificates:
            guard let credential else { return nil }
            var setup = credential.setup(
                check: onHubCertificate, argument: Unmanaged.passUnretained(self).toOpaque())
            return edge_coap_connect_certificates(
                library.table, context.pointer, &address, &setup)
        case .keys(let keys):
            guard let (identity, key) = keys.first else { return nil }
            return library.coap.new_client_session_psk(
                context.pointer, nil, &address, COAP_PROTO_DTLS, identity, key,
                UInt32(key.count))
        }
    }

    private func wait(_ descriptor: Int32?) {
        var deadline = shared.with { $0.uplink.deadline }
        if descriptor != nil, let routeCheck { deadline = min(deadline ?? routeCheck, routeCheck) }
        let span = deadline.map { max(0, ($0 - now).count) } ?? 60_000
        var descriptors = [
            pollfd(fd: wake, events: Int16(POLLIN), revents: 0),
            pollfd(fd: descriptor ?? -1, events: Int16(POLLIN), revents: 0),
        ]
        poll(&descriptors, 2, Int32(clamping: span))
        var rings: UInt64 = 0
        Glibc.read(wake, &rings, 8)
    }

    fileprivate static func of(_ session: OpaquePointer?) -> CoAPLinkLoop? {
        guard let session, let library = try? CoAPLibrary.shared() else { return nil }
        return library.owner(of: session, as: CoAPLinkLoop.self)
    }

    fileprivate func isHub(_ name: String) -> Bool { name == settings.hubName }

    fileprivate func receive(_ pdu: OpaquePointer) { received.append(library.read(pdu)) }

    private func handshakeFailure() -> String {
        switch library.takeFailure() {
        case nil: "the hub ended the DTLS session"
        case let failure? where failure.side == .there:
            "the hub refuses this board's certificate or key: \(failure.reason)"
        case let failure? where failure.side == .neither:
            "the handshake with the hub failed: \(failure.reason)"
        case let failure?: "the hub's certificate is not believed: \(failure.reason)"
        }
    }

    fileprivate func fail(_ reason: coap_nack_reason_t) {
        failure =
            switch reason {
            case COAP_NACK_TOO_MANY_RETRIES: (shared.with { $0.uplink.silenceReason }, false)
            case COAP_NACK_RST: ("the hub resets the exchange", true)
            case COAP_NACK_ICMP_ISSUE: ("nobody listens at the hub's port", true)
            case COAP_NACK_TLS_FAILED: (handshakeFailure(), true)
            default: ("the session broke", true)
            }
    }
}

private let onResponse:
    @convention(c) (
        OpaquePointer?, OpaquePointer?, OpaquePointer?, coap_mid_t
    ) -> coap_response_t = { session, _, pdu, _ in
        if let pdu { CoAPLinkLoop.of(session)?.receive(pdu) }
        // A reset would only make the hub's library forget what we ask it to remember.
        return COAP_RESPONSE_OK
    }

private let onFailure:
    @convention(c) (OpaquePointer?, OpaquePointer?, coap_nack_reason_t, coap_mid_t) -> Void = {
        session, _, reason, _ in CoAPLinkLoop.of(session)?.fail(reason)
    }

/// Any certificate of the authority is some board's; only one name is the hub's.
private let onHubCertificate:
    @convention(c) (
        UnsafePointer<CChar>?, UnsafePointer<UInt8>?, Int, OpaquePointer?, UInt32, Int32,
        UnsafeMutableRawPointer?
    ) -> Int32 = { name, _, _, _, depth, isValid, argument in
        guard isValid == 1, let name, let argument else { return 0 }
        guard depth == 0 else { return 1 }
        let loop = Unmanaged<CoAPLinkLoop>.fromOpaque(argument).takeUnretainedValue()
        return loop.isHub(String(cString: name)) ? 1 : 0
    }
