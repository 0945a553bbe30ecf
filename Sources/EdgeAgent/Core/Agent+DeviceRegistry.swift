import DeviceDrivers
import Platform
import SQLiteStore
import SyncProtocol

/// Who the local devices are and whether they are there, across restarts.
extension Agent {
    private static let registryPrefix = "reported/registry/"
    /// How often the time at which a device was heard last is written, at most.
    static let heardInterval: Milliseconds = 600_000

    /// Takes up the devices that were known before this start.
    func recallDevices() {
        for cell in (try? store.document.cells(prefix: Self.registryPrefix)) ?? [] {
            let key = String(cell.path.text.dropFirst(Self.registryPrefix.count))
            if !bridge.recall(key: key, value: cell.value) {
                world.report("warning local-broker: \(cell.path.text) is not read any more")
            }
        }
        for name in bridge.knownDevices {
            note(name, bridge.presence(of: name) ?? .remembered)
        }
        let topics = bridge.learntTopics
        if !topics.isEmpty { world.bus?.subscribe(topics) }
    }

    func remember(_ key: String, _ value: Value) {
        guard let path = try? TwinPath(Self.registryPrefix + key) else { return }
        let staged = stage.staged(path)
        guard (staged ?? current(path)) != value else { return }
        // With the message that caused it, and no sooner: readings of a new device wait as all do.
        write(path, value, .telemetry)
        // What was taken back is not there, whatever it said last.
        if value["forgotten"] == .bool(true), let path = Self.presencePath(key) {
            lastHeard[key] = nil
            write(path, .null, .event)
        }
    }

    func note(_ device: String, _ presence: DevicePresence) {
        guard let path = Self.presencePath(device) else { return }
        let known = stage.staged(path) ?? current(path)
        guard known?["state"]?.stringValue != presence.rawValue else { return }
        var fields: [(String, Value)] = [("state", .string(presence.rawValue))]
        if let time = known?["last_heard"] { fields.append(("last_heard", time)) }
        let isNews = presence == .online || presence == .offline
        write(path, .object(fields), isNews ? .event : .telemetry)
    }

    /// A device has sent something. The time is written seldom: each is a write of the card.
    func heard(_ device: String) {
        guard lastHeard[device].map({ now - $0 >= Self.heardInterval }) ?? true,
            let path = Self.presencePath(device)
        else { return }
        lastHeard[device] = now
        let state = bridge.presence(of: device) ?? .heard
        let time = clock.believed(world.timekeeper.now())
        write(
            path,
            .object([
                ("state", .string(state.rawValue)), ("last_heard", .string(RFC3339.text(time))),
            ]), .telemetry)
    }

    private static func presencePath(_ device: String) -> TwinPath? {
        try? TwinPath("reported/presence/" + device)
    }
}
