import Platform
import SQLiteStore
import SyncProtocol

/// What the agent knows of its uplink.
struct UplinkState {
    var isConnected = false
    var since = MonotonicTime(milliseconds: 0)
    var bytesSent: UInt64 = 0
    var bytesReceived: UInt64 = 0
    var framesUnreadable: UInt64 = 0
}

extension Agent {
    func handle(_ event: LinkEvent) {
        switch event {
        #if EDGE_MUTANTS
            case .delivered: mutateOnPuback()
        #endif
        case .connected:
            uplink.isConnected = true
            #if EDGE_MUTANTS
                mutantFrames = []
            #endif
            uplink.since = now
            world.report("info uplink: connected")
            perform(session.onConnected(now))
        case .disconnected(let reason):
            if uplink.isConnected {
                uplink.since = now
                world.report("warning uplink: disconnected: \(reason)")
                if complaints.allows("uplink", at: now) {
                    self.event("uplink.disconnected", [("reason", .string(reason))])
                }
            }
            uplink.isConnected = false
            perform(session.onDisconnected())
        case .frame(let bytes):
            uplink.bytesReceived += UInt64(bytes.count)
            do {
                receive(try FrameCodec.decode(bytes))
            } catch {
                uplink.framesUnreadable += 1
                guard complaints.allows("frame", at: now) else { return }
                self.event("uplink.unreadable", [("reason", .string("\(error)"))])
            }
        }
    }

    private func receive(_ frame: Frame) {
        guard case .logAcknowledged(let session, let sequence, let upto) = frame else {
            let before = self.session.confirmed
            perform(self.session.onFrame(frame, now))
            guard self.session.confirmed != before else { return }
            stage.confirmed = self.session.confirmed
            return schedule.onAcknowledged(at: now)
        }
        switch feeder.onAcknowledged(sequence, upto: upto, session: session) {
        case .advanced(let upto):
            stage.acknowledge(sequence, upto: upto)
            schedule.onAcknowledged(at: now)
            // Space matters more than wear once much of the log waits to be released.
            if stage.acknowledgedRows(in: store.outbox.streams) > 4096 {
                schedule.onRequested(at: now)
            }
        case .regressed(let upto):
            // An acknowledgement that waits for its commit would release rows that the hub lost.
            stage.acknowledge(sequence, upto: upto)
            event(
                "hub.lost-rows",
                [("stream", .string(sequence.stream)), ("kept", .int(Int64(upto)))])
        case .unchanged: break
        }
    }

    func perform(_ directives: [DeviceSession.Directive]) {
        for directive in directives {
            guard perform(directive) else { return }
        }
    }

    /// False where the directives after this one must not be carried out.
    private func perform(_ directive: DeviceSession.Directive) -> Bool {
        do throws(SQLiteError) {
            switch directive {
            case .greet(let request):
                send(
                    .hello(
                        request: request, epoch: store.epoch,
                        reference: try store.hubReference(), context: try store.context()))
            case .seed(let request):
                let parts = try store.seed(bytes: configuration.uplink.frameBytesMax)
                for (number, deltas) in parts.enumerated() {
                    send(
                        .seed(
                            request: request, deltas: deltas, isLast: number == parts.count - 1))
                }
            case .sendChanges(let session):
                try sendChanges(session)
            case .join(let deltas, let winners, let covered, let complete, let reference):
                let isJoined = try store.join(
                    deltas: deltas, winners: winners, seen: covered, reference: reference)
                guard isJoined, try store.context().covers(complete) else {
                    perform(session.onBaseMissing(now))
                    return false
                }
                if !deltas.isEmpty || !winners.isEmpty { reconcile() }
            case .opened(let session):
                // Another opening of the hub's store: it may lack what was acknowledged and not
                // yet released here.
                if session != acknowledging {
                    acknowledging = session
                    stage.forgetAcknowledgements()
                }
                feeder.onOpened(
                    session, acknowledged: store.outbox.streams.mapValues(\.acknowledged))
                world.report("info uplink: synchronized with hub \(session.text)")
            case .closed:
                feeder.onClosed()
            case .report(let refusal):
                world.report("error uplink: the hub refuses this device: \(refusal)")
                if complaints.allows("refusal", at: now) {
                    event("uplink.refused", [("reason", .string(refusal))])
                }
            }
            return true
        } catch {
            if case .join = directive { session.onJoinFailed(now) }
            storeFailed(error)
            return false
        }
    }

    private func sendChanges(_ session: Epoch) throws(SQLiteError) {
        let (deltas, isMore) = try store.unacknowledged(
            self.session.acknowledged, bytes: configuration.uplink.frameBytesMax)
        let context = try store.context().filtered(.hub)
        send(.up(session: session, epoch: store.epoch, deltas: deltas, hubContext: context))
        // Counts as a change: the rest goes as soon as this part is answered.
        if isMore { perform(self.session.onChanged(now)) }
    }

    @discardableResult
    private func send(_ frame: Frame) -> Bool {
        guard let link = world.link else { return false }
        let bytes = FrameCodec.encode(frame)
        guard link.send(bytes) == .sent else { return false }
        #if EDGE_MUTANTS
            if case .log(_, let batch) = frame {
                mutantFrames.append((batch.sequence, batch.last))
            } else {
                mutantFrames.append((nil, 0))
            }
        #endif
        uplink.bytesSent += UInt64(bytes.count)
        budget.onSent(bytes.count, at: now)
        return true
    }

    /// Sends committed rows as long as the window, the link and the budget take them.
    func feed() {
        guard let session = session.session else { return }
        while let (sequence, first) = feeder.next(lowest: budget.lowest(now)) {
            do {
                guard
                    let batch = try store.outbox.batch(
                        sequence, from: first, bytes: configuration.uplink.frameBytesMax)
                else {
                    feeder.forget(sequence)
                    continue
                }
                guard send(.log(session: session, batch: batch)) else { return }
                feeder.onSent(sequence, through: batch.last, at: now)
            } catch {
                return storeFailed(error)
            }
        }
    }
}
