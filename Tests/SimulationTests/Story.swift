import Platform
import Simulator

/// What happens at a site, chosen by the world's seed.
struct Story {
    /// How much happens in the troubled part.
    var steps = 60
    /// Whether the hub's database may be lost or replaced by an older copy.
    var losesHub = false

    private enum Act: CaseIterable {
        case talk, chatter, crashBoard, crashBoardSoon, stopBoard, losePower
        case crashHub, crashHubSoon, cutBoard, silenceBoard, healBoard, cutHub, healHub
        case breakBus, stopBroker, startBroker, setClock, wrongClock
        case wishAtHub, wishAtBoard, changeNetwork, backup, restore, wipe
    }

    /// Trouble, then peace, then a last wish from each side.
    func play(_ site: Site) throws {
        try site.startAll()
        try site.world.run(for: 3000)
        let acts = acts(site)
        for _ in 0..<steps {
            try perform(acts[site.world.random.below(acts.count)], site)
            try site.world.run(for: site.world.random.span(0, 3000))
            // What ended starts again by itself, as under a service manager.
            if site.world.random.chance(percent: 40) { try site.startAll() }
        }
        try settle(site)
        for board in site.boards {
            site.hub.set(board.name, "desired/workloads/last", Self.workload("last-hub"))
            board.set("config/last", .string("last-board"))
        }
        try rest(site, seconds: 400)
        for board in site.boards { try board.noteWritten() }
    }

    /// Everything works and nobody asks for anything.
    func settle(_ site: Site) throws {
        site.network.healAll()
        site.hub.spare()
        for board in site.boards {
            board.spare()
            board.broker.start()
            board.timekeeper.setWall(site.trueTime, isDisciplined: true)
        }
        try rest(site, seconds: 700)
    }

    private func rest(_ site: Site, seconds: Int64) throws {
        for _ in 0..<(seconds / 10) {
            try site.startAll()
            try site.world.run(for: .seconds(10))
        }
    }

    /// Some of all acts: a run without any crash finds what crashes hide.
    private func acts(_ site: Site) -> [Act] {
        var acts: [Act] = [.talk, .chatter, .chatter, .wishAtHub, .wishAtBoard]
        for act in Act.allCases where site.world.random.chance(percent: 60) {
            switch act {
            case .backup, .restore, .wipe: if losesHub { acts += [act] }
            default: acts += [act, act]
            }
        }
        return acts
    }

    private func perform(_ act: Act, _ site: Site) throws {
        let world = site.world
        let board = site.boards[world.random.below(site.boards.count)]
        world.note("\(act) \(board.name)")
        switch act {
        case .talk: site.publish(board)
        case .chatter: for _ in 0..<(1 + world.random.below(30)) { site.publish(board) }
        case .crashBoard: board.crash()
        case .crashBoardSoon: board.crash(afterCalls: world.random.below(25))
        case .stopBoard: board.stop()
        case .losePower: board.losePower()
        case .crashHub: site.hub.crash()
        case .crashHubSoon: site.hub.crash(afterCalls: world.random.below(25))
        case .cutBoard: site.network.cut(board.name)
        case .silenceBoard: site.network.silence(board.name)
        case .healBoard: site.network.heal(board.name)
        case .cutHub: site.network.cutHub()
        case .healHub: site.network.healHub()
        case .breakBus: board.broker.breakConnection()
        case .stopBroker: board.broker.stop()
        case .startBroker: board.broker.start()
        case .setClock: board.timekeeper.setWall(site.trueTime, isDisciplined: true)
        case .wrongClock: setWrongClock(board, site)
        case .wishAtHub: wish(site) { site.hub.set(board.name, $0, $1) }
        case .wishAtBoard: wish(site) { board.set($0, $1) }
        case .changeNetwork: changeNetwork(site)
        case .backup: try site.hub.takeBackup()
        case .restore:
            guard site.hub.hasBackup else { return }
            try site.noteHeld()
            try site.hub.restore()
        case .wipe:
            try site.noteHeld()
            site.hub.wipe()
        }
    }

    private func setWrongClock(_ board: Board, _ site: Site) {
        let century: Int64 = 100 * 365 * 86_400_000
        let shift = [-century, -3_600_000, 40_000, 3_600_000, century][site.world.random.below(5)]
        board.timekeeper.setWall(
            WallTime(milliseconds: max(0, site.trueTime.milliseconds + shift)),
            isDisciplined: false)
    }

    /// A few paths, so that both sides wish for the same.
    private func wish(_ site: Site, _ set: (String, Value) -> Void) {
        let number = site.world.random.below(1_000_000)
        switch site.world.random.below(6) {
        case 0: set("desired/workloads/pump", Self.workload("\(number)"))
        case 1: set("desired/workloads/pump", .null)
        case 2: set("desired/workloads/flaky", Self.workload("\(number % 3)"))
        case 3: set("desired/devices/plug/state", .string(number % 2 == 0 ? "ON" : "OFF"))
        case 4: set("config/note", .string(String(repeating: "\(number) ", count: 30)))
        default: set("desired/workloads/wrong", .int(Int64(number)))
        }
    }

    private static func workload(_ argument: String) -> Value {
        .object([
            ("command", .array([.string("/bin/pump")])),
            ("environment", .object([("N", .string(argument))])),
        ])
    }

    private func changeNetwork(_ site: Site) {
        var faults = SimNetwork.Faults()
        faults.loss = [0, 0, 5, 30][site.world.random.below(4)]
        faults.repeats = [0, 0, 10, 50][site.world.random.below(4)]
        faults.delayMaximum = [1, 50, 2000, 20_000][site.world.random.below(4)]
        site.network.faults = faults
    }
}
