import FleetHub
import Platform
import Simulator
import SyncProtocol

/// Carries a plan out: trouble, then peace, then a last wish from each side, then rest.
struct Performance {
    let site: Site

    /// How long peace lasts until all is in order.
    static let settling: Milliseconds = 900_000
    static let resting: Milliseconds = 3_600_000

    func play() throws {
        site.hub.start()
        for board in site.boards { board.start() }
        for step in site.plan.steps {
            try site.world.run(until: MonotonicTime(milliseconds: step.time.count))
            site.world.note("step \(step.number)")
            if let trace = site.plan.trace {
                trace("\(site.world.now.milliseconds) step \(step.number): \(step.act.text)")
            }
            try perform(step)
        }
        try site.world.run(until: MonotonicTime(milliseconds: site.plan.span.count))
        heal()
        try site.world.run(for: Self.settling)
        for device in site.devices {
            site.hub.ask { hub in
                _ = try await hub.setCell(device, path: "desired/last", value: .string("last"))
            } then: {
            }
            site.stations(of: device)[0].ask("set", "config/last", .string("last")) { _ in }
        }
        try duel()
        try site.world.run(for: Self.settling)
        let frames = site.network.arrived
        let bytes = site.network.bytes
        try site.world.run(for: Self.resting)
        site.rest.frames = site.network.arrived - frames
        site.rest.bytes = site.network.bytes - bytes
        for board in site.boards { try board.noteWritten() }
    }

    /// Each side writes while the other cannot hear it, one a minute after the other. The later one
    /// must win, whatever arrives last.
    private func duel() throws {
        let devices = site.devices
        for device in devices { site.stations(of: device).forEach { site.network.cut($0.station) } }
        for (index, places) in [[Act.Place.board, .hub], [.hub, .board]].enumerated() {
            for (time, place) in places.enumerated() {
                for number in devices.indices {
                    set(place, number, "config/duel-\(index)", .int(Int64(time)))
                }
                try site.world.run(for: 60_000)
            }
        }
        for device in devices {
            site.stations(of: device).forEach { site.network.heal($0.station) }
        }
    }

    /// Everything works and nobody asks for anything.
    private func heal() {
        site.world.note("peace")
        site.network.healAll()
        site.network.faults.delayMaximum = site.plan.delay
        site.hub.spare()
        site.hub.setFull(false)
        site.hub.start()
        for board in site.boards {
            board.spare()
            board.setFull(false)
            board.broker.start()
            board.timekeeper.setWall(site.trueTime, isDisciplined: true)
            board.start()
        }
    }

    private func perform(_ step: Step) throws {
        let world = site.world
        switch step.act {
        case .publish(let board, let messages):
            for message in messages { publish(board, message) }
        case .set(let place, let board, let path, let value): set(place, board, path, value)
        case .keep(let place, let board, let path, let value, let isElement, let item):
            try keep(place, board, path, value, isElement, item)
        case .remove(let place, let board, let path, let value, let item):
            try remove(place, board, path, value, item)
        case .increment(let place, let board, let path, let by):
            try increment(place, board, path, by)
        case .delete(let place, let board, let path): change(place, board, "delete", path, nil)
        case .restart(let board): site.boards[board].restart()
        case .backUpHub: site.hub.takeBackup()
        case .backUpBoard(let board): site.boards[board].takeBackup()
        case .crashBoard(let board, let calls, let losesPower):
            site.boards[board].crash(afterCalls: calls, losesPower: losesPower)
        case .crashHub(let calls, let losesPower):
            site.hub.crash(afterCalls: calls, losesPower: losesPower)
        case .cutBoard(let board, let span):
            let station = site.boards[board].station
            site.network.cut(station)
            world.after(span) { [site] in site.network.heal(station) }
        case .silenceBoard(let board, let span):
            let station = site.boards[board].station
            site.network.silence(station)
            world.after(span) { [site] in site.network.heal(station) }
        case .cutHub(let span):
            site.network.cutHub()
            world.after(span) { [site] in site.network.healHub() }
        case .noise(let loss, let repeats, let delay, let span):
            site.network.faults.loss = loss
            site.network.faults.repeats = repeats
            site.network.faults.delayMaximum = delay
            world.after(span) { [site] in
                site.network.faults = SimNetwork.Faults()
                site.network.faults.delayMaximum = site.plan.delay
            }
        case .stopBroker(let board, let span):
            let broker = site.boards[board].broker
            broker.stop()
            world.after(span) { broker.start() }
        case .restoreHub: try site.hub.replace(byBackup: true)
        case .wipeHub: try site.hub.replace(byBackup: false)
        case .restoreBoard(let board): try site.boards[board].restore()
        case .clone(let board): site.clone(site.boards[board])
        case .setClock(let board, let ahead, let span): setClock(site.boards[board], ahead, span)
        case .fillBoard(let number, let span):
            let board = site.boards[number]
            board.setFull(true)
            world.after(span) { board.setFull(false) }
        case .fillHub(let span):
            let hub = site.hub
            hub.setFull(true)
            world.after(span) { hub.setFull(false) }
        case .damage(let place, let board, let cells):
            try site.damage(place, site.boards[board], cells: cells)
        }
    }

    private func setClock(_ board: Board, _ ahead: Milliseconds, _ span: Milliseconds) {
        let wrong = site.trueTime.milliseconds + ahead.count
        board.timekeeper.setWall(WallTime(milliseconds: max(0, wrong)), isDisciplined: false)
        if ahead > 0 { site.ledger.clocksAhead.insert(board.device) }
        site.world.after(span) { [site] in
            board.timekeeper.setWall(site.trueTime, isDisciplined: true)
        }
    }

    /// A device beside a board says something that no other message says.
    private func publish(_ number: Int, _ message: Act.Message) {
        let board = site.boards[number]
        let serial = Int64(site.ledger.published.count + 1)
        site.ledger.published[serial] = "\(board.device) devices/\(message.sensor)"
        let value = Value.object([("n", .int(serial))] + message.fields)
        board.broker.publish(
            topic: "zigbee2mqtt/\(message.sensor)", payload: Array(value.json.utf8))
    }
}
