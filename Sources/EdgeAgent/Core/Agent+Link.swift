import Platform
import SQLiteStore
import SyncProtocol

/// What the agent knows of its uplink.
struct UplinkState {
    var isConnected = false
    var since = MonotonicTime(milliseconds: 0)
    /// Why there is no connection; nil while there is one, or none was tried.
    var reason: String?
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
            uplink.reason = nil
            #if EDGE_MUTANTS
                mutantFrames = []
            #endif
            uplink.since = now
            world.report("info uplink: connected")
            carryOut(sync.onConnected(store, now))
        case .disconnected(let reason):
            if uplink.isConnected {
                uplink.since = now
                world.report("warning uplink: disconnected: \(reason)")
                if complaints.allows("uplink", at: now) {
                    self.event("uplink.disconnected", [("reason", .string(reason))])
                }
            } else if reason != uplink.reason, complaints.allows("uplink refusal", at: now) {
                // The same reason comes with each attempt.
                world.report("warning uplink: no connection: \(reason)")
            }
            uplink.reason = reason
            uplink.isConnected = false
            carryOut(sync.onDisconnected(store, now))
        case .frame(let bytes):
            uplink.bytesReceived += UInt64(bytes.count)
            let effects = sync.receive(bytes, store, now)
            // First: what comes with the answer may be a lease that counts from its question.
            prolongLeases()
            carryOut(effects)
        }
    }

    func carryOut(_ effects: [DeviceReplica.Effect]) {
        for effect in effects { carryOut(effect) }
    }

    private func carryOut(_ effect: DeviceReplica.Effect) {
        switch effect {
        case .send(let bytes): send(bytes, log: nil)
        case .joined: reconcile()
        case .opened(let session):
            // Another opening of the hub's store: it may lack what was acknowledged and not yet
            // released here.
            if session != acknowledging {
                acknowledging = session
                stage.forgetAcknowledgements()
            }
            feeder.onOpened(
                session, acknowledged: store.outbox.streams.mapValues(\.acknowledged))
            world.report("info uplink: synchronized with hub \(session.text)")
        case .closed: feeder.onClosed()
        case .logAcknowledged(let sequence, let upto): acknowledged(sequence, upto)
        case .confirmed:
            stage.confirmed = sync.confirmation
            schedule.onAcknowledged(at: now)
        case .event(let event): note(event)
        case .failed(let error): storeFailed(error)
        }
    }

    private func acknowledged(_ sequence: LogSequence, _ upto: UInt64) {
        guard let session = sync.session.session else { return }
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

    /// How many rows of runs that are over the hub once confirmed, by stream: they are at the hub
    /// alone, and this board can tell of them no more than their number.
    private var rowsOfEarlierRuns: Value {
        var rows = ((try? store.outbox.finished()) ?? [:]).mapValues(\.rows)
        // The next commit counts these among them.
        for stream in store.outbox.streams.values
        where stream.sequence.epoch != store.epoch && stream.acknowledged == stream.last {
            rows[stream.sequence.stream, default: 0] += stream.last
        }
        return .object(
            rows.sorted { $0.key < $1.key }.map { ($0.key, .int(Int64(clamping: $0.value))) })
    }

    /// What the sync noticed, as an event of the board; each kind at most once a minute.
    private func note(_ event: SyncEvent) {
        switch event {
        case .frameRefused(let reason):
            uplink.framesUnreadable += 1
            guard complaints.allows("frame", at: now) else { return }
            self.event("uplink.unreadable", [("reason", .string(reason))])
        case .refused(let reason):
            world.report("error uplink: the hub refuses this device: \(reason)")
            guard complaints.allows("refusal", at: now) else { return }
            self.event("uplink.refused", [("reason", .string(reason))])
        case .hubResetDetected:
            guard complaints.allows("hub reset", at: now) else { return }
            self.event("hub.reset", [("rows_of_earlier_runs", rowsOfEarlierRuns)])
        case .divergenceDetected(let document):
            guard complaints.allows("divergence", at: now) else { return }
            world.report("warning twin: this board held other cells than the hub; repaired")
            self.event("twin.diverged", [("document", .string(document))])
        case .forkDetected(_, let epochs):
            guard complaints.allows("fork", at: now) else { return }
            self.event("device.forked", [("epochs", .array(epochs.map { .string($0.text) }))])
        case .restoreDetected, .clockAhead, .writeRefused: break
        }
    }

    @discardableResult
    private func send(_ bytes: [UInt8], log batch: LogBatch?) -> Bool {
        guard let link = world.link else { return false }
        guard link.send(bytes) == .sent else { return false }
        #if EDGE_MUTANTS
            mutantFrames.append((batch?.sequence, batch?.last ?? 0))
        #endif
        uplink.bytesSent += UInt64(bytes.count)
        budget.onSent(bytes.count, at: now)
        return true
    }

    /// Sends committed rows as long as the window, the link and the budget take them.
    func feed() {
        guard sync.isOpen else { return }
        while let (sequence, first) = feeder.next(lowest: lowestClass(now)) {
            do {
                guard
                    let batch = try store.outbox.batch(
                        sequence, from: first, bytes: configuration.uplink.frameBytesMax)
                else {
                    feeder.forget(sequence)
                    continue
                }
                guard let bytes = sync.encode(batch), send(bytes, log: batch) else { return }
                feeder.onSent(sequence, through: batch.last, at: now)
            } catch {
                return storeFailed(error)
            }
        }
        restRadio(now)
    }
}
