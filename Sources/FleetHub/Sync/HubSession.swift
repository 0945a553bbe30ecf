import SyncProtocol

/// What the hub knows of one open session.
struct HubSession {
    var wire: WireSession
    /// What the device said that it has joined, of epochs that moved since `since`.
    var known: CausalContext
    /// The device has joined all that the hub had at this commit.
    let since: UInt64
    /// Epochs that this device was found to own.
    var owned: Set<Epoch> = []
    /// The device has spoken in this session, so it lived when the session was opened.
    var isProven = false
    /// Own names that the last whole answer carried, and what it brought the device to.
    var answer: (mark: Int, context: CausalContext) = (0, CausalContext())

    init(wire: WireSession, known: CausalContext, since: UInt64) {
        self.wire = wire
        self.known = known
        self.since = since
    }

    var device: Epoch { wire.device }

    /// Takes note of what the device has joined. Names of an answer that it joined need not be
    /// spelled again.
    mutating func onJoined(_ context: CausalContext) {
        known.merge(context)
        if known.covers(answer.context) { wire.names.confirm(answer.mark) }
    }
}

/// The open sessions, by device and document. In memory: a hub that restarts has a new epoch, so
/// every session of the old one is reset and says hello again.
///
/// Kept per device *epoch*: two boards with one identity are two readers.
struct SessionTable {
    /// Sessions of one device about one document. The oldest is reset when it speaks again.
    static let perDocument = 4

    private var sessions: [String: [String: [HubSession]]] = [:]

    /// The sessions about a document, in the order of their opening.
    func about(_ document: String, of device: String) -> [HubSession] {
        sessions[device]?[document] ?? []
    }

    func documents(of device: String) -> [String] { (sessions[device]?.keys.sorted()) ?? [] }

    /// Devices with a session about a shared document.
    func devices(about document: String) -> [String] {
        sessions.filter { $0.value[document] != nil }.map(\.key).sorted()
    }

    func find(_ device: String, tag: UInt32) -> (document: String, session: HubSession)? {
        for (document, list) in sessions[device] ?? [:] {
            if let session = list.first(where: { $0.wire.tag == tag }) {
                return (document, session)
            }
        }
        return nil
    }

    mutating func open(_ device: String, _ document: String, _ session: HubSession) {
        var list = about(document, of: device)
        list.removeAll { $0.wire.tag == session.wire.tag }
        if list.count == Self.perDocument { list.removeFirst() }
        list.append(session)
        sessions[device, default: [:]][document] = list
    }

    mutating func update(_ device: String, _ document: String, _ session: HubSession) {
        guard
            let index = sessions[device]?[document]?.firstIndex(where: {
                $0.wire.tag == session.wire.tag
            })
        else { return }
        sessions[device]?[document]?[index] = session
    }

    mutating func close(_ device: String, _ document: String, tag: UInt32) {
        sessions[device]?[document]?.removeAll { $0.wire.tag == tag }
    }

    mutating func close(_ device: String) { sessions[device] = nil }

    var count: Int { sessions.values.reduce(0) { $0 + $1.values.reduce(0) { $0 + $1.count } } }
}
