import FleetHub
import Platform
import SQLiteStore
import SyncModel
import SyncProtocol

/// What is wrong with a run.
struct EngineFault: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// The model's actions carried out on the real engine: hub, boards, and the frames in flight.
///
/// Frames are not the model's one to one: a greeting always carries data, a board that got
/// something asks again by itself, parts are cut by bytes, and `ask` on a broken link may greet
/// where the model's session goes on. So what is compared with the model is what both promise
/// (see `EngineRun`).
final class EngineWorld {
    private struct Envelope {
        let isForHub: Bool
        let board: Int
        let bytes: [UInt8]
    }

    /// The model's bounds.
    private static let framesInFlight = 3
    static let drift = 10
    /// Frames that one exchange may need: far more than the longest known.
    private static let framesMost = 400

    let hub: EngineHub
    private(set) var boards: [EngineBoard] = []
    private(set) var history = EngineHistory()
    private(set) var facts = EngineFacts()
    private let list: ActionList
    private let document: String?
    private let disk = try? EngineDisk()
    private let entropy = EngineEntropy()
    private let frameBytes: Int
    private let defect: Defect?
    private var network: [Envelope] = []
    private var now = 0

    init(_ list: ActionList, _ defect: Defect?) throws {
        self.list = list
        self.defect = defect
        // Devices share a document under a name that is none of theirs.
        document = list.devices > 1 ? "group/model" : nil
        // One or two cells; at least one write is in every part.
        frameBytes = list.partSize == 0 ? 32 << 10 : 1 + 40 * (list.partSize - 1)
        guard let disk else { throw EngineFault("no folder for databases") }
        var settings = HubReplica.Settings()
        settings.frameBytes = frameBytes
        settings.removalsMaximum = Int64(list.removalsKept)
        settings.clockDriftMaximum = Milliseconds(Int64(Self.drift))
        hub = try EngineHub(
            document: document, disk: disk, entropy: entropy, settings: settings, defect: defect)
        for owner in [Owner.first, .second].prefix(list.devices) { try add(owner, nil) }
    }

    private func add(_ owner: Owner, _ card: String?) throws {
        guard let disk else { return }
        boards.append(
            try EngineBoard(
                owner: owner, document: document, from: card, disk: disk, entropy: entropy,
                frameBytes: frameBytes, defect: defect))
    }

    // MARK: Actions

    func act(_ action: Action) throws {
        now += 1
        facts.noteTime(now + hub.clockOffset)
        switch action {
        case .write(let board, let verb, let path): try write(board % boards.count, verb, path & 1)
        case .hubWrite(let verb, let path): try hubWrite(verb, path & 1)
        case .log(let board):
            guard document == nil else { return }
            let (sequence, number) = try boards[board % boards.count].log(now: now)
            facts.logged(sequence, number, now)
        case .dropRow(let board):
            try boards[board % boards.count].dropRow()
            facts.rowWasDropped = true
        case .ask(let board, let early): try ask(board % boards.count, isLate: early)
        case .push(let board): try push(board % boards.count)
        case .deliver(let index): try deliver(index, keeping: false)
        case .duplicate(let index): try deliver(index, keeping: true)
        case .lose(let index): if index < network.count { network.remove(at: index) }
        case .cut(let board):
            let board = board % boards.count
            network.removeAll { $0.board == board }
            try boards[board].cut()
        case .sync(let board): for _ in 0..<4 { try exchange(board % boards.count) }
        case .forgeUp(let board): try forge(board % boards.count, asSeed: false)
        case .forgeSeed(let board): try forge(board % boards.count, asSeed: true)
        default: try fault(action)
        }
    }

    private func fault(_ action: Action) throws {
        switch action {
        case .crash(let board, _): try boards[board % boards.count].crash()
        case .backup(let board): try boards[board % boards.count].keep()
        case .restore(let board): try restore(boards[board % boards.count])
        case .clone(let board):
            guard boards.count <= list.devices else { return }
            let original = boards[board % boards.count]
            try add(original.owner, try original.copy())
            facts.wasCloned = true
        case .clock(let board, let offset): boards[board % boards.count].clockOffset = offset
        case .hubCrash: try hub.crash()
        case .hubBackup: try hub.keep()
        case .hubRestore: if try hub.restore() { facts.hubForgot() }
        case .hubWipe:
            try hub.wipe()
            facts.hubForgot()
        case .hubClock(let offset): hub.clockOffset = offset
        default: break
        }
    }

