public import Platform
public import SQLiteStore
public import SyncProtocol

/// A board's side of the sync of one document: the session's directives carried out on the store
/// and in the words of the wire. Frames in, effects out.
public struct DeviceReplica: Sendable {
    /// To be carried out in order.
    public enum Effect: Sendable, Hashable {
        /// A frame for the hub.
        case send([UInt8])
        /// The hub's writes are joined and durable.
        case joined(JoinOutcome)
        /// The session stands: log frames may flow.
        case opened(Epoch)
        case closed
        case logAcknowledged(LogSequence, upto: UInt64)
        /// More of this board's writes is confirmed: see `confirmation`.
        case confirmed
        case event(SyncEvent)
        /// The store failed; what was to follow is left out.
        case failed(SQLiteError)
    }

    /// Nil for the board's own document.
    public let document: String?
    public private(set) var session: DeviceSession
    let codec: FrameCodec
    let frameBytes: Int
    /// The words of the session; while greeting, those of the one to come.
    private var wire: WireSession
    /// Own names that the open question carries.
    private var mark = 0
    /// Epochs joined since the last answered question, and those that the open one tells of.
    private var joined: Set<Epoch> = []
    private var told: Set<Epoch> = []
    /// The frame under way led to writes that the hub has to be told.
    private var isReissued = false
    var audit = RangeRepair()
    /// Parts of the answer under way that came before what they build on.
    var early = EarlyParts()

    /// - Parameter frameBytes: About how long a frame may be.
    public init(
        document: String? = nil, session: DeviceSession, codec: FrameCodec, epoch: Epoch,
        frameBytes: Int
    ) {
        self.document = document
        self.session = session
        self.codec = codec
        self.frameBytes = frameBytes
        wire = Self.blank(epoch)
    }

    /// The names of the session that frames of the log travel in; nil where none stands.
    public var isOpen: Bool { session.session != nil }

    /// What to keep in the store with the next commit.
    public var confirmation: AgentStore.Confirmation? {
        session.reference.map {
            AgentStore.Confirmation(context: session.confirmed, reference: $0)
        }
    }

    /// Names held for this session.
    public var nameCount: Int { wire.names.count }

    private static func blank(_ epoch: Epoch) -> WireSession {
        WireSession(device: epoch, hub: Epoch(nonce: 0))
    }

    // MARK: Events

    public mutating func onConnected(
        _ store: AgentStore, _ now: MonotonicTime
    ) -> [Effect] {
        perform(session.onConnected(now), store, now)
    }

    public mutating func onDisconnected(
        _ store: AgentStore, _ now: MonotonicTime
    ) -> [Effect] {
        early.removeAll()
        return perform(session.onDisconnected(), store, now)
    }

    /// The store has committed writes to this document.
    public mutating func onChanged(_ store: AgentStore, _ now: MonotonicTime) -> [Effect] {
        perform(session.onChanged(now), store, now)
    }

    public mutating func onTick(_ store: AgentStore, _ now: MonotonicTime) -> [Effect] {
        guard !early.isEmpty, let deadline = session.deadline, now >= deadline else {
            return perform(session.onTick(now), store, now)
        }
        // What they build on was lost on the way.
        early.removeAll()
        return perform(session.onBaseMissing(now), store, now)
    }

    /// The store was put aside for another one.
    public mutating func onStoreReplaced(
        _ store: AgentStore, _ now: MonotonicTime
    ) throws(SQLiteError) -> [Effect] {
        wire = Self.blank(store.epoch)
        (joined, told) = ([], [])
        audit = RangeRepair()
        let directives = session.onStoreReplaced(
            confirmed: try store.confirmed(document),
            reference: try store.hubReference(document), now)
        return perform(directives, store, now)
    }

