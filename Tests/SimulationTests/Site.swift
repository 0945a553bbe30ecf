import Platform
import Simulator

/// A deliberately broken part, which the checkers must notice.
enum Mutant: Sendable {
    /// Acknowledges the local broker's messages before they are durable.
    case hastyBus
    /// Acknowledges log frames that the hub never stores.
    case forgetfulHub
}

/// Everything of one simulation.
final class Site: @unchecked Sendable {
    // @unchecked: used by the thread that runs the world.

    /// A board without a battery clock wakes up here.
    static let forgotten = WallTime(milliseconds: 0)
    /// When the simulation begins, a day after the release.
    static let present = WallTime(milliseconds: Release.date.milliseconds + 86_400_000)

    let world: SimWorld
    let scratch: Scratch
    let network: SimNetwork
    let mutant: Mutant?
    private(set) var boards: [Board] = []
    private var madeHub: Hub?
    /// Values that devices published, by number: board, and the topic's device.
    private(set) var published: [Int64: String] = [:]
    /// Once the hub has lost data: the messages that only boards held at that moment.
    private(set) var held: Set<Int64>?
    /// Messages that a hub stored, also one that lost them since.
    private var stored: Set<Int64> = []

    init(seed: UInt64, boards count: Int, mutant: Mutant? = nil) throws {
        world = SimWorld(seed: seed)
        scratch = try Scratch()
        network = SimNetwork(world: world)
        self.mutant = mutant
        // Small frames in half of all runs, so that answers take several.
        let isNarrow = world.random.chance(percent: 50)
        madeHub = Hub(in: self, frameBytes: isNarrow ? 300 : 64 << 10)
        for number in 1...count {
            boards.append(
                Board("board-\(number)", in: self, frameBytes: isNarrow ? 1024 : 32 << 10))
        }
    }

    var hub: Hub {
        guard let madeHub else { preconditionFailure("made in init") }
        return madeHub
    }

    /// The time of day everywhere outside of wrong clocks.
    var trueTime: WallTime {
        WallTime(milliseconds: Self.present.milliseconds + world.now.milliseconds)
    }

    func startAll() throws {
        try hub.start()
        for board in boards { try board.start() }
    }

    /// The hub is about to lose data. What it has not got yet must come; what it got and boards
    /// still hold may come again, but they were allowed to release it.
    func noteHeld() throws {
        var all: Set<Int64> = []
        for board in boards {
            let entries = try hub.inspect { try Checkers.entries(board, $0) }
            stored.formUnion(entries.compactMap(Checkers.number))
            all.formUnion(try board.held())
        }
        held = all.subtracting(stored)
    }

    /// Ends all processes, so that nothing of this site stays in memory.
    func end() throws {
        for board in boards { board.crash() }
        hub.crash()
        try world.runUntilIdle()
    }

    /// A device beside a board says something that no other message says.
    func publish(_ board: Board) {
        let number = Int64(published.count + 1)
        let device = "sensor\(world.random.below(3))"
        published[number] = "\(board.name) devices/\(device)"
        var fields: [(String, Value)] = [("n", .int(number))]
        switch world.random.below(6) {
        case 0: fields.append(("water_leak", .bool(true)))
        case 1: fields.append(("action", .string("single")))
        case 2: fields.append(("note", .string(String(repeating: "x", count: 200))))
        default: fields.append(("temperature", .double(Double(world.random.below(400)) / 10)))
        }
        board.broker.publish(
            topic: "zigbee2mqtt/\(device)", payload: Array(Value.object(fields).json.utf8))
    }
}
