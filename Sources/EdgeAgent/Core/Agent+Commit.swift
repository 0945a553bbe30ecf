import Platform
import SQLiteStore
import SyncProtocol

extension Agent {
    func write(_ path: TwinPath, _ value: Value, _ priority: MessagePriority) {
        stage.write(path, value)
        schedule.onStaged(priority, at: now)
    }

    func append(_ priority: MessagePriority, key: String, _ value: Value) {
        append(to: priority.stream, priority, key: key, value)
    }

    func append(to stream: String, _ priority: MessagePriority, key: String, _ value: Value) {
        let reading = world.timekeeper.now()
        observe(reading)
        let row = LogRow(time: clock.time(reading), key: key, value: value)
        stage.append(row, to: stream, priority)
        schedule.onStaged(priority, at: reading.monotonic)
    }

    func event(_ key: String, _ fields: [(String, Value)]) {
        let value = Value.object(fields)
        world.report("event \(key) \(value.json)")
        append(.event, key: key, value)
    }

    /// Notices a clock that was set, so that rows from before it can be corrected.
    func observe(_ reading: ClockReading) {
        guard let change = clock.observe(reading) else { return }
        stage.clock = change.clock
        let row = LogRow(
            time: clock.time(reading), key: "clock.set",
            value: .object([
                ("quality", .string(clock.qualityText)), ("jump_ms", .int(change.jump.count)),
            ]))
        stage.append(row, to: MessagePriority.event.stream, .event)
        schedule.onStaged(.event, at: reading.monotonic)
    }

    /// Makes what is staged durable, then lets it be known: to the local broker, which may forget
    /// its messages, and to the hub.
    func commit() {
        guard !stage.isEmpty else {
            acknowledgeBus()
            return schedule.onCommitted()
        }
        let reading = world.timekeeper.now()
        let believed = clock.believed(reading)
        let committed: AgentStore.Committed
        do {
            committed = try store.commit(
                stage.batch(now: believed, floor: clock.isSynchronized ? believed : nil))
        } catch {
            return storeFailed(error)
        }
        stage = Stage()
        schedule.onCommitted()
        acknowledgeBus()
        forgetExits()
        offerRows()
        if isStoreFailing {
            isStoreFailing = false
            event("store.recovered", [])
        }
        for fault in committed.refused where complaints.allows("write", at: reading.monotonic) {
            event("twin.refused", [("reason", .string(fault.description))])
        }
        if !committed.documents.isEmpty { carryOut(sync.onChanged(store, reading.monotonic)) }
        if committed.changed.contains(where: { $0.kind == .lastWriterWins }) { reconcile() }
        keepBoundsIfNeeded(reading)
    }

    private func acknowledgeBus() {
        guard bus.delivered > bus.acknowledged else { return }
        bus.acknowledged = bus.delivered
        world.bus?.acknowledge(through: bus.delivered)
    }

    private func forgetExits() {
        for identity in takenExits { world.processes.forget(identity) }
        takenExits = []
    }

    func offerRows() {
        for stream in store.outbox.streams.values {
            feeder.onCommitted(
                stream.sequence, priority: stream.priority, last: stream.last,
                acknowledged: stream.acknowledged)
        }
    }

    /// Nothing that is staged is given up and nothing is acknowledged: the local broker keeps its
    /// messages, and the next try comes by itself.
    func storeFailed(_ error: SQLiteError) {
        schedule.onFailed(at: now)
        if error.kind == .damaged {
            world.report("error store: \(error); it is put aside")
            return quarantine(error.description)
        }
        guard !isStoreFailing else { return }
        isStoreFailing = true
        world.report(
            error.kind == .full
                ? "error store: the disk is full (\(error)); free space in "
                    + "\(configuration.state.directory), and the agent goes on by itself"
                : "error store: cannot write (\(error)); nothing is lost, and it is tried again")
        event(
            error.kind == .full ? "store.full" : "store.failing",
            [("reason", .string(error.description))])
    }

    /// Checks the whole file, once, after a stop that was not clean.
    func checkStore() {
        checkDue = nil
        do {
            let faults = try store.quickCheck()
            if !faults.isEmpty { quarantine(faults.joined(separator: "; ")) }
        } catch {
            storeFailed(error)
        }
    }

    /// Renews the copy that takes the place of a damaged database.
    func copyStore(_ now: MonotonicTime) {
        copyDue = now + Agent.copyInterval
        let draft = opener.copyPath + ".new"
        do {
            for suffix in ["", "-wal", "-shm"] { try world.fileSystem.remove(draft + suffix) }
            try store.copyTwin(to: draft)
            try world.fileSystem.rename(draft, to: opener.copyPath)
        } catch {
            // The copy before stays; a store that fails says so by itself.
            world.report("warning store: the daily copy failed: \(error)")
        }
    }

    /// What an operator should know of how the store came to be.
    func noteOrigin(_ origin: StoreOpener.Origin) {
        switch origin {
        case .opened, .created: break
        case .replaced(let damaged, let copy, let reason):
            event(
                "store.quarantined",
                [
                    ("reason", .string(reason)), ("file", .string(damaged)),
                    ("continued_from", .string(copy ?? "the hub")),
                ])
        case .setAside(let file, let owner):
            event("store.set_aside", [("owner", .string(owner)), ("file", .string(file))])
        }
    }

    /// Puts a damaged database aside and goes on with the last good copy, or from the hub.
    private func quarantine(_ reason: String) {
        let epoch = Epoch(random: world.entropy.next(), role: .device)
        do {
            let (fresh, origin) = try opener.replace(
                epoch: epoch, now: world.timekeeper.now().wall, reason: reason)
            store = fresh
            feeder = LogFeeder(settings: feeder.settings)
            noteOrigin(origin)
            offerRows()
            // What the hub holds of this board comes back with the next greeting.
            carryOut(try sync.onStoreReplaced(fresh, now))
            schedule.onRequested(at: now)
        } catch {
            world.report("error store: no new database could be made: \(error)")
        }
    }

    private func keepBoundsIfNeeded(_ reading: ClockReading) {
        guard let used = try? store.bytesUsed(), used > Int64(configuration.state.logBytesMax)
        else { return }
        keepBounds(reading)
    }

    func keepBounds(_ reading: ClockReading) {
        upkeepDue = reading.monotonic + Agent.upkeepInterval
        do {
            let dropped = try store.enforceBounds(
                sent: feeder.sent, now: clock.isSynchronized ? reading.wall : nil)
            guard !dropped.isEmpty else { return }
            offerRows()
            var rows: [String: UInt64] = [:]
            for drop in dropped { rows[drop.stream, default: 0] += drop.rows }
            guard complaints.allows("log.evicted", at: reading.monotonic) else { return }
            event(
                "log.evicted",
                rows.sorted { $0.key < $1.key }.map { ($0.key, .int(Int64($0.value))) })
        } catch {
            storeFailed(error)
        }
    }
}
