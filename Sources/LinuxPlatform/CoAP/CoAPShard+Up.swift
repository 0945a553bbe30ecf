import Platform

extension CoAPShard {
    /// `POST /v1/up`: frames of the device, in blocks (RFC 7959 §2.3). The answer to the last
    /// block comes when they are durable, and brings what the hub has to say.
    mutating func up(
        _ request: CoAPMessage, _ peer: UInt64, _ device: String, _ seat: inout CoAPSeat,
        _ now: MonotonicTime, _ outcome: inout Outcome
    ) {
        let tag = request.value(.requestTag) ?? []
        let block = request.block(.block1)
        let part = block ?? CoAPBlock(number: 0, hasMore: false, exponent: 6)
        let address = CoAPSeat.Address(peer: peer, token: request.token)
        switch seat.upload {
        case .held(var held)
        where held.tag == tag && (!tag.isEmpty || held.address.token == request.token):
            if part.hasMore {
                outcome.answer = Self.goOn(part)
            } else {
                held.address = address
                seat.upload = .held(held)
            }
            return
        case .answered(tag, _) where !tag.isEmpty:
            outcome.answer = part.hasMore ? Self.goOn(part) : changed(block, &seat)
            return
        case .held(let held):
            // One body of each device at the hub, so that none takes the place of the others.
            outcome.answer =
                Self.isOlder(tag, than: held.tag)
                ? .refusal(.incomplete, "this body is over")
                : .refusal(.unavailable, "the body before is not durable yet", retryAfter: 1)
            return
        case .answered(let current, _) where Self.isOlder(tag, than: current):
            outcome.answer = .refusal(.incomplete, "this body is over")
            return
        case .assembling(let assembly) where Self.isOlder(tag, than: assembly.tag):
            outcome.answer = .refusal(.incomplete, "this body is over")
            return
        case .none, .assembling, .answered: break
        }
        add(request, part, tag, &seat, &outcome)
        guard case .assembling(let assembly) = seat.upload, outcome.answer == nil else { return }
        seat.upload = .none
        let held = CoAPSeat.Held(tag: tag, block: block, address: address)
        take(assembly.body, request, device, held, &seat, &outcome)
    }

    /// Puts a block in its place; no answer means that the body is whole.
    private mutating func add(
        _ request: CoAPMessage, _ part: CoAPBlock, _ tag: [UInt8], _ seat: inout CoAPSeat,
        _ outcome: inout Outcome
    ) {
        var assembly: BlockAssembly
        if case .assembling(let current) = seat.upload, current.tag == tag,
            part.number > 0 || !current.body.isEmpty && !tag.isEmpty
        {
            assembly = current
        } else if part.number == 0 {
            guard mayAssemble else {
                outcome.answer = .refusal(
                    .unavailable, "the hub is busy", retryAfter: settings.retryAfter)
                return
            }
            assembly = BlockAssembly(tag: tag, maximum: settings.bodyBytesMaximum)
        } else {
            outcome.answer = .refusal(.incomplete, "begin again with block 0")
            return
        }
        let answer = assembly.add(part, request.payload, announced: request.integer(.size1))
        seat.upload = .assembling(assembly)
        switch answer {
        case .continue: outcome.answer = Self.goOn(part)
        case .complete: break
        case .incomplete: outcome.answer = .refusal(.incomplete, "begin again with block 0")
        case .tooLarge:
            seat.upload = .none
            var refusal = CoAPMessage.refusal(
                .tooLarge, "a body has at most \(settings.bodyBytesMaximum) bytes")
            refusal.add(.size1, CoAPOption.bytes(UInt32(settings.bodyBytesMaximum)))
            outcome.answer = refusal
        }
    }

    private mutating func take(
        _ body: [UInt8], _ request: CoAPMessage, _ device: String, _ held: CoAPSeat.Held,
        _ seat: inout CoAPSeat, _ outcome: inout Outcome
    ) {
        var frames = [body]
        switch request.integer(.contentFormat) ?? FrameBundle.singleFrame {
        case FrameBundle.singleFrame: break
        case FrameBundle.contentFormat:
            guard let bundle = FrameBundle(body) else {
                outcome.answer = .refusal(.badRequest, "the body is no sequence of frames")
                return
            }
            frames = bundle.frames
            if bundle.queue == seat.queue.name { seat.confirm(through: bundle.number) }
        default:
            outcome.answer = .refusal(.unsupportedFormat, "send content format 42 or 63")
            return
        }
        guard !frames.isEmpty else {
            seat.upload = .answered(tag: held.tag, block: held.block)
            outcome.answer = changed(held.block, &seat)
            return
        }
        guard heldBytes == 0 || heldBytes + body.count <= settings.heldBytesMaximum else {
            outcome.answer = .refusal(.unavailable, "the hub is busy", retryAfter: 1)
            return
        }
        heldBytes += body.count
        seat.upload = .held(held)
        outcome.directives.append(.frames(frames, from: device, bytes: body.count))
    }

    /// The hub has a device's frames, of a body of so many bytes, and counts them up to `through`.
    mutating func handedOver(_ device: String, bytes: Int, through: UInt64) {
        holding.append((through, device, bytes))
        guard case .held(var held) = seats[device]?.upload, held.through == nil else { return }
        held.through = through
        seats[device]?.upload = .held(held)
    }

    /// Everything up to `count` is durable: what waited for that is answered.
    mutating func acknowledge(through count: UInt64, now: MonotonicTime) -> [Directive] {
        var directives: [Directive] = []
        let isDone = Array(holding.prefix { $0.through <= count })
        holding.removeFirst(isDone.count)
        for (through, device, bytes) in isDone {
            heldBytes -= bytes
            guard var seat = seats[device], case .held(let held) = seat.upload,
                held.through == through
            else { continue }
            seat.upload = .answered(tag: held.tag, block: held.block)
            seat.heldBackUntil = nil
            var answer = changed(held.block, &seat)
            answer.token = held.address.token
            directives.append(.send(answer, to: held.address.peer))
            directives += offer(&seat, now)
            put(seat, device)
        }
        return directives
    }

    /// 2.04 with the frames that fit into one block; the others come through `/v1/down`.
    private func changed(_ block: CoAPBlock?, _ seat: inout CoAPSeat) -> CoAPMessage {
        var message = CoAPMessage(.changed)
        if let block { message.add(.block1, block.bytes) }
        message.add(.contentFormat, CoAPOption.bytes(FrameBundle.contentFormat))
        let bundle = seat.queue.bundle(after: seat.confirmed, limit: 1024, isWhole: false)
        message.payload = bundle.bytes
        seat.offered = max(seat.offered, bundle.number + UInt64(bundle.frames.count) - 1)
        return message
    }

    private static func goOn(_ block: CoAPBlock) -> CoAPMessage {
        var message = CoAPMessage(.continue)
        message.add(.block1, block.bytes)
        return message
    }

    /// Of the same run of a board and before: a datagram that was delayed.
    private static func isOlder(_ tag: [UInt8], than current: [UInt8]) -> Bool {
        tag.count == 8 && current.count == 8 && tag.prefix(4) == current.prefix(4)
            && tag.lexicographicallyPrecedes(current)
    }
}