    public mutating func receive(
        _ bytes: [UInt8], _ store: AgentStore, _ now: MonotonicTime
    ) -> [Effect] {
        let held = early.count
        var effects = take(bytes, store, now)
        // One that has to wait itself helps no other. Each round takes one part at least, or is the
        // last one.
        var waiting = early.count > held ? early.count : 0
        while !early.isEmpty, early.count != waiting {
            waiting = early.count
            for part in early.removeAll() { effects += take(part, store, now) }
        }
        return effects
    }

    private mutating func take(
        _ bytes: [UInt8], _ store: AgentStore, _ now: MonotonicTime
    ) -> [Effect] {
        let frame: Frame
        do {
            guard let read = try decode(bytes, store) else { return [] }
            frame = read
        } catch {
            let event = Effect.event(.frameRefused(reason: error.description))
            // The other side's words are not known here: begin with new ones.
            guard case .unknownName = error else { return [event] }
            return [event] + perform(session.onBaseMissing(now), store, now)
        }
        if case .logAcknowledged(let sequence, let upto) = frame {
            return [.logAcknowledged(sequence, upto: upto)]
        }
        let before = session.confirmed
        if case .down(let down) = frame, session.awaits(down.question), down.isLast {
            joined.subtract(told)
            told = []
        }
        var effects = perform(session.onFrame(frame, now), store, now)
        if isReissued {
            isReissued = false
            effects += perform(session.onChanged(now), store, now)
        }
        return session.confirmed == before ? effects : effects + [.confirmed]
    }

    /// A log frame in this session's words; nil where none stands.
    public mutating func encode(_ batch: LogBatch) -> [UInt8]? {
        guard isOpen else { return nil }
        return codec.encode(.log(batch), from: .device, session: &wire)
    }

    // MARK: Wire

    /// Nil for a frame of another session or an older greeting, and for one that has to wait.
    private mutating func decode(
        _ bytes: [UInt8], _ store: AgentStore
    ) throws(FrameError) -> Frame? {
        let header = try codec.header(bytes)
        if let tag = header.session {
            guard isOpen, tag == wire.tag else { return nil }
        } else if header.document != document ?? "" {
            return nil
        }
        var wire = self.wire
        let frame = try codec.decode(bytes, header, from: .hub, session: &wire)
        #if EDGE_MUTANTS
            if SyncMutant.active == .anyStateTaken, case .state = frame {
                self.wire = wire
                return frame
            }
        #endif
        if case .state(let state) = frame, session.phase != .greeting(request: state.request) {
            // The answer to another greeting names that one's epoch in few bits: here it would be
            // read as this one. What the hub says unasked is for any epoch.
            return state.request == 0 ? frame : nil
        }
        if isEarly(frame, store), early.add(bytes) { return nil }
        self.wire = wire
        if case .down(let down) = frame, session.awaits(down.question), down.isLast {
            self.wire.names.confirm(mark)
        }
        return frame
    }

    mutating func send(_ frame: Frame) -> Effect {
        .send(
            codec.encode(frame, from: .device, session: &wire, document: document ?? ""))
    }

    // MARK: Directives

    private mutating func perform(
        _ directives: [DeviceSession.Directive], _ store: AgentStore, _ now: MonotonicTime
    ) -> [Effect] {
        var effects: [Effect] = []
        for directive in directives {
            do throws(SQLiteError) {
                let isDone = try perform(directive, store, &effects)
                guard isDone else {
                    return effects + perform(session.onBaseMissing(now), store, now)
                }
            } catch {
                if case .join = directive { session.onJoinFailed(now) }
                return effects + [.failed(error)]
            }
        }
        return effects
    }

