import Platform

extension CoAPUplink {
    // MARK: Up

    /// Sends what waits, as one body, unless one is on its way.
    mutating func beginUpload(_ now: MonotonicTime) -> [Directive] {
        guard upload == nil, state == .connected, !outbox.isEmpty else { return [] }
        var bundle = FrameBundle(queue: queue, number: number)
        var size = FrameBundle.headMaximum
        for frame in outbox {
            size += FrameBundle.size(of: frame)
            guard size <= settings.bodyBytesMaximum || bundle.frames.isEmpty else { break }
            bundle.frames.append(frame)
        }
        outbox.removeFirst(bundle.frames.count)
        uploadBytes = bundle.frames.reduce(0) { $0 + $1.count }
        outboxBytes -= uploadBytes
        counter &+= 1
        let body = BlockUpload(
            tag: Self.bytes(run) + Self.bytes(counter), token: uploadToken(counter),
            body: bundle.bytes)
        upload = (body, Flight(request: CoAPMessage(.post), deadline: now))
        return sendBlock(now)
    }

    mutating func resendUpload(_ now: MonotonicTime) -> [Directive] {
        guard let flight = upload?.flight else { return [] }
        let deadline = now + patience(flight.attempts)
        upload?.flight.deadline = deadline
        return [.send(flight.request, isConfirmable: true)]
    }

    /// The current block for the first time.
    private mutating func sendBlock(_ now: MonotonicTime) -> [Directive] {
        guard let body = upload?.body else { return [] }
        var request = self.request(.post, "up")
        body.fill(&request)
        let deadline = now + patience(0)
        upload?.flight = Flight(request: request, deadline: deadline)
        return [.send(request, isConfirmable: true)]
    }

    mutating func receiveUpload(_ answer: CoAPMessage, _ now: MonotonicTime) -> [Directive] {
        guard var current = upload else { return [] }
        if answer.code == .unavailable {
            // The hub has no room now. It kept nothing, so the body begins again then.
            let wait = max(Self.refusal(answer).retryAfter, 500)
            current.body.restart()
            var request = self.request(.post, "up")
            current.body.fill(&request)
            current.flight = Flight(request: request, attempts: -1, deadline: now + wait)
            upload = current
            return []
        }
        let outcome = current.body.receive(answer)
        upload = current
        switch outcome {
        case .ignored: return []
        case .next: return sendBlock(now)
        case .failed:
            let (reason, wait) = Self.refusal(answer)
            return disconnect(reason, now, retryAfter: wait)
        case .complete:
            upload = nil
            uploadBytes = 0
            var directives = FrameBundle(answer.payload).map { take($0, now) } ?? []
            if poll == nil { directives += beginPoll(now, hold: settings.hold) }
            return directives + beginUpload(now)
        }
    }

    // MARK: Down

    mutating func beginPoll(_ now: MonotonicTime, hold: Milliseconds) -> [Directive] {
        counter &+= 1
        var request = self.request(.get, "down")
        request.token = pollToken(counter)
        request.addQuery("a", "\(queue).\(number)")
        request.addQuery("n", "\(run).\(counter)")
        if hold > 0 {
            request.addQuery("w", "\(hold.count)")
            // A hint: whatever comes is taken, and asked for again all the same (RFC 7641 §1.5).
            request.add(.observe, [])
        }
        poll = Poll(
            flight: Flight(request: request, deadline: now + hold + patience(0)),
            download: BlockDownload(maximum: settings.bytesInFlightMaximum), hold: hold, sent: now)
        return [.send(request, isConfirmable: true)]
    }

    mutating func resendPoll(_ now: MonotonicTime) -> [Directive] {
        guard let current = poll else { return [] }
        let (attempts, hold) = (current.flight.attempts, current.hold)
        let deadline = now + patience(attempts)
        guard !current.download.isUnderWay else {
            poll?.flight.deadline = deadline
            return [.send(current.flight.request, isConfirmable: true)]
        }
        let directives = beginPoll(now, hold: hold)
        poll?.flight.attempts = attempts
        // What is repeated is held by the hub as long as the first.
        poll?.flight.deadline = deadline + hold
        return directives
    }

    mutating func receivePoll(_ answer: CoAPMessage, _ now: MonotonicTime) -> [Directive] {
        guard answer.code == .content else {
            guard answer.code != .badRequest || state == .greeting else {
                // A body of blocks is over: ask for it anew.
                return beginPoll(now, hold: settings.hold)
            }
            let (reason, wait) = Self.refusal(answer)
            return disconnect(reason, now, retryAfter: wait)
        }
        switch poll?.download.receive(answer) {
        case nil, .ignored: return []
        case .broken: return beginPoll(now, hold: settings.hold)
        case .next(let block):
            guard var request = poll?.flight.request else { return [] }
            request.remove(.block2)
            request.remove(.observe)
            request.add(.block2, block.bytes)
            let deadline = now + patience(0)
            poll?.flight = Flight(request: request, deadline: deadline)
            return [.send(request, isConfirmable: true)]
        case .complete(let body):
            guard let bundle = FrameBundle(body) else {
                return disconnect("the hub sends what is no sequence of frames", now)
            }
            // Only the answer to the latest request may speak of another queue.
            guard bundle.queue == queue || answer.token == poll?.flight.request.token else {
                return []
            }
            let before = number
            let wasGreeting = state == .greeting
            let directives = take(bundle, now)
            // A repetition of what is known, while the request that says so is on its way.
            let isNews = number > before || wasGreeting || bundle.frames.isEmpty
            if !isNews, let sent = poll?.sent, now - sent < settings.patience {
                poll?.download = BlockDownload(maximum: settings.bytesInFlightMaximum)
                return directives
            }
            return directives + beginPoll(now, hold: settings.hold) + beginUpload(now)
        }
    }

    private func patience(_ attempts: Int) -> Milliseconds {
        settings.patience * (1 << Int64(min(max(attempts, 0), 8)))
    }
}
