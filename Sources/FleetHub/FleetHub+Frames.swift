import Platform
import SQLiteStore
import SyncProtocol

/// What one batch of frames leads to, carried out after COMMIT.
struct FrameOutcome {
    var replies: [(device: String, frame: Frame)] = []
    var events: [(kind: String, fields: [String: Value])] = []
    var changed: Set<String> = []
    var logRows: UInt64 = 0
    var labels: [String: [String: String]] = [:]
    /// Devices that were first heard in this batch.
    var registered: [DeviceRecord] = []
}

extension FleetHub {
    /// One transaction for the whole batch. Nothing is answered where it fails: the devices ask
    /// again, and everything they sent is still theirs.
    func receive(_ frames: [DeviceFrame]) {
        let decoded = frames.compactMap { frame in decode(frame).map { (frame.device, $0) } }
        guard !decoded.isEmpty else { return }
        let before = sessions
        do {
            let outcome = try store.write { () throws(SQLiteError) in
                var outcome = FrameOutcome()
                for (device, frame) in decoded { try apply(frame, of: device, &outcome) }
                for device in Set(decoded.map(\.0)) { try saveSeen(device) }
                for device in outcome.changed {
                    try store.log.trim(device, maximum: settings.logRowsMaximum)
                }
                return outcome
            }
            counters.commits += 1
            counters.logRows += outcome.logRows
            note(nil)
            finish(outcome)
        } catch {
            sessions = before
            counters.commitsFailed += 1
            note(error)
        }
    }

    private func saveSeen(_ device: String) throws(SQLiteError) {
        let now = timekeeper.now().wall
        guard var record = devices[device],
            seenSaved[device].map({ now - $0 >= FleetHub.seenInterval }) ?? true
        else { return }
        record.lastSeen = now
        try store.devices.put(record)
        seenSaved[device] = now
    }

    /// How exact `last_seen` is after a restart of the hub.
    private static let seenInterval: Milliseconds = 60_000

    private func decode(_ frame: DeviceFrame) -> Frame? {
        counters.framesReceived += 1
        counters.bytesReceived += UInt64(frame.bytes.count)
        do {
            return try FrameCodec.decode(frame.bytes)
        } catch {
            counters.framesUnreadable += 1
            publish(
                "device",
                [
                    "device": .string(frame.device), "state": .string("unreadable frame"),
                    "reason": .string("\(error)"),
                ])
            return nil
        }
    }

    private func finish(_ outcome: FrameOutcome) {
        for record in outcome.registered {
            devices[record.id] = record
            publish("device", ["device": .string(record.id), "state": .string("registered")])
        }
        ownLabels.merge(outcome.labels) { _, latest in latest }
        for (device, frame) in outcome.replies {
            let bytes = FrameCodec.encode(frame)
            counters.bytesSent += UInt64(bytes.count)
            touch(device)
            online.insert(device)
            _ = endpoint.send(bytes, to: device)
        }
        for (kind, fields) in outcome.events { publish(kind, fields) }
    }

    private func apply(
        _ frame: Frame, of device: String, _ outcome: inout FrameOutcome
    ) throws(SQLiteError) {
        if let reason = try refusal(of: device, &outcome) {
            counters.framesRefused += 1
            outcome.replies.append((device, .refused(reason: reason)))
            return
        }
        switch frame {
        case .hello(let request, let epoch, let reference, let context):
            if try lacks(device, reference, context) {
                wanted[device] = (request, epoch, context)
                outcome.replies.append((device, .want(request: request)))
            } else {
                try open(device, request, epoch, context, &outcome)
            }
        case .seed(let request, let deltas, let isLast):
            try seed(device, request, deltas, isLast, &outcome)
        case .up(let session, let epoch, let deltas, let hubContext):
            try up(device, session, epoch, deltas, hubContext, &outcome)
        case .log(let session, let batch):
            try log(device, session, batch, &outcome)
        case .state, .want, .down, .logAcknowledged, .reset, .hint, .refused:
            refuse(device, "a device sends no such frame", &outcome)
        }
    }

