import Platform
import PowerManager
import SQLiteStore
import SyncProtocol

/// The board's power: readings in with the board's other samples, the state out to its knobs, the
/// twin and the log.
extension Agent {
    static let powerPath = "desired/power/state"
    private static let endMark = "power.until"
    private static let alarm = "/sys/class/rtc/rtc0/wakealarm"
    /// A board that woke with its battery still empty is there for so long, for whoever looks.
    private static let haltPatience = Milliseconds.seconds(120)
    private static let haltRetry = Milliseconds.seconds(600)
    private static let reasonInterval = Milliseconds.seconds(600)

    /// Takes up what an earlier run left: changed knobs, and an operator's wish that lasts.
    func beginPower() {
        guard let kernel = world.kernel else { return }
        var board = BoardPower(
            settings: configuration.power, profile: world.profile, kernel: kernel,
            files: world.fileSystem, stateDirectory: configuration.state.directory,
            boot: world.timekeeper.bootID)
        guard configuration.power.isEnabled else {
            // Managed until now, and no more.
            tell(board.restore(at: now))
            return
        }
        if configuration.power.group.isEmpty == false, board.groups == nil {
            world.report(
                "warning power: \(configuration.power.group) cannot be divided, so workloads are "
                    + "not limited: it has to be there, without processes, and writable")
        }
        recallWish(&board)
        power.board = board
        power.since = clock.believed(started)
        reportPower()
    }

    private func recallWish(_ board: inout BoardPower) {
        guard let path = try? TwinPath(Self.powerPath),
            let cell = (try? store.document.register(path)) ?? nil,
            let answer = cell.path.answer.flatMap({ current($0) }),
            answer["status"]?.stringValue == "applied", (try? isAnswered(cell)) == true,
            let order = try? PowerOrder(cell.value), let state = order.state, state != .off
        else { return }
        guard let span = order.span else {
            return board.wish(for: PowerWish(state: state))
        }
        let end = WallTime(milliseconds: (try? store.mark(Self.endMark)) ?? 0)
        // A clock that went back must not make it longer than it was.
        let left = min(end - clock.believed(started), span)
        guard left > 0 else { return }
        power.until = end
        board.wish(for: PowerWish(state: state, until: now + left))
    }

    /// An operator's wish for a state.
    func reconcilePower(_ cell: Cell) throws(SQLiteError) {
        guard try !isAnswered(cell) else { return }
        guard power.board != nil else {
            return answer(
                cell, "power is not managed on this board: set power.enabled in its configuration")
        }
        do throws(PowerOrder.Fault) {
            let order =
                cell.value == .null
                ? PowerOrder(state: nil, span: nil) : try PowerOrder(cell.value)
            if order.state == .off { try checkHalt() }
            take(order)
            answer(cell, nil)
            power.reasonDue = nil
            tendPower(now)
        } catch {
            answer(cell, error.description)
        }
    }

    private func checkHalt() throws(PowerOrder.Fault) {
        guard configuration.power.mayHalt else {
            throw PowerOrder.Fault(
                description: "this board may not be halted: set power.halt in its configuration")
        }
        guard (try? world.kernel?.text(Self.alarm)) != nil else {
            throw PowerOrder.Fault(description: "this board has no wake alarm, and would stay off")
        }
    }

    private func take(_ order: PowerOrder) {
        let reading = world.timekeeper.now()
        let wish = order.state.map { state in
            PowerWish(state: state, until: order.span.map { reading.monotonic + $0 })
        }
        power.board?.wish(for: wish)
        power.until = wish?.until.map { end in
            let left = end - reading.monotonic
            return WallTime(milliseconds: clock.believed(reading).milliseconds + left.count)
        }
        stage.mark(Self.endMark, power.until?.milliseconds ?? 0)
    }

    /// Looks at the board and does what its state asks for. With the board's samples: power has no
    /// wake-ups of its own but the end of a wish.
    func tendPower(_ now: MonotonicTime) {
        guard var board = power.board else { return }
        let settings = configuration.power
        let percent = power.batteryVolts.flatMap { settings.batteryPercent(volts: $0) }
        let deadline = supervisor.tightestDeadline
        let outcome = board.look(at: now) { readings in
            if let percent { readings.batteryPercent = percent }
            readings.tightestDeadline = deadline
        }
        power.board = board
        if board.policy.wish == nil { power.until = nil }
        if let change = outcome.change {
            power.since = clock.believed(world.timekeeper.now())
            power.reasonDue = nil
            event(
                "power.changed",
                [
                    ("from", .string(change.from.rawValue)), ("to", .string(change.to.rawValue)),
                    ("reason", .string(change.reason)),
                ])
        }
        reportPower()
        tell(outcome.faults)
        if board.policy.state == .off { halt(board, now) }
    }

