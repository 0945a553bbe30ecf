import Platform

/// A board's side of CoAP as a value: one upload and one poll at a time (NSTART 1, RFC 7252 §4.7),
/// with clocks of its own above the library's retransmission, which says nothing of an answer that
/// never comes.
struct CoAPUplink: Sendable {
    struct Settings: Sendable {
        /// Sent as a query. A certificate says it better, and then has to agree.
        var device: String?
        /// How long the hub shall hold a poll. A home router forgets a silent UDP flow after 60 s.
        var hold: Milliseconds = 45_000
        /// For the first answer; doubles with each attempt. Longer than one retransmission of the
        /// library takes (2…3 s, §4.8).
        var patience: Milliseconds = 4000
        var attemptsMaximum = 3
        var reconnectFirst: Milliseconds = 500
        var reconnectMaximum: Milliseconds = 60_000
        /// Frames of one body; a single frame may be longer.
        var bodyBytesMaximum = 32 << 10
        /// The protocol's bound of a frame (docs/sync-protocol.md §4).
        var frameBytesMaximum = 1 << 20
        /// Beyond it `send` says `busy`. Holds the largest frame twice.
        var bytesInFlightMaximum = 2 << 20
    }

    enum Directive: Sendable, Hashable {
        /// From a new socket: the way there may have changed.
        case open
        case send(CoAPMessage, isConfirmable: Bool)
        case close
        case event(LinkEvent)
    }

    enum State: Sendable, Hashable {
        case resting(until: MonotonicTime)
        case greeting
        case connected
        case closed
    }

    /// A request on its way.
    struct Flight: Sendable {
        var request: CoAPMessage
        var attempts = 0
        var deadline: MonotonicTime
    }

    struct Poll: Sendable {
        var flight: Flight
        var download: BlockDownload
        /// How long the hub holds it.
        let hold: Milliseconds
        var sent: MonotonicTime
    }

    /// What the network loses comes again with the next request, or one of the next.
    static let gapsMaximum = 8

    let settings: Settings
    private(set) var state: State
    /// The hub's queue for us, and the last frame that we have of it.
    var queue: UInt64 = 0
    var number: UInt64 = 0
    var upload: (body: BlockUpload, flight: Flight)?
    var poll: Poll?
    var outbox: [[UInt8]] = []
    var outboxBytes = 0
    /// Frames of the body on its way, which count as in flight until it is answered.
    var uploadBytes = 0
    /// Random, new with each process: tells its requests from those of an earlier one.
    let run: UInt32
    var counter: UInt32 = 0
    /// What silence before the first answer is put down to: the way there may say more.
    var unanswered = Self.silence
    static let silence = "no answer from the hub"
    private var failures = 0
    /// Requests in a row whose answers began behind the frame that comes next, and the latest.
    private var gaps = 0
    private var gapAt: UInt32 = 0
    private var random: SplitMix64

    init(settings: Settings, seed: UInt64) {
        self.settings = settings
        random = SplitMix64(seed: seed)
        run = UInt32(truncatingIfNeeded: random.next())
        state = .resting(until: MonotonicTime(milliseconds: .min))
    }

    /// When `tick` has something to do next.
    var deadline: MonotonicTime? {
        switch state {
        case .resting(let until): until
        case .greeting, .connected:
            [poll?.flight.deadline, upload?.flight.deadline].compactMap(\.self).min()
        case .closed: nil
        }
    }

    mutating func send(
        _ frame: [UInt8], now: MonotonicTime
    ) -> (result: LinkSendResult, directives: [Directive]) {
        guard state == .connected else { return (.notConnected, []) }
        let inFlight = outboxBytes + uploadBytes
        guard frame.count <= settings.frameBytesMaximum,
            inFlight + frame.count <= settings.bytesInFlightMaximum,
            outbox.count < FrameBundle.framesMaximum
        else { return (.busy, []) }
        outbox.append(frame)
        outboxBytes += frame.count
        return (.sent, beginUpload(now))
    }

    mutating func receive(_ answer: CoAPMessage, now: MonotonicTime) -> [Directive] {
        guard state == .connected || state == .greeting else { return [] }
        if let upload, answer.token == upload.body.token { return receiveUpload(answer, now) }
        // Of an earlier poll too: its frames say themselves where they belong.
        if answer.token.count == 8, answer.token.prefix(5) == pollToken(0).prefix(5) {
            return receivePoll(answer, now)
        }
        return []
    }

    /// The library gave a request up.
    ///
    /// - Parameter isFinal: Nothing is gained by another attempt: nobody listens there, or the
    ///   handshake failed.
    mutating func failed(_ reason: String, isFinal: Bool, now: MonotonicTime) -> [Directive] {
        guard state == .connected || state == .greeting else { return [] }
        guard !isFinal, var poll else { return disconnect(reason, now) }
        poll.flight.attempts += 1
        self.poll = poll
        guard poll.flight.attempts < settings.attemptsMaximum else {
            return disconnect(reason, now)
        }
        return reopen(now)
    }

    /// There is another way to the hub, or another certificate to show: the next session takes it,
    /// and what is on its way goes on there.
    mutating func renew(_ now: MonotonicTime) -> [Directive] {
        state == .connected || state == .greeting ? reopen(now) : []
    }

