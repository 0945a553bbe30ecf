import Platform
import SQLiteStore
import Simulator
import SyncProtocol

/// Everything of one simulation.
final class Site: @unchecked Sendable {
    // @unchecked: used by the thread that runs the world.

    /// A board without a battery clock wakes up here.
    static let forgotten = WallTime(milliseconds: 0)
    /// When the simulation begins, a day after the release.
    static let present = WallTime(milliseconds: Release.date.milliseconds + 86_400_000)

    let plan: Plan
    let world: SimWorld
    let disks = SimDisks()
    let network: SimNetwork
    private(set) var boards: [Board] = []
    private var madeHub: Hub?
    /// What was promised to whom.
    var ledger = Ledger()
    /// Frames in and out while nothing is to be said, and their bytes.
    var rest = Rest()

    struct Rest {
        var frames = 0
        var bytes = 0
    }

    init(_ plan: Plan) {
        self.plan = plan
        world = SimWorld(seed: plan.seed)
        network = SimNetwork(world: world)
        if let trace = plan.trace {
            world.watch = { [unowned world] text, frame in
                trace(
                    "\(world.now.milliseconds) \(text): \(Self.name(frame)), \(frame.count) bytes")
            }
        }
        network.faults.delayMaximum = plan.delay
        // Ten times what busy worlds take.
        world.jobsMaximum =
            UInt64(plan.devices + 2) * UInt64(plan.span.count / 3_600_000 + 2) * 50_000
        madeHub = Hub(in: self)
        for number in 0..<plan.devices {
            let name = "board-\(number + 1)"
            boards.append(Board(device: name, station: name, in: self))
        }
    }

    /// A frame's type, as docs/sync-protocol.md numbers them.
    private static func name(_ frame: [UInt8]) -> String {
        let names = [
            "?", "hello", "seed", "up", "log", "state", "want", "down", "log acknowledged",
            "reset", "hint", "refused", "compare", "differ", "down",
        ]
        let kind = Int((frame.first ?? 0) & 15)
        return kind < names.count ? names[kind] : names[0]
    }

    var hub: Hub {
        guard let madeHub else { preconditionFailure("made in init") }
        return madeHub
    }

    /// The time of day everywhere outside of wrong clocks.
    var trueTime: WallTime {
        WallTime(milliseconds: Self.present.milliseconds + world.now.milliseconds)
    }

    /// All who speak for a device.
    func stations(of device: String) -> [Board] { boards.filter { $0.device == device } }

    /// Items that a step of the plan takes back.
    private(set) lazy var removals: Set<Int> = Set(
        plan.steps.compactMap {
            if case .remove(_, _, _, _, let item) = $0.act { item } else { nil }
        })

    var devices: [String] { boards.filter { $0.station == $0.device }.map(\.device) }

    /// The card of a board is copied and put into another one.
    func clone(_ board: Board) {
        let count = stations(of: board.device).count
        guard count < 3 else { return }
        let copy = Board(device: board.device, station: board.device + "-\(count + 1)", in: self)
        disks.copy(board.folder, to: copy.folder)
        boards.append(copy)
        ledger.cloned.insert(board.device)
        copy.start()
    }

    /// A database loses registers that the other side holds as well, as it may by a bad sector that
    /// a repair of the file left out. Where both hold a write, none may be lost.
    func damage(_ place: Act.Place, _ board: Board, cells: Int) throws {
        let known = Set(try hub.holding(board.device).cells)
        let chosen = try board.holding(board.device).cells.filter {
            $0.path.text.hasPrefix("config/one-") && known.contains($0)
        }.sorted { $0.dot < $1.dot }.suffix(cells)
        guard !chosen.isEmpty else { return }
        ledger.damaged.insert(board.device)
        switch place {
        case .board: try board.lose(Array(chosen))
        case .hub: try hub.lose(Array(chosen), of: board.device)
        }
    }

    /// How often the hub told of an event about a device.
    func count(_ event: String, of device: String) -> Int {
        (hub.noticed[device] ?? []).count { $0 == event }
    }

    /// A replica's store is about to be replaced: what it alone holds is lost, by no fault of the
    /// sync.
    func noteLoss(of lost: any Replica, leaving left: (any Replica)?) throws {
        var others = [left].compactMap { $0 }
        if lost !== hub { others.append(hub) }
        for board in boards where board !== lost { others.append(board) }
        for device in devices where lost.devices.contains(device) {
            let before = try lost.holding(device)
            let after = try others.filter { $0.devices.contains(device) }
                .map { try $0.holding(device) }
            ledger.excuse(device, isHub: lost === hub, lost: before, left: after)
        }
    }

    /// Ends all processes, so that nothing of this site stays in memory.
    func end() throws {
        for board in boards { board.end() }
        hub.end()
        try world.runUntilIdle()
        boards = []
        madeHub = nil
    }
}
