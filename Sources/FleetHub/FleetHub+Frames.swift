import Platform
import SQLiteStore
import SyncProtocol

/// What one batch of frames leads to, carried out after COMMIT.
struct FrameOutcome {
    var replies: [(device: String, frame: [UInt8])] = []
    var events: [(kind: String, fields: [String: Value])] = []
    var changed: Set<String> = []
    var logRows: UInt64 = 0
    var labels: [String: [String: String]] = [:]
    /// Devices that were first heard in this batch.
    var registered: [DeviceRecord] = []
    /// Shared documents with something new, and who brought it.
    var shared: [String: String] = [:]
    /// Devices of which two boards live.
    var forked: Set<String> = []
    /// Whose frames were read.
    var heard: Set<String> = []
}

extension FleetHub {
    /// One transaction for the whole batch; none where nothing of it is new. Nothing is answered
    /// where it fails: the devices ask again, and everything they sent is still theirs.
    func receive(_ frames: [DeviceFrame]) {
        guard !frames.isEmpty else { return }
        counters.framesReceived += UInt64(frames.count)
        for frame in frames { counters.bytesReceived += UInt64(frame.bytes.count) }
        let before = replica.memories(of: Set(frames.map(\.device)))
        do {
            let isCommit = needsCommit(frames)
            let outcome =
                try isCommit
                ? store.write { () throws(SQLiteError) in try apply(frames) } : apply(frames)
            if isCommit { counters.commits += 1 }
            counters.logRows += outcome.logRows
            note(nil)
            finish(outcome)
        } catch {
            replica.goBack(to: before)
            counters.commitsFailed += 1
            note(error)
        }
    }

    /// Questions of known devices change nothing, and an idle fleet asks all day.
    private func needsCommit(_ frames: [DeviceFrame]) -> Bool {
        frames.contains { frame in
            guard replica.mayBeQuestion(frame.bytes), devices[frame.device] != nil,
                !isSeenDue(frame.device),
                let incoming = try? replica.decode(frame.bytes, from: frame.device)
            else { return true }
            return !replica.isQuestion(incoming.frame)
        }
    }

    private func apply(_ frames: [DeviceFrame]) throws(SQLiteError) -> FrameOutcome {
        var outcome = FrameOutcome()
        for frame in frames { try apply(frame, &outcome) }
        #if EDGE_MUTANTS
            if SyncMutant.active == .hubAnswersEarly {
                for (device, frame) in outcome.replies { send(frame, to: device) }
            }
        #endif
        for device in Set(frames.map(\.device)) where isSeenDue(device) { try saveSeen(device) }
        for device in outcome.changed {
            try store.log.trim(device, maximum: settings.logRowsMaximum)
        }
        return outcome
    }

    private func isSeenDue(_ device: String) -> Bool {
        let now = timekeeper.now().wall
        return seenSaved[device].map { now - $0 >= FleetHub.seenInterval } ?? true
    }

    private func saveSeen(_ device: String) throws(SQLiteError) {
        guard var record = devices[device] else { return }
        let now = timekeeper.now().wall
        record.lastSeen = now
        try store.devices.put(record)
        seenSaved[device] = now
    }

    /// How exact `last_seen` is after a restart of the hub.
    private static let seenInterval: Milliseconds = 60_000

    private func finish(_ outcome: FrameOutcome) {
        // First: they decide who sees the events.
        ownLabels.merge(outcome.labels) { _, latest in latest }
        for record in outcome.registered {
            devices[record.id] = record
            // Its row was written just now, with the time.
            seenSaved[record.id] = record.lastSeen
            publish("device", ["device": .string(record.id), "state": .string("registered")])
        }
        for (device, frame) in outcome.replies { send(frame, to: device) }
        for (kind, fields) in outcome.events { publish(kind, fields) }
        for device in outcome.forked { quarantine(twin: device) }
        hearPlacements(outcome.heard)
        for (document, source) in outcome.shared {
            for device in replica.devices(about: document) where device != source {
                tell(device, of: document)
            }
        }
    }

    func send(_ frame: [UInt8], to device: String) {
        counters.bytesSent += UInt64(frame.count)
        touch(device)
        online.insert(device)
        _ = endpoint.send(frame, to: device)
    }

    /// Sends what a device lacks of a document, without being asked.
    func tell(_ device: String, of document: String) {
        let frames = (try? replica.news(of: document, to: device, store)) ?? []
        for frame in frames {
            counters.bytesSent += UInt64(frame.count)
            _ = endpoint.send(frame, to: device)
        }
        // Who has no session, or is too far behind for news, learns that there is something.
        guard frames.isEmpty else { return }
        _ = endpoint.send(replica.hint(store, of: document), to: device)
    }

