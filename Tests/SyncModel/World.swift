/// A hub, the boards that sync with it, and the frames in flight.
struct World: Sendable {
    private struct Envelope: Sendable {
        let isForHub: Bool
        let board: Int
        let message: Message
    }

    let settings: Settings
    let rules: Rules
    private(set) var hub: Hub
    private(set) var boards: [Board] = []
    private(set) var history = History()
    private let devices: Int
    private var network: [Envelope] = []
    private var serials = Serials()
    private var now = 0
    /// The latest that the hub's wall clock ever was.
    private(set) var hubTimeMax = 0

    init(_ list: ActionList, _ rules: Rules) {
        var settings = Settings()
        settings.partSize = list.partSize
        settings.removalsKept = list.removalsKept
        self.settings = settings
        self.rules = rules
        devices = list.devices
        hub = Hub(&serials, settings, rules)
        for owner in [Owner.first, .second].prefix(devices) {
            boards.append(Board(owner: owner, disk: nil, &serials, settings, rules))
        }
    }

    mutating func act(_ action: Action) {
        now += 1
        hubTimeMax = max(hubTimeMax, now + hub.clockOffset)
        switch action {
        case .write(let board, let verb, let path): write(board % boards.count, verb, path)
        case .hubWrite(let verb, let path): hubWrite(verb, path)
        case .log(let board):
            let board = board % boards.count
            boards[board].log()
        case .dropRow(let board):
            boards[board % boards.count].dropOldestRow()
            history.droppedRow()
        case .ask(let board, let early): ask(board % boards.count, early: early)
        case .push(let board):
            let board = board % boards.count
            send(hub.push(to: boards[board].owner), isForHub: false, board)
            limitFlight()
        case .deliver(let index): deliver(index, keeping: false)
        case .duplicate(let index): deliver(index, keeping: true)
        case .lose(let index): if index < network.count { network.remove(at: index) }
        case .cut(let board):
            let board = board % boards.count
            network.removeAll { $0.board == board }
        case .sync(let board): for _ in 0..<4 { exchange(board % boards.count) }
        default: fault(action)
        }
    }

    private mutating func fault(_ action: Action) {
        switch action {
        case .crash(let board, let keeping):
            boards[board % boards.count].crash(keeping: keeping, &serials)
        case .backup(let board):
            let board = board % boards.count
            boards[board].backup = boards[board].durable
        case .restore(let board):
            let board = board % boards.count
            guard boards[board].restore(&serials) else { return }
            history.restored(boards[board], hub)
        case .clone(let board):
            guard boards.count <= devices else { return }
            let original = boards[board % boards.count]
            boards.append(
                Board(
                    owner: original.owner, disk: original.durable, &serials, settings, rules))
            history.cloned()
        case .clock(let board, let offset): boards[board % boards.count].clockOffset = offset
        case .hubCrash(let keeping): hub.crash(keeping: keeping, &serials)
        case .hubBackup: hub.backup = hub.durable
        case .hubRestore: if hub.restore(&serials) { history.hubForgot() }
        case .hubWipe:
            hub.wipe(&serials)
            history.hubForgot()
        case .hubClock(let offset): hub.clockOffset = offset
        case .forgeUp(let board): forge(board % boards.count, asSeed: false)
        case .forgeSeed(let board): forge(board % boards.count, asSeed: true)
        default: break
        }
    }

    private mutating func write(_ board: Int, _ verb: Verb, _ path: Int) {
        let before = boards[board].store.replica
        let number = history.nextNumber
        guard let dot = boards[board].write(verb, UInt8(path & 1), value: number, now: now)
        else { return }
        history.record(verb, path & 1, dot, before)
    }

    private mutating func hubWrite(_ verb: Verb, _ path: Int) {
        guard verb != .report else { return }
        let before = hub.store.replica
        let number = history.nextNumber
        guard let dot = hub.write(verb, UInt8(path & 1), value: number, now: now) else { return }
        history.record(verb, path & 1, dot, before)
    }

    private mutating func forge(_ board: Int, asSeed: Bool) {
        guard let message = boards[board].forge(asSeed: asSeed, hub: hub.epoch) else { return }
        _ = hub.hear(message, from: boards[board].owner, now: now)
    }

    // MARK: Network

    private mutating func send(_ messages: [Message], isForHub: Bool, _ board: Int) {
        for message in messages {
            network.append(Envelope(isForHub: isForHub, board: board, message: message))
        }
    }

    private mutating func limitFlight() {
        let excess = network.count - settings.framesInFlight
        if excess > 0 { network.removeFirst(excess) }
    }

    private mutating func ask(_ board: Int, early: Bool) {
        send(boards[board].ask(early: early, &serials), isForHub: true, board)
        limitFlight()
    }

    private mutating func deliver(_ index: Int, keeping: Bool) {
        guard index < network.count else { return }
        let envelope = keeping ? network[index] : network.remove(at: index)
        arrive(envelope)
        limitFlight()
    }

    private mutating func arrive(_ envelope: Envelope) {
        let board = envelope.board
        if envelope.isForHub {
            let answers = hub.hear(envelope.message, from: boards[board].owner, now: now)
            send(answers, isForHub: false, board)
        } else {
            send(boards[board].hear(envelope.message), isForHub: true, board)
        }
    }

    /// One question and all that follows from it, on a line that loses nothing.
    private mutating func exchange(_ board: Int) {
        send(boards[board].ask(early: false, &serials), isForHub: true, board)
        while !network.isEmpty { arrive(network.removeFirst()) }
    }

    /// Faults end. Rounds in which every board asks, until one changes nothing: no RESET, no
    /// commit, and no UP that names an interval.
    mutating func settle() -> String? {
        history.noteSurvivors(hub, boards)
        defer { history.noteSurvivors(hub, boards) }
        for board in boards.indices { boards[board].clockOffset = 0 }
        hub.clockOffset = 0
        now += settings.drift
        hubTimeMax = max(hubTimeMax, now)
        for _ in 0..<10 {
            now += 1
            let commit = hub.store.commit
            let resets = hub.resets
            for board in boards.indices { for _ in 0..<4 { exchange(board) } }
            if hub.store.commit == commit, hub.resets == resets,
                boards.allSatisfy({ $0.isAtRest(with: hub.epoch) })
            {
                return nil
            }
        }
        return "no rest after 10 rounds"
    }
}
