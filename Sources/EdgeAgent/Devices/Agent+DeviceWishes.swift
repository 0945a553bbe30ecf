import DeviceDrivers
import Platform
import SQLiteStore
import SyncProtocol

/// Wishes for properties of the board's devices.
extension Agent {
    static let wishInterval: Milliseconds = 2000
    /// After the agent's start, how long an unknown device may take to be heard.
    private static let devicePatience: Milliseconds = 120_000

    /// Sets a property of a local device. The wish waits while its device or the broker may yet
    /// come; it is answered once the broker has answered the command.
    func reconcileDevice(_ cell: Cell) {
        let parts = cell.path.segments
        guard parts.count >= 4, parts[1] == "devices" else {
            return answer(
                cell,
                "this agent acts on desired/workloads/<name>, desired/power/state and "
                    + "desired/devices/<device>/<property>")
        }
        guard cell.value != .null else { return answer(cell, nil) }
        guard !commands.isOutstanding(cell), !declared.isOutstanding(cell) else { return }
        let property = parts.dropFirst(3).joined(separator: "/")
        if pins.knows(String(parts[2])) { return setPin(cell, String(parts[2]), property) }
        if poller.knows(String(parts[2])) { return setDeclared(cell, String(parts[2]), property) }
        do {
            let device = String(parts[2])
            let command = try bridge.command(
                device: device, property: property, value: cell.value)
            // The next answer makes room, and wishes are looked at again.
            guard !commands.isFull else { return }
            guard let number = world.bus?.publish(topic: command.topic, payload: command.payload)
            else { return wishesDue = now + Self.wishInterval }
            commands.onSent(
                cell, number, device, command,
                isConfirmed: isAlready(command, of: device))
        } catch {
            let mayCome = now - started.monotonic < Self.devicePatience
            if error.code == .unknownDevice, mayCome {
                wishesDue = now + Self.wishInterval
            } else {
                answer(cell, error.message)
            }
        }
    }

    private func isAlready(_ command: DeviceCommand, of device: String) -> Bool {
        guard let property = command.property,
            let path = try? TwinPath("reported/devices/\(device)/\(property)"),
            let value = stage.staged(path) ?? current(path)
        else { return false }
        return command.isConfirmed(by: value)
    }

    /// A device has said what a property is.
    func confirm(_ device: String, _ property: String, _ value: Value) {
        let wasFull = commands.isFull
        for wish in commands.onReport(device, property, value) { answer(wish, nil) }
        if wasFull, !commands.isFull { wishesDue = now }
    }

    /// Devices that had their time to confirm a command and did not.
    func expireCommands(_ now: MonotonicTime) {
        let late = commands.onTick(now)
        for wish in late {
            answer(
                wish,
                "timeout: the broker has the command, and the device did not confirm it within"
                    + " \(DeviceCommands.patience.count / 1000) s: see that it is there, and set it"
                    + " again")
        }
        if !late.isEmpty { wishesDue = now }
    }

    /// A wish that another took the place of gets an answer of its own.
    private func answer(_ wish: DeviceCommands.Wish, _ refusal: String?) {
        do throws(SQLiteError) {
            guard let cell = try store.document.register(wish.path), cell.dot == wish.dot
            else { return }
            answer(cell, refusal)
        } catch {
            wishesDue = now + Self.wishInterval
            storeFailed(error)
        }
    }

    /// The broker has answered a command, or never will.
    func handle(_ number: UInt64, _ outcome: PublishOutcome) {
        let wasFull = commands.isFull
        defer { if wasFull, !commands.isFull { wishesDue = now } }
        switch outcome {
        case .confirmed:
            guard let (wish, step) = commands.onAccepted(number, at: now), step == .done
            else { return }
            answer(wish, nil)
        case .refused(let reason):
            guard let wish = commands.onRefused(number) else { return }
            answer(wish, "the local broker refused the command: " + reason)
        case .lost:
            guard commands.onRefused(number) != nil else { return }
            wishesDue = now + Self.wishInterval
        }
    }
}
