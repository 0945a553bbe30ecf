import Platform
import SQLiteStore
import SyncProtocol

extension HubReplica {
    mutating func greet(
        _ device: String, _ document: String, _ hello: Frame.Hello, _ store: HubStore,
        _ now: WallTime, _ outcome: inout Outcome
    ) throws(SQLiteError) {
        guard hello.epoch.role == .device else {
            return refuse("a greeting in a hub's epoch", Self.name(document), &outcome)
        }
        guard hasRoom(device, document) else {
            return refuse("too many documents of one device", Self.name(document), &outcome)
        }
        // The network brought it twice. A second answer would give other numbers to names than the
        // one that the device may have read; who got none greets anew.
        let isRepeated = self[device, document].sessions.contains {
            $0.wire.request == hello.request
        }
        guard !isRepeated else { return }
        var owned: Set<Epoch> = []
        let speaker = IntervalDelta(epoch: hello.epoch, since: 0, upto: 0, cells: [])
        if let fault = try fault(device, document, hello.deltas + [speaker], owned, store) {
            return refuse(fault, Self.name(document), &outcome)
        }
        if document == device, let epoch = try foreignEpoch(hello, device, store) {
            return refuse(
                "the card holds the document of another device (epoch \(epoch.text))",
                Self.name(document), &outcome)
        }
        try claim([speaker], device, &owned, store)
        let twin = store.twin.document(document)
        if try isRestored(device, document, hello, twin, store) {
            noteRestored(device, hello.epoch, &outcome)
        }
        if try lacks(hello, twin, store) {
            return want(device, document, hello, &outcome)
        }
        self[device, document].wanted = nil
        // Where the base is missing, the first question brings it all.
        let taken = try join(device, document, hello.deltas, store, now, &outcome)
        if taken != nil { try claim(hello.deltas, device, &owned, store) }
        let joined = taken ?? Joined()
        // That commit may hold writes which came in one batch with the device's question, after
        // the answer to it was made: it counts as not read.
        let since = max(hello.reference?.commit ?? 0, 1) - 1
        let isBehind = try isBehind(device, document, hello, twin, store)
        try open(
            device, document, hello, known: hello.recent, since: since, owned, joined, store, now,
            &outcome)
        guard isBehind, var session = self[device, document].sessions.last else { return }
        session.isBehind = true
        self[device, document].update(session)
    }

    /// Whether a device knows of history that is not here: this database was lost or restored, or
    /// the device was removed and joins again. Hub writes that it holds must come back then: their
    /// dots would else be given a second time, and the device would take the new for the old.
    private func lacks(
        _ hello: Frame.Hello, _ twin: TwinDocument, _ store: HubStore
    ) throws(SQLiteError) -> Bool {
        if let reference = hello.reference, try !store.knows(reference) { return true }
        for entry in hello.recent.sorted where entry.epoch.role == .hub {
            if entry.counter > (try twin.seen(entry.epoch)) { return true }
        }
        return false
    }

    private mutating func want(
        _ device: String, _ document: String, _ hello: Frame.Hello, _ outcome: inout Outcome
    ) {
        if self[device, document].wanted?.hello.epoch == hello.epoch {
            self[device, document].wanted?.hello = hello
        } else {
            self[device, document].wanted = DeviceMemory.Wanted(hello: hello)
            outcome.events.append(.hubResetDetected)
        }
        ask(for: document, self[device, document].wanted, &outcome)
    }

    private func ask(for document: String, _ wanted: DeviceMemory.Wanted?, _ outcome: inout Outcome)
    {
        guard let wanted else { return }
        var wire = WireSession(device: wanted.hello.epoch, hub: Epoch(nonce: 0))
        let want = Frame.want(request: wanted.hello.request, have: wanted.have)
        outcome.replies.append(
            codec.encode(
                want, from: .hub, session: &wire,
                document: Self.isShared(document) ? document : ""))
    }

    /// An earlier epoch of a device that it knows less of than the hub was continued elsewhere: on
    /// the disk before the backup, or on the card's other copy.
    ///
    /// In a shared document only epochs of its own count: who is behind with what others wrote
    /// there was just away.
    private func isRestored(
        _ device: String, _ document: String, _ hello: Frame.Hello, _ twin: TwinDocument,
        _ store: HubStore
    ) throws(SQLiteError) -> Bool {
        for entry in hello.recent.sorted
        where entry.epoch.role == .device && entry.epoch != hello.epoch {
            guard entry.counter < (try twin.seen(entry.epoch)) else { continue }
            if document == device { return true }
            if try store.isOwn(entry.epoch, of: device) { return true }
        }
        return false
    }