    /// False where a base is missing.
    private mutating func perform(
        _ directive: DeviceSession.Directive, _ store: AgentStore, _ effects: inout [Effect]
    ) throws(SQLiteError) -> Bool {
        switch directive {
        case .greet(let request, let reference):
            early.removeAll()
            wire = Self.blank(store.epoch)
            (joined, told) = ([], [])
            audit.onGreeting()
            let (deltas, _) = try store.unconfirmed(
                session.confirmed, document: document, bytes: frameBytes)
            session.onSent(deltas)
            effects.append(
                send(
                    .hello(
                        Frame.Hello(
                            request: request, epoch: store.epoch, reference: reference,
                            recent: try store.recent(document), deltas: deltas))))
            // The greeting stands for itself; the session's own names begin after it.
            wire = Self.blank(store.epoch)
        case .seed(let request, let done):
            let (deltas, isMore) = try store.seed(
                after: done, document: document, bytes: frameBytes)
            effects.append(
                send(.seed(request: request, deltas: deltas, isLast: !isMore)))
            wire = Self.blank(store.epoch)
        case .ask(let question): try ask(question, store, &effects)
        case .join(let answer):
            try reissue(answer.covered, store, &effects)
            guard let outcome = try store.join(answer, document: document) else {
                return answer.isNews
            }
            joined.formUnion(answer.deltas.map(\.epoch))
            let isComplete = try store.twin.document(document ?? AgentStore.own)
                .covers(answer.complete)
            guard isComplete else { return false }
            if outcome != JoinOutcome() { effects.append(.joined(outcome)) }
        case .compare(let root): try compare(root, store, &effects)
        case .repair(let differ): try repair(differ, store, &effects)
        case .opened(let session): effects.append(.opened(session))
        case .closed: effects.append(.closed)
        case .reportReset: effects.append(.event(.hubResetDetected))
        case .reportPause(let sessions, let wait):
            let reason =
                "what the hub answers does not join what is here, \(sessions) sessions in a row: "
                + "greeted again in \(wait.count) ms"
            effects.append(.event(.frameRefused(reason: reason)))
        case .report(let refusal): effects.append(.event(.refused(reason: refusal)))
        }
        return true
    }

    private mutating func ask(
        _ question: UInt8, _ store: AgentStore, _ effects: inout [Effect]
    ) throws(SQLiteError) {
        let (deltas, isMore) = try store.unconfirmed(
            session.confirmed, document: document, bytes: frameBytes)
        session.onSent(deltas)
        early.removeAll()
        told = joined
        var read = CausalContext()
        for epoch in told {
            read.advance(
                epoch, to: try store.twin.document(document ?? AgentStore.own).seen(epoch))
        }
        let isOfHub = read.counters.keys.allSatisfy { $0 == session.session }
        let asksRoot = audit.onQuestion(isIdle: deltas.isEmpty && told.isEmpty) && isOfHub
        effects.append(
            send(
                .up(
                    Frame.Up(
                        question: question, deltas: deltas, joined: read, asksRoot: asksRoot))))
        mark = wire.names.mark
        #if EDGE_MUTANTS
            if SyncMutant.active == .namesConfirmedEarly { wire.names.confirm(mark) }
        #endif
        // Counts as a change: the rest goes as soon as this part is answered.
        if isMore { _ = session.onChanged(MonotonicTime(milliseconds: 0)) }
    }

    /// The hub acknowledges more of this opening than it wrote: somebody else spoke in its name,
    /// or a frame was forged. What the hub took for seen it will not join, so all that it may lack
    /// is written again, beyond what it claims.
    private mutating func reissue(
        _ covered: CausalContext, _ store: AgentStore, _ effects: inout [Effect]
    ) throws(SQLiteError) {
        let claimed = covered[store.epoch]
        guard try claimed > store.twin.document(document ?? AgentStore.own).seen(store.epoch)
        else { return }
        guard claimed <= AgentStore.claimMaximum else {
            let reason = "the hub acknowledges write \(claimed) of this opening, which has no such"
            return effects.append(.event(.frameRefused(reason: reason)))
        }
        try store.reissue(document: document, above: claimed)
        effects.append(.event(.forkDetected(device: store.device, epochs: [store.epoch])))
        isReissued = true
    }
}
