import Platform

/// The hub's side of CoAP for the devices of one context, as a value: `POST /v1/up`,
/// `GET /v1/down` and `DELETE /v1/down`.
///
/// Blocks are put together here and not by libcoap, which knows a transfer by the sender's address,
/// puts no bound on a body, and of 4.3.1 may forget half of it: here a transfer belongs to a
/// device and a Request-Tag, so that it goes on from a new address.
struct CoAPShard: Sendable {
    struct Settings: Sendable {
        var devicesMaximum = 1000
        /// How long a poll is held at most. UDP bindings of home routers die after 60 s.
        var holdMaximum: Milliseconds = 55_000
        /// Silence beyond a poll's end after which a device is gone.
        var silenceMaximum: Milliseconds = 30_000
        /// One frame of the protocol's bound, and what frames it.
        var bodyBytesMaximum = 1 << 20 + 64
        /// Frames in one answer; a single one may be longer.
        var answerBytesMaximum = 32 << 10
        /// Bodies in the making, of all devices.
        var assembledBytesMaximum = 32 << 20
        /// Bytes handed to the hub and not durable there.
        var heldBytesMaximum = 8 << 20
        /// Until an answer that nobody confirmed is sent again; doubles.
        var repeatFirst: Milliseconds = 2000
        var repeatsMaximum = 4
        /// How long frames wait for the answer to an upload that is held, which carries them.
        var holdBack: Milliseconds = 200
        /// What a device that is turned away is told to wait, in seconds.
        var retryAfter: UInt32 = 30
    }

    enum Directive: Sendable, Hashable {
        /// As a non-confirmable message: what gets lost is sent again by the rules here, so that no
        /// confirmable one of ours blocks the next (NSTART, RFC 7252 §4.7).
        case send(CoAPMessage, to: UInt64)
        /// Hand over, and say with `handedOver` under which count.
        case frames([[UInt8]], from: String, bytes: Int)
        case presence(String, isOnline: Bool)
    }

    /// What a request leads to.
    struct Outcome: Sendable {
        /// Goes out with the ACK; nil where the answer comes later (§5.2.2).
        var answer: CoAPMessage?
        var directives: [Directive] = []
    }

    let settings: Settings
    var seats: [String: CoAPSeat] = [:]
    /// What the hub has and is not durable there, oldest first.
    var holding: [(through: UInt64, device: String, bytes: Int)] = []
    var heldBytes = 0
    private var assembledBytes = 0
    private var names: SplitMix64
    /// No seat has anything to do before.
    private var due: MonotonicTime?

    init(settings: Settings, seed: UInt64) {
        self.settings = settings
        names = SplitMix64(seed: seed)
    }

    var deadline: MonotonicTime? { due }

    /// - Parameters:
    ///   - peer: The session that the request came through.
    ///   - device: Who speaks; nil where nobody vouches for it.
    mutating func receive(
        _ request: CoAPMessage, from peer: UInt64, device: String?, now: MonotonicTime
    ) -> Outcome {
        guard let device else {
            return Outcome(answer: .refusal(.unauthorized, "no device is known for this session"))
        }
        guard !request.isMalformed else {
            return Outcome(answer: .refusal(.badRequest, "a block option cannot be read"))
        }
        var outcome = Outcome()
        switch (request.code, request.path) {
        case (.post, ["v1", "up"]), (.get, ["v1", "down"]): break
        case (.delete, ["v1", "down"]):
            outcome.directives = forget(device)
            outcome.answer = CoAPMessage(.deleted)
            return outcome
        case (_, ["v1", "up"]), (_, ["v1", "down"]):
            return Outcome(answer: .refusal(.methodNotAllowed, "POST to up, GET or DELETE of down"))
        default: return Outcome(answer: .refusal(.notFound, "there are /v1/up and /v1/down"))
        }
        let known = seats.removeValue(forKey: device)
        guard var seat = known ?? newSeat(now) else {
            let reason = "this hub serves \(settings.devicesMaximum) devices and no more"
            return Outcome(
                answer: .refusal(.unavailable, reason, retryAfter: settings.retryAfter))
        }
        if known == nil { outcome.directives.append(.presence(device, isOnline: true)) }
        seat.heard = now
        let before = seat.assembledBytes
        if request.code == .post {
            up(request, peer, device, &seat, now, &outcome)
        } else {
            down(request, peer, &seat, now, &outcome)
        }
        assembledBytes += seat.assembledBytes - before
        put(seat, device)
        return outcome
    }