    private func restore(_ board: EngineBoard) throws {
        guard try board.restore() else { return }
        facts.wasRestored = true
        // A shared document cannot tell a restored board from one that was away.
        guard document == nil else { return }
        let known = try board.twin.causalContext()
        facts.restoreIsDue = try context(board.key).counters.contains { entry in
            entry.key.role == .device && known[entry.key] > 0 && entry.value > known[entry.key]
        }
    }

    private func context(_ device: String) throws -> CausalContext {
        try hub.store.twin.document(hub.name(device)).causalContext()
    }

    // MARK: Writes

    private func write(_ index: Int, _ verb: Verb, _ path: Int) throws {
        // Nobody reports in a document of several devices.
        guard document == nil || verb != .report else { return }
        let board = boards[index]
        let twin = board.twin
        let now = now
        try record(verb, path, twin, board.store.epoch) { try board.write($0, now: now) }
    }

    private func hubWrite(_ verb: Verb, _ path: Int) throws {
        guard verb != .report else { return }
        let device = EngineBoard.key(.first)
        let twin = hub.store.twin.document(hub.name(device))
        try record(verb, path, twin, hub.store.epoch) {
            try hub.write($0, of: device, now: now)
        }
    }

    private func record(
        _ verb: Verb, _ path: Int, _ twin: TwinDocument, _ epoch: SyncProtocol.Epoch,
        _ write: (TwinWrite) throws -> Void
    ) throws {
        let past = try twin.causalContext()
        let held = try twin.cells(at: try EnginePath.path(verb, path))
        try write(try EnginePath.write(verb, path, history.next))
        let counter = try twin.seen(epoch)
        guard counter > past[epoch] else { return }
        history.record(
            verb, path, Dot(epoch: epoch, counter: counter), past: past, held: held)
    }

    // MARK: Network

    private func send(_ frames: [[UInt8]], isForHub: Bool, _ board: Int) {
        network += frames.map { Envelope(isForHub: isForHub, board: board, bytes: $0) }
    }

    private func limitFlight() {
        network.removeFirst(max(0, network.count - Self.framesInFlight))
    }

    private func ask(_ board: Int, isLate: Bool) throws {
        send(try isLate ? boards[board].wait() : boards[board].ask(), isForHub: true, board)
        limitFlight()
    }

    private func push(_ board: Int) throws {
        send(try hub.push(to: boards[board].key), isForHub: false, board)
        limitFlight()
    }

    private func forge(_ board: Int, asSeed: Bool) throws {
        guard let bytes = try boards[board].forge(asSeed: asSeed) else { return }
        _ = try hub.receive(bytes, from: boards[board].key, now: now)
    }

    private func deliver(_ index: Int, keeping: Bool) throws {
        guard index < network.count else { return }
        try arrive(keeping ? network[index] : network.remove(at: index))
        limitFlight()
    }

    private func arrive(_ envelope: Envelope) throws {
        let board = envelope.board
        if envelope.isForHub {
            let answers = try hub.receive(envelope.bytes, from: boards[board].key, now: now)
            send(answers, isForHub: false, board)
        } else {
            send(try boards[board].receive(envelope.bytes), isForHub: true, board)
        }
    }

    /// One question and all that follows from it, on a line that loses nothing.
    private func exchange(_ board: Int) throws {
        send(try boards[board].ask(), isForHub: true, board)
        var count = 0
        while !network.isEmpty {
            count += 1
            guard count < Self.framesMost else {
                throw EngineFault("an exchange does not end")
            }
            try arrive(network.removeFirst())
        }
    }

    // MARK: Rest

    /// Faults end. Rounds in which every board asks, until one changes nothing.
    func settle() throws {
        try noteSurvivors()
        for board in boards { board.clockOffset = 0 }
        hub.clockOffset = 0
        now += Self.drift
        facts.noteTime(now)
        var before: [CausalContext] = []
        for _ in 0..<10 {
            now += 1
            facts.noteTime(now)
            for board in boards.indices { for _ in 0..<4 { try exchange(board) } }
            let after = try contexts()
            if after == before { break }
            before = after
        }
        guard try contexts() == before else { throw EngineFault("no rest after 10 rounds") }
        for board in boards { try board.settle(now: now) }
        try noteSurvivors()
    }

    private func noteSurvivors() throws { history.noteSurvivors(try contexts()) }

    private func contexts() throws -> [CausalContext] {
        var contexts = try boards.map { try $0.twin.causalContext() }
        contexts.append(try context(EngineBoard.key(.first)))
        return contexts
    }

    var hubView: EngineView {
        get throws {
            try EngineView(hub.store.twin.document(hub.name(EngineBoard.key(.first))))
        }
    }
}
