import DeviceDrivers
import Platform
import SQLiteStore
import SyncProtocol

extension Agent {
    private static let devicePrefix = "config/devices/"

    /// Answers what `config/` says; its device blocks and rules are declared.
    func reconcileSettings() throws(SQLiteError) {
        var news: [(name: String, cell: Cell, refusal: String?)] = []
        var ruleNames: Set<String> = []
        for cell in try store.document.cells(prefix: "config/") {
            if cell.path.text.hasPrefix(Self.rulePrefix) {
                if let name = try reconcileRule(cell) { ruleNames.insert(name) }
                continue
            }
            let isNew = try !isAnswered(cell)
            guard cell.path.text.hasPrefix(Self.devicePrefix) else {
                if isNew { answer(cell, "this agent has no setting \(cell.path.text)") }
                continue
            }
            let name = String(cell.path.text.dropFirst(Self.devicePrefix.count))
            let refusal = takeBlock(name, cell.value)
            if isNew { news.append((name, cell, refusal)) }
        }
        keepRules(ruleNames)
        let conflicts = declareDevices()
        for (name, cell, refusal) in news {
            let refusal = refusal ?? conflicts[name]
            answer(cell, refusal)
            if let refusal {
                event("device.refused", [("device", .string(name)), ("reason", .string(refusal))])
            }
        }
    }

    /// The reason where the twin's block is none; what was declared before then stays.
    private func takeBlock(_ name: String, _ value: Value) -> String? {
        guard value != .null else {
            declared.twin[name] = nil
            return nil
        }
        do throws(DeviceBlockError) {
            let block = try DeviceBlock(name: name, value)
            guard block.pin == nil ? world.devices != nil : world.gpio != nil else {
                return "this agent has no access to \(block.pin == nil ? "buses" : "pins")"
            }
            declared.twin[name] = block
            return nil
        } catch {
            return error.description
        }
    }

    /// Tells the poller, and returns whom it refuses and why.
    private func declareDevices() -> [String: String] {
        guard let blocks = declared.change(configuration.devices) else { return [:] }
        let before = Set(poller.names)
        var refused: [String: String] = [:]
        for refusal in poller.declare(world.devices == nil ? [] : blocks, at: now) {
            refused[refusal.name] = refusal.reason
        }
        declared.forgetWishes()
        for refusal in declarePins(blocks) { refused[refusal.name] = refusal.reason }
        announcer.onDevices(poller.names + pins.names)
        describeDeclared()
        let present = Set(poller.names)
        for name in before.subtracting(present).sorted() {
            report(name, [("available", .bool(false))])
        }
        for (name, reason) in refused.sorted(by: { $0.key < $1.key })
        where configuration.devices.contains(where: { $0.name == name }) {
            event("device.refused", [("device", .string(name)), ("reason", .string(reason))])
        }
        perform(poller.onTick(now))
        return refused
    }

    func perform(_ directives: [DevicePoller.Directive]) {
        for directive in directives {
            switch directive {
            case .request(let request): world.devices?.submit(request)
            case .report(let device, let properties): report(device, properties)
            case .event(let key, let fields): event(key, fields)
            case .settled(let token, let refusal): settled(token, refusal)
            }
        }
    }

    /// Readings go where those of MQTT devices go: the twin and the log of measurements, and the
    /// rules.
    ///
    /// - Parameter priority: How soon the twin has it.
    func report(
        _ device: String, _ properties: [(name: String, value: Value)],
        _ priority: MessagePriority = .telemetry
    ) {
        if device == configuration.power.batteryDevice,
            let volts = properties.first(where: { $0.name == "voltage" })?.value.doubleValue
        {
            power.batteryVolts = volts
        }
        for (name, value) in properties {
            guard let path = try? TwinPath("reported/devices/\(device)/\(name)") else { continue }
            write(path, value, priority)
            perform(rules.onReading(device, name, value, at: now))
        }
        announceDevice(device, properties)
        describe(device)
        // The twin keeps the last of each; a log that cannot be written would fill memory.
        guard !stage.isFull else { return }
        append(
            .telemetry, key: "devices/\(device)", .object(properties.map { ($0.name, $0.value) }))
    }

    /// A wish for a property of a declared device.
    func setDeclared(_ cell: Cell, _ device: String, _ property: String) {
        let token = declared.next()
        guard poller.set(device, property, flag(cell.value), token: token, at: now) else {
            return wishesDue = now + Self.wishInterval
        }
        declared.onSent(cell, token)
        perform(poller.onTick(now))
    }

    func settled(_ token: UInt64, _ refusal: String?) {
        guard let wish = declared.onSettled(token) else { return }
        do throws(SQLiteError) {
            // A wish that took the place of this one gets an answer of its own.
            guard let cell = try store.document.register(wish.path) else { return }
            guard cell.dot == wish.dot else { return wishesDue = now }
            answer(cell, refusal)
        } catch {
            wishesDue = now + Self.wishInterval
            storeFailed(error)
        }
    }

    /// Answers `edge-agent devices`: what is declared with its last readings, and what else was
    /// heard or is there.
    func devices() -> Value {
        var found = heardDevices()
        let blocks = declared.blocks ?? []
        for (kind, names) in sensorNames() {
            let used = blocks.filter { $0.kind == kind }.map {
                $0.settings.word(kind == "ds18b20" ? "id" : "chip")
            }
            for name in names where !used.contains(name) {
                found.append(.object([("name", .string(name)), ("kind", .string(kind))]))
            }
        }
        return .object([
            ("ok", .bool(true)), ("declared", .array(poller.status + pins.status(at: now))),
            ("discovered", .array(found)),
        ])
    }

    /// The devices behind the broker, with their last values.
    private func heardDevices() -> [Value] {
        var readings = bridge.knownDevices.reduce(into: [String: [Value]]()) { $0[$1] = [] }
        for cell in (try? store.document.cells(prefix: "reported/devices/")) ?? []
        where cell.path.segments.count >= 4 && cell.value != .null {
            let name = String(cell.path.segments[2])
            guard !poller.knows(name), !pins.knows(name) else { continue }
            let property = cell.path.segments.dropFirst(3).joined(separator: "/")
            readings[name, default: []].append(
                .object([("property", .string(property)), ("value", cell.value)]))
        }
        return readings.sorted { $0.key < $1.key }.map { name, readings in
            var fields: [(String, Value)] = [("name", .string(name)), ("kind", .string("mqtt"))]
            if let presence = bridge.presence(of: name) {
                fields.append(("state", .string(presence.rawValue)))
            }
            return .object(fields + [("readings", .array(readings))])
        }
    }

    /// Sensors of the kernel's, by the kind that would read them.
    private func sensorNames() -> [(kind: String, names: [String])] {
        let files = world.fileSystem
        let named = { (directory: String, prefix: String) in
            files.list(directory).filter { $0.hasPrefix(prefix) }.prefix(DeviceRequest.filesMax)
                .compactMap { entry -> String? in
                    let bytes = try? files.read("\(directory)/\(entry)/name", maximumBytes: 64)
                    let text = bytes.map { String(decoding: $0, as: UTF8.self) }
                    return text?.split(separator: "\n").first.map(String.init)
                }
        }
        let oneWire = files.list("/sys/bus/w1/devices").filter { $0.hasPrefix("28-") }
        return [
            ("ds18b20", Array(oneWire.prefix(DeviceRequest.filesMax))),
            ("hwmon", named("/sys/class/hwmon", "hwmon")),
            ("iio", named("/sys/bus/iio/devices", "iio:device")),
        ]
    }
}
