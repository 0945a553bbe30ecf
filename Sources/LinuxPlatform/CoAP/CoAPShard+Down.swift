import Platform

extension CoAPShard {
    /// `GET /v1/down?a=<queue>.<number>&w=<ms>&n=<run>.<number>`: the frames behind those that the
    /// device has, now or once there are any within `w`. With Observe more of them follow.
    mutating func down(
        _ request: CoAPMessage, _ peer: UInt64, _ seat: inout CoAPSeat, _ now: MonotonicTime,
        _ outcome: inout Outcome
    ) {
        if let block = request.block(.block2), block.number > 0 {
            outcome.answer = part(block, &seat, now)
            return
        }
        if let number = Self.pair(request.query("n")) {
            // A datagram that was delayed must not take the place of the request that followed it.
            if let latest = seat.latest, latest.run == number.0, latest.number > number.1 {
                return
            }
            seat.latest = number
        }
        let cursor = Self.pair(request.query("a"))
        let isOurs = cursor.flatMap { UInt64($0.0) } == seat.queue.name
        let has = isOurs ? cursor?.1 ?? 0 : 0
        if isOurs { seat.confirm(through: has) }
        seat.unconfirmed = nil
        seat.poll = nil
        // What was sent and is not there was lost on the way.
        seat.offered = seat.confirmed
        let address = CoAPSeat.Address(peer: peer, token: request.token)
        let wait = Milliseconds(Int64(request.query("w").flatMap { UInt32($0) } ?? 0))
        let isObserving = request.integer(.observe) == 0 && wait > 0
        let hasNews = seat.queue.last > seat.confirmed && !isHeldBack(seat, now)
        // Who asks for another queue learns at once that it is gone.
        let isLost = cursor != nil && !isOurs
        if hasNews || wait == 0 || isLost {
            outcome.answer = seat.content(
                after: seat.confirmed, limit: settings.answerBytesMaximum, token: [],
                isObserved: isObserving)
        }
        if wait > 0, !(hasNews || isLost) || isObserving {
            seat.poll = CoAPSeat.Poll(
                address: address, until: now + min(wait, settings.holdMaximum),
                isObserving: isObserving)
        }
    }

    private func part(
        _ block: CoAPBlock, _ seat: inout CoAPSeat, _ now: MonotonicTime
    ) -> CoAPMessage {
        var message = CoAPMessage(.content)
        message.add(.contentFormat, CoAPOption.bytes(FrameBundle.contentFormat))
        guard let body = seat.body, message.fill(body, block) else {
            return .refusal(.badRequest, "this body is over; ask again from block 0")
        }
        // Who fetches blocks has the first one.
        seat.unconfirmed?.next = now + settings.repeatFirst
        return message
    }

    /// Answers a poll that waits, where there is something to say.
    mutating func offer(_ seat: inout CoAPSeat, _ now: MonotonicTime) -> [Directive] {
        // A longer answer that is being fetched stays as it is until the device has it.
        guard let poll = seat.poll, seat.queue.last > seat.offered, seat.body == nil,
            !isHeldBack(seat, now)
        else { return [] }
        let answer = seat.content(
            after: max(seat.offered, seat.confirmed), limit: settings.answerBytesMaximum,
            token: poll.address.token, isObserved: poll.isObserving)
        if !poll.isObserving { seat.endPoll(at: now) }
        seat.unconfirmed = CoAPSeat.Unconfirmed(
            address: poll.address, next: now + settings.repeatFirst)
        return [.send(answer, to: poll.address.peer)]
    }

    private func isHeldBack(_ seat: CoAPSeat, _ now: MonotonicTime) -> Bool {
        seat.heldBackUntil.map { now < $0 } ?? false
    }

    /// Does for a seat what its clocks ask for.
    mutating func expire(_ seat: inout CoAPSeat, _ now: MonotonicTime) -> [Directive] {
        var directives: [Directive] = []
        if let until = seat.heldBackUntil, until <= now {
            seat.heldBackUntil = nil
            directives += offer(&seat, now)
        }
        if let poll = seat.poll, poll.until <= now {
            // An answer without Observe ends the observation too (RFC 7641 §4.2). It says what was
            // offered and not confirmed, or nothing, and is not repeated: the device asks again.
            seat.endPoll(at: now)
            if seat.body == nil {
                let answer = seat.content(
                    after: seat.confirmed, limit: settings.answerBytesMaximum,
                    token: poll.address.token, isObserved: false)
                directives.append(.send(answer, to: poll.address.peer))
            }
        }
        if var unconfirmed = seat.unconfirmed, unconfirmed.next <= now {
            unconfirmed.repeats += 1
            unconfirmed.next = now + settings.repeatFirst * (1 << Int64(unconfirmed.repeats))
            seat.unconfirmed =
                unconfirmed.repeats < settings.repeatsMaximum ? unconfirmed : nil
            let answer = seat.content(
                after: seat.confirmed, limit: settings.answerBytesMaximum,
                token: unconfirmed.address.token, isObserved: seat.poll?.isObserving ?? false)
            directives.append(.send(answer, to: unconfirmed.address.peer))
        }
        return directives
    }

    /// `<text>.<number>`.
    private static func pair(_ text: String?) -> (String, UInt64)? {
        guard let parts = text?.split(separator: ".", maxSplits: 1), parts.count == 2,
            let number = UInt64(parts[1])
        else { return nil }
        return (String(parts[0]), number)
    }
}