    /// An epoch of another device that a greeting about the device's own document knows of: the
    /// board was given the other's card. Nobody but its device writes to a device's document, so
    /// even where all of the card is confirmed, it is not this device's past.
    private func foreignEpoch(
        _ hello: Frame.Hello, _ device: String, _ store: HubStore
    ) throws(SQLiteError) -> Epoch? {
        for entry in hello.recent.sorted where entry.epoch.role == .device {
            if try store.isOthers(entry.epoch, than: device) { return entry.epoch }
        }
        return nil
    }

    /// Whether a board knows nothing of the epoch in which its device wrote last.
    private func isBehind(
        _ device: String, _ document: String, _ hello: Frame.Hello, _ twin: TwinDocument,
        _ store: HubStore
    ) throws(SQLiteError) -> Bool {
        // Where there are more than a greeting names, it may be one that it leaves out.
        guard hello.recent.counters.count < FrameBounds.recent else { return false }
        let others = try twin.epochs(movedAfter: 0).reversed().filter {
            $0.epoch.role == .device && $0.epoch != hello.epoch
        }
        for entry in others.prefix(Self.ownersAskedMaximum) {
            let isOwn = try store.isOwn(entry.epoch, of: device)
            guard isOwn || document == device else { continue }
            return hello.recent[entry.epoch] == 0
        }
        return false
    }

    /// Epochs of a shared document whose owners are looked up to find the device's latest.
    private static let ownersAskedMaximum = 64

    /// Says it once of each greeter.
    mutating func noteRestored(_ device: String, _ epoch: Epoch, _ outcome: inout Outcome) {
        var told = self[device, device].reports.restored
        guard !told.contains(epoch) else { return }
        if told.count == DeviceMemory.restoredMaximum { told.removeFirst() }
        self[device, device].reports.restored = told + [epoch]
        outcome.events.append(.restoreDetected(device: device))
    }

    /// Takes a device's copy of the history that this hub lost: its own dots, the hub's, and
    /// everybody's. Only after a `want`, as no device may claim others' dots otherwise.
    mutating func seed(
        _ device: String, _ document: String, _ request: UInt64, _ deltas: [IntervalDelta],
        _ isLast: Bool, _ store: HubStore, _ now: WallTime, _ outcome: inout Outcome
    ) throws(SQLiteError) {
        guard var wanted = self[device, document].wanted else {
            // It was on its way while another process or another session took over. Who still
            // waits for an answer greets again.
            return
        }
        // A part for an earlier greeting was long on its way.
        guard wanted.hello.request == request else { return }
        guard !deltas.contains(where: { isUnborn($0, document, store) }) else {
            return refuse(
                "a copy with writes that this hub never made", Self.name(document), &outcome)
        }
        // A part that came twice was answered; where the answer was lost, the device asks again.
        let isRepeated = deltas.allSatisfy { $0.upto <= wanted.have[$0.epoch] }
        guard isLast || deltas.isEmpty || !isRepeated else { return }
        // Parts follow one another; what came too early is asked for again.
        guard deltas.allSatisfy({ $0.since <= wanted.have[$0.epoch] }) else {
            return ask(for: document, wanted, &outcome)
        }
        let twin = store.twin.document(document)
        var accepted = try accept(device, deltas, twin, store, now, &outcome)
        #if EDGE_MUTANTS
            if SyncMutant.active == .seedWithoutHub {
                accepted = accepted.filter { $0.epoch.role == .device }
            }
        #endif
        guard let joined = try twin.join(accepted, keepsRemovals: true, isCopy: true) else {
            return ask(for: document, wanted, &outcome)
        }
        outcome.changed += joined.changed.map { (document, $0) }
        outcome.removed += joined.removed.map { (document, $0) }
        try pass(on: joined.dropped, twin, store)
        for delta in deltas {
            wanted.have.advance(delta.epoch, to: delta.upto)
            // The records that were in this interval are not in the copy.
            try twin.raiseFloor(of: delta.epoch, to: delta.upto)
        }
        try twin.collectRemovals(maximum: settings.removalsMaximum)
        let differing = try winners(over: deltas.flatMap(\.cells), twin)
        wanted.differing.formUnion(differing.map(\.path))
        self[device, document].wanted = wanted
        guard isLast else { return ask(for: document, wanted, &outcome) }
        self[device, document].wanted = nil
        var winners: [Cell] = []
        for path in wanted.differing.sorted() {
            if let cell = try twin.register(path) { winners.append(cell) }
        }
        try open(
            device, document, wanted.hello, known: CausalContext(), since: 0, [],
            Joined(winners: winners), isWhole: true, store, now, &outcome)
    }

