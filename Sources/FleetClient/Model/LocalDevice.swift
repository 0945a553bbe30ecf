public import Platform

/// A device of a board: a chip on its buses, or one behind its broker, as the board reports it.
public struct LocalDevice: Sendable, Hashable {
    /// One property with its last value.
    public struct Reading: Sendable, Hashable {
        /// The property's name.
        public let property: String
        /// Its last value.
        public let value: Value
        /// The unit's symbol; empty where none is known.
        public let unit: String
        /// RFC 3339, by the board's clock; nil where it is further back in the log than was read.
        public var time: String?
    }

    /// Its name, as in `fleet set BOARD DEVICE/PROPERTY VALUE`.
    public let id: String
    /// `bme280`, `Zigbee2MQTT`, …; empty where the board does not say.
    public var kind = ""
    /// `online`, `offline`, `heard`, `remembered`; empty where the board does not say.
    public var presence = ""
    /// When it was heard last, to ten minutes; nil where the board does not say.
    public var lastHeard: String?
    /// Sorted by their names.
    public var readings: [Reading] = []

    /// The devices that a board's twin tells of, sorted by id.
    ///
    /// - Parameters:
    ///   - cells: those below `reported/`.
    ///   - rows: the end of the board's log, oldest first: it tells when a value came.
    public static func list(_ cells: [TwinCell], _ rows: [LogRow]) -> [LocalDevice] {
        var devices: [String: LocalDevice] = [:]
        var units: [String: String] = [:]
        var gone: Set<String> = []
        for cell in cells where cell.value != .null {
            let parts = cell.path.split(separator: "/", maxSplits: 3).map(String.init)
            guard parts.count >= 3, parts[0] == "reported" else { continue }
            let (name, rest) = (parts[2], parts.count > 3 ? parts[3] : nil)
            switch (parts[1], rest) {
            case ("declared", nil):
                devices[name, default: .init(id: name)].kind = text(cell.value, "kind")
                for unit in cell.value["units"]?.mapValue ?? [] {
                    units["\(name)/\(unit.key)"] = unit.value.stringValue
                }
            case ("registry", nil):
                if cell.value["forgotten"] == .bool(true) { gone.insert(name) }
                devices[name, default: .init(id: name)].kind = text(cell.value, "family")
            case ("registry", let entity?):
                units["\(name)/\(entity)"] =
                    cell.value["config"]?["unit_of_measurement"]?.stringValue
            case ("presence", nil):
                devices[name, default: .init(id: name)].presence = text(cell.value, "state")
                devices[name]?.lastHeard = cell.value["last_heard"]?.stringValue
            case ("devices", let property?):
                devices[name, default: .init(id: name)].readings.append(
                    Reading(property: property, value: cell.value, unit: ""))
            default: break
            }
        }
        let times = times(rows)
        return devices.values.filter { !gone.contains($0.id) }.sorted { $0.id < $1.id }.map {
            $0.completed(units, times)
        }
    }

    private func completed(
        _ units: [String: String], _ times: [String: String]
    ) -> LocalDevice {
        var device = self
        // A declared device's presence is one of its properties.
        let available = readings.first { $0.property == "available" }?.value.boolValue
        if presence.isEmpty, let available { device.presence = available ? "online" : "offline" }
        device.readings = readings.filter { $0.property != "available" }.map { reading in
            let key = "\(id)/\(reading.property)"
            return Reading(
                property: reading.property, value: reading.value, unit: units[key] ?? "",
                time: times[key])
        }.sorted { $0.property < $1.property }
        return device
    }

    /// When each property was reported last, by `device/property`.
    private static func times(_ rows: [LogRow]) -> [String: String] {
        var times: [String: String] = [:]
        for row in rows {
            guard case .entry(let entry) = row.content, let time = entry.time,
                entry.key.hasPrefix("devices/")
            else { continue }
            let device = entry.key.dropFirst("devices/".count)
            for property in entry.value.mapValue ?? [] {
                times["\(device)/\(property.key)"] = time
            }
        }
        return times
    }

    private static func text(_ value: Value, _ key: String) -> String {
        value[key]?.stringValue ?? ""
    }

    /// As `fleet devices of --json` prints it.
    public var object: Value {
        let list = readings.map { reading in
            Value.object([
                ("property", .string(reading.property)), ("value", reading.value),
                ("unit", .string(reading.unit)),
                ("time", reading.time.map { .string($0) } ?? .null),
            ])
        }
        return .object([
            ("id", .string(id)), ("kind", .string(kind)), ("presence", .string(presence)),
            ("last_heard", lastHeard.map { .string($0) } ?? .null), ("readings", .array(list)),
        ])
    }
}

extension FleetClient {
    /// The devices of a board, with the time of each value as far as the last thousand rows of its
    /// log tell it.
    public func localDevices(
        _ device: String
    ) async throws(FleetClientError) -> [LocalDevice] {
        let cells = try await twin(device, prefix: "reported/").content
        let rows = try await log(device, after: Int64(-Self.logPageRowsMax)).content.rows
        return LocalDevice.list(cells, rows)
    }
}
