import Platform
import SQLiteStore

/// A hub, its broker, and the boards that greet it.
final class HubMemoryRig {
    private let site: Site
    private let uplink: FleetUplink
    /// The boards of the warm-up, which come twice.
    private var warm: [BenchDevice] = []
    private var others: [String] = []

    init(in world: World) async throws {
        site = try Site(in: world)
        try await site.start()
        uplink = FleetUplink(port: site.uplink.port)
        try await uplink.connect()
    }

    private var known: Int { warm.count + others.count }

    func memory() throws -> MemoryFigures {
        guard let pid = site.hub.pid, let figures = MemoryFigures(pid: pid) else {
            throw BenchFailure("the hub is not running" + Files.tails(site.hub.logPaths))
        }
        return figures
    }

    // MARK: Boards

    /// New boards come and go.
    func warmUp(_ count: Int) async throws {
        for number in 1...count {
            let device = try TypicalBoard.make(Self.name("warm", number), number: number)
            warm.append(device)
            try await greet(device)
        }
        try await waitUntilOnline(count)
        for device in warm { try await uplink.announce(device.key, isOnline: false) }
        try await waitUntilOnline(0)
    }

    /// The boards of the warm-up come back, each with new readings, and stay.
    func warmUpAgain() async throws {
        for device in warm {
            try TypicalBoard.write(sample: 1, to: device)
            try await greet(device)
        }
        try await waitUntilOnline(warm.count)
    }

    /// As many new boards come and stay.
    func connect(_ count: Int) async throws {
        for number in 1...count {
            // One store at a time: it is gone with the end of the round.
            let device = try TypicalBoard.make(
                Self.name("board", number), number: warm.count + number)
            try await greet(device)
            others.append(device.key)
        }
        try await waitUntilOnline(known)
    }

    /// All boards vanish, with what the broker would publish of their wills.
    func disconnectAll() async throws {
        for board in warm.map(\.key) + others { try await uplink.announce(board, isOnline: false) }
        try await waitUntilOnline(0)
    }

    /// Presence, greeting, and the first question, which tells the hub what came.
    private func greet(_ device: BenchDevice) async throws {
        try await uplink.announce(device.key, isOnline: true)
        var frames = try device.begin(nil)
        for _ in 0..<BenchReplicas.tripsMaximum {
            guard !frames.isEmpty else { break }
            for frame in frames { try await uplink.send(frame, from: device.key) }
            frames = try device.receive(try await uplink.frame(for: device.key), nil)
        }
        guard frames.isEmpty, device.events.isEmpty else {
            throw BenchFailure(
                "\(device.key) and the hub did not agree: \(device.events)"
                    + Files.tails(site.hub.logPaths))
        }
    }

    /// All names of a kind have one length.
    private static func name(_ kind: String, _ number: Int) -> String {
        "\(kind)-\(String(100_000 + number).dropFirst())"
    }

    // MARK: Hub

    /// Ends the hub, as an operator does.
    /// - Returns: the bytes in use in its database.
    func stopHub() async throws -> Int {
        await site.hub.stop()
        uplink.forget()
        let connection = try Connection.open(site.hub.folder + "/hub.db")
        let pages =
            try connection.integer("PRAGMA page_count")
            - connection.integer("PRAGMA freelist_count")
        return try Int(pages * connection.integer("PRAGMA page_size"))
    }

    /// Starts it again and waits until it has done all that a start makes it do.
    /// - Returns: its memory then; it knows its boards and has heard none of them.
    func startHub() async throws -> MemoryFigures {
        try await site.hub.start()
        // It hints to every board it knows, a few hundred a second.
        try await waitUntil(
            "the hub to hint to \(known) boards", within: .seconds(60 + known / 50),
            logs: site.hub.logPaths
        ) { uplink.boardsHeard() == known }
        uplink.forget()
        // The broker has the last word of each board for it; what comes after them is read after.
        guard let board = warm.first?.key else { return try memory() }
        try await uplink.announce(board, isOnline: true)
        try await waitUntilOnline(1)
        try await uplink.announce(board, isOnline: false)
        try await waitUntilOnline(0)
        return try memory()
    }

    /// Asks for the count alone: a list of all devices would be in the hub's memory, too.
    private func waitUntilOnline(_ count: Int) async throws {
        try await waitUntil(
            "the hub to see \(count) boards online", within: .seconds(60), logs: site.hub.logPaths
        ) { try await site.hub.reader.metric("fleethub_devices_online") == count }
    }
}