    mutating func tick(_ now: MonotonicTime) -> [Directive] {
        if case .resting(let until) = state {
            guard now >= until else { return [] }
            state = .greeting
            return [.open] + beginPoll(now, hold: 0)
        }
        var directives: [Directive] = []
        if let late = upload?.flight, late.deadline <= now {
            upload?.flight.attempts += 1
            directives += repeatLate(late.attempts + 1, now) { uplink in uplink.resendUpload(now) }
        }
        if let late = poll?.flight, late.deadline <= now {
            poll?.flight.attempts += 1
            directives += repeatLate(late.attempts + 1, now) { uplink in uplink.resendPoll(now) }
        }
        return directives
    }

    /// First from the same socket, as only the answer may have been lost; then from a new one.
    private mutating func repeatLate(
        _ attempts: Int, _ now: MonotonicTime, _ resend: (inout Self) -> [Directive]
    ) -> [Directive] {
        guard attempts < settings.attemptsMaximum else {
            return disconnect(silenceReason, now)
        }
        return attempts <= 1 ? resend(&self) : reopen(now)
    }

    /// A hub that has answered once is merely away.
    var silenceReason: String { state == .greeting ? unanswered : Self.silence }

    /// Goes on from a new socket: the hub knows body and poll by the device, not by its address.
    private mutating func reopen(_ now: MonotonicTime) -> [Directive] {
        [.open] + resendPoll(now) + resendUpload(now)
    }

    mutating func close() -> [Directive] {
        guard state != .closed else { return [] }
        var directives: [Directive] = []
        if state == .connected {
            var goodbye = request(.delete, "down")
            goodbye.token = pollToken(0)
            // Who has gone hears no ACK. If this is lost the hub learns from the silence.
            directives.append(.send(goodbye, isConfirmable: false))
        }
        forget()
        state = .closed
        return directives + [.close]
    }

    /// Drops everything on its way: the sender reads its store again.
    mutating func disconnect(
        _ reason: String, _ now: MonotonicTime, retryAfter: Milliseconds = 0
    ) -> [Directive] {
        guard state == .connected || state == .greeting else { return [] }
        forget()
        // Full jitter: a wait between nothing and a ceiling that doubles.
        let first = settings.reconnectFirst.count
        let ceiling = min(settings.reconnectMaximum.count, first << Int64(min(failures, 16)))
        failures += 1
        let wait = Milliseconds(Int64(random.next() % UInt64(max(ceiling, 0) + 1)))
        state = .resting(until: now + wait + min(retryAfter, .seconds(600)))
        return [.close, .event(.disconnected(reason: reason))]
    }

    private mutating func forget() {
        upload = nil
        poll = nil
        outbox = []
        outboxBytes = 0
        uploadBytes = 0
    }

    /// The hub has answered and names its queue: frames that it brought, and what changes by them.
    mutating func take(_ bundle: FrameBundle, _ now: MonotonicTime) -> [Directive] {
        var directives: [Directive] = []
        if bundle.queue != queue {
            // Another run of the hub, or one that had given us up: its queue is lost.
            if state == .connected {
                forget()
                directives.append(
                    .event(.disconnected(reason: "the hub does not know this board any more")))
                directives.append(.event(.connected))
            }
            queue = bundle.queue
            // What an earlier run of this board has confirmed does not come again.
            number = max(bundle.number, 1) - 1
            gaps = 0
        }
        if state == .greeting {
            state = .connected
            failures = 0
            directives.append(.event(.connected))
        }
        guard bundle.number > 0 else { return directives }
        guard bundle.number <= number + 1 else {
            // Frames between these and ours were lost: the next poll says so, and they come again,
            // unless somebody else of our name has confirmed them.
            // Once for each request: answers that follow a lost one all begin too late.
            if gapAt != counter { gaps += 1 }
            gapAt = counter
            guard gaps > Self.gapsMaximum else { return directives }
            queue = 0
            return directives
                + disconnect("another board of this name takes the hub's frames", now)
        }
        gaps = 0
        let known = number + 1 - bundle.number
        for frame in bundle.frames.dropFirst(Int(clamping: known)) {
            directives.append(.event(.frame(frame)))
            number += 1
        }
        return directives
    }

    func request(_ code: CoAPCode, _ leaf: String) -> CoAPMessage {
        var request = CoAPMessage(code)
        request.path = ["v1", leaf]
        if let device = settings.device { request.addQuery("d", device) }
        return request
    }

    /// Five bytes say what it is of, the rest which.
    func pollToken(_ number: UInt32) -> [UInt8] {
        let run = CoAPUplink.bytes(run)
        return [0] + run + CoAPUplink.bytes(number).suffix(3)
    }

    func uploadToken(_ number: UInt32) -> [UInt8] {
        [1] + CoAPUplink.bytes(run) + CoAPUplink.bytes(number).suffix(3)
    }

    static func bytes(_ integer: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: integer >> (24 - 8 * $0)) }
    }

    /// What an answer of an error says, and how long it asks to wait (RFC 7252 §5.9.3.4).
    static func refusal(_ answer: CoAPMessage) -> (reason: String, retryAfter: Milliseconds) {
        let text = String(decoding: answer.payload.prefix(200), as: UTF8.self)
            .filter { !$0.isNewline }
        let wait = answer.code == .unavailable ? answer.integer(.maximumAge) ?? 0 : 0
        return ("the hub refuses: \(answer.code.text) \(text)", .seconds(Int64(wait)))
    }
}