    private func tell(_ faults: [(knob: String, fault: KnobKeeper.Fault)]) {
        for (knob, fault) in faults where complaints.allows("power " + knob, at: now) {
            event(
                "power.knob", [("knob", .string(knob)), ("reason", .string(fault.description))])
        }
    }

    /// The twin's `reported/power/`: only what changed is a write to the card.
    private func reportPower() {
        for (name, value) in powerState where power.reported[name] != value {
            if name == "reason" {
                guard power.reasonDue.map({ now >= $0 }) ?? true else { continue }
                power.reasonDue = now + Self.reasonInterval
            }
            guard let path = try? TwinPath("reported/power/" + name) else { continue }
            power.reported[name] = value
            write(path, value, .event)
        }
    }

    private var powerState: [(String, Value)] {
        guard let policy = power.board?.policy else { return [] }
        let time = { (time: WallTime?) in time.map { Value.string(RFC3339.text($0)) } ?? .null }
        return [
            ("state", .string(policy.state.rawValue)), ("reason", .string(policy.reason)),
            ("since", time(power.since)),
            ("wish", policy.wish.map { .string($0.state.rawValue) } ?? .null),
            ("until", time(power.until)),
        ]
    }

    /// Answers `edge-agent power`.
    func powerStatus() -> Value {
        guard let board = power.board else {
            return refusal(
                "power is not managed on this board; set power.enabled in its configuration",
                exit: 3)
        }
        let readings = board.readings
        let number = { (number: Double?) in number.map { Value.number($0) } ?? .null }
        return .object(
            [("ok", .bool(true))] + powerState + [
                (
                    "readings",
                    .object([
                        ("temperature_c", number(readings.temperature)),
                        ("throttled", .bool(readings.isThrottled)),
                        ("undervolted", .bool(readings.isUndervolted)),
                        ("battery_percent", number(readings.batteryPercent)),
                        ("mains", readings.isOnMains.map { .bool($0) } ?? .null),
                        ("pressure_percent", number(readings.pressure)),
                    ])
                ),
                (
                    "knobs",
                    .array(
                        board.keeper.held.sorted { $0.key < $1.key }.map { path, knob in
                            .object([
                                ("name", .string(knob.name)), ("path", .string(path)),
                                ("set", .string(knob.written.last ?? "")),
                                ("found", .string(knob.found)),
                            ])
                        })
                ), ("workload_group", board.groups.map { .string($0.path) } ?? .null),
            ])
    }

    /// Puts back what was found, where the configuration wants that.
    func endPower() {
        guard var board = power.board, configuration.power.restoresOnExit else { return }
        tell(board.restore(at: now))
        power.board = board
    }

    /// Halts the board, with its alarm set. What a board without an alarm is left with is critical.
    private func halt(_ board: BoardPower, _ now: MonotonicTime) {
        let settings = configuration.power
        let isWished = board.policy.wish?.state == .off
        guard settings.mayHalt, let kernel = world.kernel, power.haltDue.map({ now >= $0 }) ?? true,
            isWished || now - started.monotonic >= Self.haltPatience
        else { return }
        power.haltDue = now + Self.haltRetry
        let left = board.policy.wish?.until.map { $0 - now } ?? settings.wakeAfter
        let seconds = max(left.count / 1000, 60)
        do {
            // The kernel refuses a new alarm while one is set (rtc.rst).
            try kernel.set(Self.alarm, "0")
            try kernel.set(Self.alarm, "+\(seconds)")
            guard try !kernel.text(Self.alarm).isEmpty else {
                throw ProcessError("the clock took no alarm")
            }
            event(
                "power.halting",
                [("wake_s", .int(seconds)), ("reason", .string(board.policy.reason))])
            commit()
            _ = try world.processes.start(
                ProcessCommand(
                    arguments: ["systemctl", "poweroff"], environment: [:], workingDirectory: nil,
                    logPath: configuration.state.directory + "/power-halt.log"), tag: "halt")
        } catch {
            event("power.halt-failed", [("reason", .string("\(error); the board stays on"))])
        }
    }
}

/// How telemetry waits for its batch.
extension Agent {
    /// The lowest class of rows that may be sent now.
    func lowestClass(_ now: MonotonicTime) -> MessagePriority {
        let lowest = budget.lowest(now)
        guard power.spread > 1, let end = power.restsUntil, now < end else { return lowest }
        return min(lowest, .event)
    }

    /// All that waited is with the hub: the next batch comes after the state's interval.
    func restRadio(_ now: MonotonicTime) {
        guard power.spread > 1 else {
            power.restsUntil = nil
            return
        }
        if power.restsUntil.map({ now >= $0 }) ?? true, feeder.isDone {
            power.restsUntil = now + configuration.power.batchInterval * power.spread
        }
    }
}
