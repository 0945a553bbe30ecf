import SyncProtocol

/// What the hub keeps in memory of one device: its sessions, and how they came about.
struct DeviceMemory: Sendable {
    /// What there is about one document.
    struct Document: Sendable {
        let name: String
        /// Open sessions, the latest last. Of a device *epoch* each: two boards with one identity
        /// are two readers.
        var sessions: [HubSession] = []
        /// The epochs that opened sessions, the latest last: how two boards with one key are told
        /// from one that restarted.
        var openings: [Opening] = []
        var wanted: Wanted?
        /// The session that brought a full state which its device has not read to the end. A part
        /// of one says that writes were seen whose removals another part carries out: what the
        /// device says that it has seen is no measure until it has read all.
        var whole: UInt32?
        var reports = Reports()

        var isEmpty: Bool {
            sessions.isEmpty && openings.isEmpty && wanted == nil && whole == nil
                && reports.isEmpty
        }
    }

    struct Opening: Sendable, Hashable {
        let epoch: Epoch
        let tag: UInt32
        /// The board spoke in the session, so it lived after its greeting was answered.
        var isProven = false
    }

    /// A history that this hub does not know, and how much of the device's copy has come.
    struct Wanted: Sendable {
        var hello: Frame.Hello
        var have = CausalContext()
        /// Registers that the hub holds otherwise than the copy does.
        var differing: Set<TwinPath> = []
    }

    /// What was told last. Two boards with one key take turns until someone parts them, and each
    /// turn would say it again.
    struct Reports: Sendable {
        /// The two epochs that spoke side by side.
        var fork: [Epoch] = []
        /// Who greeted with less than the hub knows of its past.
        var restored: [Epoch] = []

        var isEmpty: Bool { fork.isEmpty && restored.isEmpty }
    }

    /// Sessions of one device about one document. The oldest is reset when it speaks again.
    static let sessionsMaximum = 4
    /// Openings remembered of one document.
    static let openingsMaximum = 8
    /// Greeters remembered that were behind.
    static let restoredMaximum = 8
    /// Documents that one device has sessions about, its own among them.
    static let documentsMaximum = 64

    /// Few, mostly one.
    private(set) var documents: [Document] = []

    subscript(name: String) -> Document {
        get { documents.first { $0.name == name } ?? Document(name: name) }
        set {
            let place = documents.firstIndex { $0.name == name }
            switch (place, newValue.isEmpty) {
            case (let place?, false): documents[place] = newValue
            case (let place?, true): documents.remove(at: place)
            case (nil, false): documents.append(newValue)
            case (nil, true): break
            }
        }
    }

    func session(_ tag: UInt32) -> (document: String, session: HubSession)? {
        for document in documents {
            if let session = document.sessions.first(where: { $0.wire.tag == tag }) {
                return (document.name, session)
            }
        }
        return nil
    }
}

extension DeviceMemory.Document {
    mutating func open(_ session: HubSession) {
        sessions.removeAll { $0.wire.tag == session.wire.tag }
        if sessions.count == DeviceMemory.sessionsMaximum { sessions.removeFirst() }
        sessions.append(session)
    }

    mutating func update(_ session: HubSession) {
        guard let place = sessions.firstIndex(where: { $0.wire.tag == session.wire.tag })
        else { return }
        sessions[place] = session
    }

    mutating func close(tag: UInt32) { sessions.removeAll { $0.wire.tag == tag } }
}
