public import Platform
public import SQLiteStore
public import SyncProtocol

/// The hub's side of all sync sessions: frames in, answers out, joined into the store inside the
/// caller's transaction. A value, so that a transaction which fails takes its changes back too.
public struct HubReplica: Sendable {
    public struct Settings: Sendable {
        /// A stamp further ahead than this is replaced at acceptance by the hub's own clock.
        public var clockDriftMaximum: Milliseconds = 60_000
        /// About how long one frame may be; longer answers are several.
        public var frameBytes = 64 << 10
        /// What one epoch wrote is cut only beyond this; see `TwinStorage.deltas`.
        public var intervalBytes = FrameBounds.interval
        /// Removal records kept for a document. A device that was away for more of them gets the
        /// whole document.
        public var removalsMaximum: Int64 = 512

        /// No clock that reads earlier is right: 2026-01-01T00:00:00Z, before the first release.
        public var clockEarliest = WallTime(milliseconds: 1_767_225_600_000)
        /// What a hub whose own clock cannot be right takes all the same: the devices know better,
        /// and to lower all that they say would put their later writes before earlier ones.
        public var clockUnknownSpan: Milliseconds = 10 * 365 * 86_400_000

        public init() {}

        /// The latest wall time that a stamp may bear, by the hub's clock.
        func latestStamp(_ now: WallTime) -> WallTime {
            guard now < clockEarliest else {
                return WallTime(milliseconds: now.milliseconds + clockDriftMaximum.count)
            }
            return WallTime(milliseconds: clockEarliest.milliseconds + clockUnknownSpan.count)
        }
    }

    /// What one frame led to, for after COMMIT.
    public struct Outcome: Sendable {
        /// Answers to the device.
        public var replies: [[UInt8]] = []
        /// Cells that are new in a document.
        public var changed: [(document: String, cell: Cell)] = []
        public var removed: [(document: String, cell: Cell)] = []
        public var events: [SyncEvent] = []
        /// Log rows that a session brought, to be ingested and acknowledged.
        public var log: (batch: LogBatch, tag: UInt32)?

        public init() {}
    }

    let settings: Settings
    let codec: FrameCodec
    /// By device.
    private var memories: [String: DeviceMemory] = [:]

    public init(settings: Settings = Settings(), codec: FrameCodec = FrameCodec()) {
        self.settings = settings
        self.codec = codec
    }

    /// Whether a frame can be answered without writing anything.
    public func isQuestion(_ frame: Frame) -> Bool {
        switch frame {
        case .up(let up): up.deltas.isEmpty
        default: false
        }
    }

    /// False for what cannot be a question, without reading it.
    func mayBeQuestion(_ bytes: [UInt8]) -> Bool { codec.isQuestion(bytes) }

    /// A decoded frame with what it takes to answer it.
    public struct Incoming: Sendable {
        public let frame: Frame
        let document: String
        /// The session that it names, with the names that it spelled; nil where none is open.
        let session: HubSession?
        let tag: UInt32
    }

    /// Reads a frame in the words of its session.
    public func decode(
        _ bytes: [UInt8], from device: String
    ) throws(FrameError) -> Incoming {
        let header = try codec.header(bytes)
        var wire = WireSession(device: Epoch(nonce: 0), hub: Epoch(nonce: 0))
        guard let tag = header.session else {
            let frame = try codec.decode(bytes, header, from: .device, session: &wire)
            let document = header.document.isEmpty ? device : header.document
            return Incoming(frame: frame, document: document, session: nil, tag: 0)
        }
        guard let (document, found) = memories[device]?.session(tag) else {
            // Nothing of it can be read, and nothing need be: it is told to greet.
            return Incoming(frame: .reset, document: device, session: nil, tag: tag)
        }
        var session = found
        let frame = try codec.decode(bytes, header, from: .device, session: &session.wire)
        return Incoming(frame: frame, document: document, session: session, tag: tag)
    }

    public mutating func receive(
        _ incoming: Incoming, from device: String, _ store: HubStore, now: WallTime
    ) throws(SQLiteError) -> Outcome {
        var outcome = Outcome()
        let document = incoming.document
        guard document == device || Self.isShared(document) else {
            refuse("no document \(document) for this device", document, &outcome)
            return outcome
        }
        switch incoming.frame {
        case .hello(let hello): try greet(device, document, hello, store, now, &outcome)
        case .seed(let request, let deltas, let isLast):
            try seed(device, document, request, deltas, isLast, store, now, &outcome)
        case .up(let up):
            guard var session = incoming.session else { return reset(incoming.tag) }
            try answer(device, document, up, &session, store, now, &outcome)
        case .compare(let compare):
            guard var session = incoming.session else { return reset(incoming.tag) }
            try self.compare(device, document, compare, &session, store, now, &outcome)
            self[device, document].update(session)
        case .log(let batch):
            guard incoming.session != nil, document == device else { return reset(incoming.tag) }
            outcome.log = (batch, incoming.tag)
        case .reset where incoming.session == nil: return reset(incoming.tag)
        case .state, .want, .down, .logAcknowledged, .reset, .hint, .refused,
            .differ:
            refuse("a device sends no such frame", Self.name(document), &outcome)
        }
        return outcome
    }