    /// Why a device is not heard. One that is new is registered: plain links reach only this
    /// machine.
    private func refusal(
        of device: String, _ outcome: inout FrameOutcome
    ) throws(SQLiteError) -> String? {
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

    func refuse(_ device: String, _ reason: String, _ outcome: inout FrameOutcome) {
        counters.framesRefused += 1
        outcome.replies.append((device, .refused(reason: reason)))
        outcome.events.append(
            (
                "device",
                [
                    "device": .string(device), "state": .string("refused"),
                    "reason": .string(reason),
                ]
            ))
    }

    /// Whether a device knows of history that is not here: this database was lost or restored, or
    /// the device was removed and joins again. Hub writes that it holds must come back then: their
    /// dots would else be given a second time, and the device would take the new for the old.
    private func lacks(
        _ device: String, _ reference: HubReference?, _ context: CausalContext
    ) throws(SQLiteError) -> Bool {
        if let reference, try !store.knows(reference) { return true }
        let own = try store.twin.context(device)
        return context.filtered(.hub).counters.contains { $0.value > own[$0.key] }
    }

    /// Answers `hello` with what the device lacks, in as many frames as it takes.
    private func open(
        _ device: String, _ request: UInt64, _ epoch: Epoch, _ context: CausalContext,
        _ outcome: inout FrameOutcome
    ) throws(SQLiteError) {
        let own = try store.twin.context(device)
        var known = context
        while true {
            let (deltas, isMore) = try store.twin.deltas(
                device, of: own, since: known, bytes: settings.frameBytes)
            for delta in deltas { known.advance(delta.epoch, to: delta.upto) }
            outcome.replies.append(
                (
                    device,
                    .state(
                        request: request, session: store.epoch, reference: store.reference,
                        context: own, deltas: deltas, isLast: !isMore)
                ))
            guard isMore else { break }
        }
        // Of the hub's own writes a part may be lost on the way: the next `up` tells what came.
        var told = context
        told.merge(known.filtered(.device))
        sessions.open(device, epoch, told)
        wanted[device] = nil
    }

    /// Takes a device's copy of the history that this hub lost: its own dots, the hub's, and
    /// everybody's. Only after a `want`, as no device may claim others' dots otherwise.
    private func seed(
        _ device: String, _ request: UInt64, _ deltas: [IntervalDelta], _ isLast: Bool,
        _ outcome: inout FrameOutcome
    ) throws(SQLiteError) {
        guard let wanted = wanted[device], wanted.request == request else { return }
        guard try store.twin.join(device, deltas) else { return }
        for cell in deltas.flatMap(\.cells) { changed(device, cell, &outcome) }
        guard isLast else { return }
        // A part may be lost; the device then greets again. And what was written here since the
        // greeting is not known there.
        let own = try store.twin.context(device)
        guard own.covers(wanted.context) else { return }
        try open(device, request, wanted.epoch, wanted.context, &outcome)
    }

    private func log(
        _ device: String, _ session: Epoch, _ batch: LogBatch, _ outcome: inout FrameOutcome
    ) throws(SQLiteError) {
        guard session == store.epoch else {
            outcome.replies.append((device, .reset(session: store.epoch)))
            return
        }
        guard batch.sequence.epoch.role == .device else {
            return refuse(device, "a log under a hub's epoch", &outcome)
        }
        let before = try store.log.upto(device, batch.sequence)
        let upto = try store.log.ingest(device, batch)
        outcome.changed.insert(device)
        outcome.logRows += upto - before
        outcome.replies.append(
            (
                device,
                .logAcknowledged(session: session, sequence: batch.sequence, upto: upto)
            ))
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

    func changed(_ device: String, _ cell: Cell, _ outcome: inout FrameOutcome) {
        if let labels = Self.labels(of: cell) { outcome.labels[device] = labels }
        outcome.events.append(
            (
                "twin",
                [
                    "device": .string(device), "path": .string(cell.path.text),
                    "value": cell.value,
                ]
            ))
    }
}