    private mutating func newSeat(_ now: MonotonicTime) -> CoAPSeat? {
        guard seats.count < settings.devicesMaximum else { return nil }
        return CoAPSeat(queue: names.next() >> 1 | 1, now: now)
    }

    /// Whether a body in the making may begin.
    var mayAssemble: Bool { assembledBytes < settings.assembledBytesMaximum }

    /// A frame for a device, to leave as soon as it may.
    mutating func send(
        _ frame: [UInt8], to device: String, now: MonotonicTime
    ) -> (result: LinkSendResult, directives: [Directive]) {
        guard var seat = seats.removeValue(forKey: device) else { return (.notConnected, []) }
        var directives: [Directive] = []
        let isTaken = seat.queue.append(frame)
        if isTaken {
            if case .held = seat.upload, seat.heldBackUntil == nil {
                seat.heldBackUntil = now + settings.holdBack
            }
            directives = offer(&seat, now)
        }
        put(seat, device)
        return (isTaken ? .sent : .busy, directives)
    }

    /// Lets go of a device that said goodbye or speaks elsewhere.
    mutating func forget(_ device: String) -> [Directive] {
        guard let seat = seats.removeValue(forKey: device) else { return [] }
        assembledBytes -= seat.assembledBytes
        return [.presence(device, isOnline: false)]
    }

    /// The same for one that is not trusted any more, whose poll gets to know why.
    mutating func evict(_ device: String, _ reason: String) -> [Directive] {
        let address = seats[device]?.poll?.address
        var directives = forget(device)
        if let address {
            var message = CoAPMessage.refusal(.forbidden, reason)
            message.token = address.token
            directives.append(.send(message, to: address.peer))
        }
        return directives
    }

    /// Says to everybody who waits that the hub goes, so that they need not find out.
    mutating func close() -> [Directive] {
        let polls = seats.sorted { $0.key < $1.key }.compactMap { $0.value.poll }
        seats = [:]
        holding = []
        return polls.map { poll in
            var message = CoAPMessage.refusal(.unavailable, "the hub stops", retryAfter: 1)
            message.token = poll.address.token
            return .send(message, to: poll.address.peer)
        }
    }

    /// What is due by now.
    mutating func tick(_ now: MonotonicTime) -> [Directive] {
        guard let due, now >= due else { return [] }
        self.due = nil
        var late: [String] = []
        for (device, seat) in seats {
            guard let time = deadline(of: seat) else { continue }
            if time <= now { late.append(device) } else { note(time) }
        }
        var directives: [Directive] = []
        for device in late {
            guard var seat = seats[device] else { continue }
            if silence(of: seat) <= now {
                directives += forget(device)
            } else {
                directives += expire(&seat, now)
                put(seat, device)
            }
        }
        return directives
    }

    mutating func put(_ seat: CoAPSeat, _ device: String) {
        if let time = deadline(of: seat) { note(time) }
        seats[device] = seat
    }

    private mutating func note(_ time: MonotonicTime) { due = min(due ?? time, time) }

    private func silence(of seat: CoAPSeat) -> MonotonicTime {
        max(seat.poll?.until ?? seat.heard, seat.heard) + settings.silenceMaximum
    }

    private func deadline(of seat: CoAPSeat) -> MonotonicTime? {
        [silence(of: seat), seat.poll?.until, seat.heldBackUntil, seat.unconfirmed?.next]
            .compactMap(\.self).min()
    }
}