    /// Shared documents have a slash in their name, which no device's has.
    public static func isShared(_ document: String) -> Bool { document.utf8.contains(0x2F) }

    /// A document's name in a frame that belongs to no session: empty for the device's own.
    static func name(_ document: String) -> String { isShared(document) ? document : "" }

    // MARK: Memory

    /// What is known of a device's sessions about a document.
    subscript(device: String, document: String) -> DeviceMemory.Document {
        get { memories[device]?[document] ?? DeviceMemory.Document(name: document) }
        set { memories[device, default: DeviceMemory()][document] = newValue }
    }

    func memory(of device: String) -> DeviceMemory { memories[device] ?? DeviceMemory() }

    /// Devices with a session about a document.
    func devices(about document: String) -> [String] {
        memories.filter { !$0.value[document].sessions.isEmpty }.map(\.key).sorted()
    }

    public mutating func forget(_ device: String) { memories[device] = nil }

    /// What is kept of some devices, to go back to where a transaction fails. Of these alone: a
    /// copy of all would cost each batch the size of the fleet.
    func memories(of devices: Set<String>) -> [String: DeviceMemory] {
        devices.reduce(into: [:]) { $0[$1] = memory(of: $1) }
    }

    mutating func goBack(to earlier: [String: DeviceMemory]) {
        for (device, memory) in earlier {
            memories[device] = memory.documents.isEmpty ? nil : memory
        }
    }

    // MARK: Frames

    public func logAcknowledged(
        _ sequence: LogSequence, upto: UInt64, to device: String, tag: UInt32
    ) -> [UInt8]? {
        guard var (_, session) = memories[device]?.session(tag) else { return nil }
        return codec.encode(
            .logAcknowledged(sequence: sequence, upto: upto), from: .hub, session: &session.wire)
    }

    /// - Parameter document: A shared one's name; empty for the device's own, and for the device
    ///   as a whole.
    public func refused(_ reason: String, _ document: String = "") -> [UInt8] {
        var wire = WireSession(device: Epoch(nonce: 0), hub: Epoch(nonce: 0))
        return codec.encode(
            .refused(reason: reason), from: .hub, session: &wire, document: document)
    }

    /// The refusal of a frame, about the document that it is about.
    func refused(_ reason: String, to incoming: Incoming) -> [UInt8] {
        refused(reason, Self.name(incoming.document))
    }

    /// Tells a device which opening of the hub's store this is, and that there may be news.
    ///
    /// - Parameter document: What of; a shared one has a session of its own.
    public func hint(_ store: HubStore, of document: String = "") -> [UInt8] {
        var wire = WireSession(device: Epoch(nonce: 0), hub: Epoch(nonce: 0))
        return codec.encode(
            .hint(hub: store.epoch), from: .hub, session: &wire, document: Self.name(document))
    }

    /// The answer to a frame that names a session and cannot be read in its words; nil for one
    /// that names none, or was damaged on its way.
    public func reset(for bytes: [UInt8]) -> [UInt8]? {
        guard let tag = try? codec.header(bytes).session else { return nil }
        return codec.encode(.reset, from: .hub, tag: tag)
    }

    func reset(_ tag: UInt32) -> Outcome {
        var outcome = Outcome()
        outcome.replies.append(codec.encode(.reset, from: .hub, tag: tag))
        return outcome
    }

    func refuse(_ reason: String, _ document: String, _ outcome: inout Outcome) {
        outcome.events.append(.frameRefused(reason: reason))
        outcome.replies.append(refused(reason, document))
    }

    /// All that the hub has of a document, for a device that it has heard nothing of: facts, which
    /// open no session.
    public func unasked(
        _ document: String, _ store: HubStore, now: WallTime
    ) throws(SQLiteError) -> [UInt8] {
        let (deltas, _) = try store.twin.document(document).parts(
            of: try everything(document, store), bytes: settings.frameBytes,
            intervalBytes: settings.intervalBytes, isWhole: true)
        var wire = WireSession(
            device: Epoch(nonce: 0), hub: store.epoch, base: now, commit: store.commit)
        let state = Frame.State(
            request: 0, reference: store.reference, time: now, context: CausalContext(),
            deltas: deltas, isLast: false)
        return codec.encode(
            .state(state), from: .hub, session: &wire,
            document: Self.isShared(document) ? document : "")
    }

    /// What the hub has that a device lacks, for each of its sessions about a document: sent
    /// without being asked, so that a wish arrives in half a round trip.
    public mutating func news(
        of document: String, to device: String, _ store: HubStore
    ) throws(SQLiteError) -> [[UInt8]] {
        var frames: [[UInt8]] = []
        for var session in self[device, document].sessions where session.isProven {
            guard
                let plan = try missing(
                    document, session.known, session.since, isWhole: session.whole != nil, store),
                !plan.isEmpty
            else { continue }
            let (deltas, _) = try store.twin.document(document).parts(
                of: plan, bytes: settings.frameBytes,
                intervalBytes: settings.intervalBytes, isWhole: session.whole != nil)
            let down = Frame.Down(question: nil, commit: store.commit, deltas: deltas)
            frames.append(codec.encode(.down(down), from: .hub, session: &session.wire))
            self[device, document].update(session)
        }
        return frames
    }
}