    /// Dots of this opening that it has not given would be taken for seen once they are.
    private func isUnborn(
        _ delta: IntervalDelta, _ document: String, _ store: HubStore
    ) -> Bool {
        delta.epoch == store.epoch && delta.upto > store.given[document] ?? 0
    }

    /// Answers `hello` with what the device lacks, in as many frames as it takes.
    private mutating func open(
        _ device: String, _ document: String, _ hello: Frame.Hello, known: CausalContext,
        since: UInt64, _ owned: Set<Epoch>, _ joined: Joined, isWhole: Bool = false,
        _ store: HubStore, _ now: WallTime, _ outcome: inout Outcome
    ) throws(SQLiteError) {
        let twin = store.twin.document(document)
        var known = known
        for delta in hello.deltas where (try twin.seen(delta.epoch)) >= delta.upto {
            known.advance(delta.epoch, to: delta.upto)
        }
        let isWhole = isWhole || self[device, document].whole != nil
        let partial =
            isWhole ? nil : try missing(document, known, since, isWhole: false, store)
        var intervals = partial ?? []
        if partial == nil { intervals = try everything(document, store) }
        var context = CausalContext()
        for epoch in hello.recent.counters.keys { context.advance(epoch, to: try twin.seen(epoch)) }
        for interval in intervals { context.advance(interval.epoch, to: interval.upto) }
        for delta in hello.deltas {
            context.advance(delta.epoch, to: try twin.seen(delta.epoch))
        }
        var session = HubSession(
            wire: WireSession(
                device: hello.epoch, hub: store.epoch, request: hello.request, base: now,
                commit: store.commit),
            // Of the whole, nothing is known until the first question tells what came.
            known: partial == nil ? CausalContext() : known, since: partial == nil ? 0 : since)
        session.owned = owned
        var told = CausalContext()
        for interval in intervals { told.advance(interval.epoch, to: interval.since) }
        while true {
            let left = intervals.map {
                (epoch: $0.epoch, since: told[$0.epoch], upto: $0.upto)
            }.filter { $0.upto > $0.since }
            let (deltas, isMore) = try twin.parts(
                of: left, bytes: settings.frameBytes, intervalBytes: settings.intervalBytes,
                isWhole: partial == nil)
            for delta in deltas { told.advance(delta.epoch, to: delta.upto) }
            let state = Frame.State(
                request: hello.request, reference: store.reference, time: now,
                context: context, deltas: deltas,
                winners: isMore ? [] : joined.winners, dead: isMore ? [] : joined.dead,
                isLast: !isMore)
            outcome.replies.append(
                codec.encode(
                    .state(state), from: .hub, session: &session.wire,
                    document: Self.isShared(document) ? document : ""))
            guard isMore else { break }
        }
        session.answer = (session.wire.names.mark, told)
        if partial == nil {
            session.whole = told
            self[device, document].whole = session.wire.tag
        }
        self[device, document].open(session)
        note(DeviceMemory.Opening(epoch: hello.epoch, tag: session.wire.tag), device, document)
    }

    private func hasRoom(_ device: String, _ document: String) -> Bool {
        guard Self.isShared(document) else { return true }
        let known = memory(of: device).documents
        return known.contains { $0.name == document }
            || known.count < DeviceMemory.documentsMaximum
    }

    private mutating func note(
        _ opening: DeviceMemory.Opening, _ device: String, _ document: String
    ) {
        var list = self[device, document].openings
        list.append(opening)
        if list.count > DeviceMemory.openingsMaximum { list.removeFirst() }
        self[device, document].openings = list
    }
}