    private func apply(
        _ frame: DeviceFrame, _ outcome: inout FrameOutcome
    ) throws(SQLiteError) {
        let device = frame.device
        if let reason = try refusal(of: device, &outcome) {
            counters.framesRefused += 1
            outcome.replies.append((device, replica.refused(reason)))
            return
        }
        let incoming: HubReplica.Incoming
        do {
            incoming = try replica.decode(frame.bytes, from: device)
        } catch {
            counters.framesUnreadable += 1
            if let reset = replica.reset(for: frame.bytes) {
                outcome.replies.append((device, reset))
            }
            outcome.events.append(
                (
                    "device",
                    [
                        "device": .string(device), "state": .string("unreadable frame"),
                        "reason": .string("\(error)"),
                    ]
                ))
            return
        }
        if let deferral = deferral(incoming) {
            outcome.replies.append((device, deferral))
            return
        }
        outcome.heard.insert(device)
        let result = try replica.receive(
            incoming, from: device, store, now: timekeeper.now().wall)
        outcome.replies += result.replies.map { (device, $0) }
        for (document, cell) in result.changed where cell.kind.isRegister {
            changed(device, document, cell.path, cell.value, &outcome)
            if document == device, let labels = Self.labels(of: cell) {
                outcome.labels[device] = labels
            }
        }
        // Of what has several cells, one event with what the path shows now.
        let others = (result.changed + result.removed).filter { !$0.cell.kind.isRegister }
        for (document, cells) in Dictionary(grouping: others, by: \.document) {
            for path in Set(cells.map(\.cell.path)).sorted() {
                let shown = try store.twin.document(document).cells(at: path)
                changed(device, document, path, TwinView.value(shown) ?? .null, &outcome)
            }
        }
        for event in result.events { noticed(event, of: device, &outcome) }
        if let (batch, tag) = result.log { try log(device, batch, tag, &outcome) }
    }

    private func noticed(
        _ event: SyncEvent, of device: String, _ outcome: inout FrameOutcome
    ) {
        if case .frameRefused = event { counters.framesRefused += 1 }
        var fields = Dictionary(event.fields, uniquingKeysWith: { _, last in last })
        fields["device"] = .string(device)
        fields["state"] = .string(event.name)
        outcome.events.append(("device", fields))
        if case .forkDetected = event { outcome.forked.insert(device) }
    }

    /// Why a device is not heard. One that is new is registered: plain links reach only this
    /// machine.
    private func refusal(
        of device: String, _ outcome: inout FrameOutcome
    ) throws(SQLiteError) -> String? {
        if let reason = identityRefusal(of: device) { return reason }
        if let known = devices[device] {
            guard known.state == .removed else { return nil }
            return "this device was removed from the fleet; to let it join again, run: "
                + "fleet device rm \(device) --forget"
        }
        guard !outcome.registered.contains(where: { $0.id == device }) else { return nil }
        let now = timekeeper.now().wall
        let record = DeviceRecord(
            id: device, name: device, labels: [:], state: .active, registered: now, lastSeen: now)
        try store.devices.put(record)
        outcome.registered.append(record)
        return nil
    }

    private func log(
        _ device: String, _ batch: LogBatch, _ tag: UInt32, _ outcome: inout FrameOutcome
    ) throws(SQLiteError) {
        guard batch.sequence.epoch.role == .device else {
            let reason = "a log under a hub's epoch"
            outcome.replies.append((device, replica.refused(reason)))
            return noticed(.frameRefused(reason: reason), of: device, &outcome)
        }
        let (before, upto) = try store.log.take(device, batch)
        outcome.changed.insert(device)
        outcome.logRows += upto - before
        if let frame = replica.logAcknowledged(batch.sequence, upto: upto, to: device, tag: tag) {
            outcome.replies.append((device, frame))
        }
        guard batch.sequence.stream == "alarm" || batch.sequence.stream == "event" else { return }
        var number = batch.first
        for item in batch.items {
            guard case .row(let row) = item else {
                if case .gap(let gap) = item { number = gap.last + 1 }
                continue
            }
            defer { number += 1 }
            // What came before, or came too early and was not taken, is no news.
            guard number > before, number <= upto else { continue }
            outcome.events.append(
                (
                    "log",
                    [
                        "device": .string(device), "stream": .string(batch.sequence.stream),
                        "key": .string(row.key), "value": row.value,
                    ]
                ))
        }
    }

    private func changed(
        _ device: String, _ document: String, _ path: TwinPath, _ value: Value,
        _ outcome: inout FrameOutcome
    ) {
        var fields: [String: Value] = [
            "device": .string(device), "path": .string(path.text), "value": value,
        ]
        if document != device {
            outcome.shared[document] = device
            fields["document"] = .string(document)
        }
        outcome.events.append(("twin", fields))
    }
}
