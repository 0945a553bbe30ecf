import DeviceDrivers
import Platform
import SyncProtocol

/// What the declared devices are, for who reads their values elsewhere: `reported/declared/<device>`
/// with the kind, the units of the readings, and what can be set.
extension Agent {
    private static let declaredPrefix = "reported/declared/"

    /// Brings the records to the devices that are declared now.
    func describeDeclared() {
        let names = Set(poller.names + pins.names)
        for cell in (try? store.document.cells(prefix: Self.declaredPrefix)) ?? []
        where cell.value != .null {
            let name = String(cell.path.text.dropFirst(Self.declaredPrefix.count))
            if !names.contains(name) { write(cell.path, .null, .event) }
        }
        for name in names.sorted() { describe(name) }
    }

    /// Writes a record where it is another than before. Units come with the first reading, and what
    /// is known of a device of this kind from before a restart stays until then.
    func describe(_ device: String) {
        guard let (kind, properties) = declaredProperties(device),
            let path = try? TwinPath(Self.declaredPrefix + device)
        else { return }
        let known = stage.staged(path) ?? current(path)
        guard !properties.isEmpty || known?["kind"] != .string(kind) else { return }
        let units = properties.filter { !$0.unit.isEmpty }.map { ($0.name, Value.string($0.unit)) }
        let settable = properties.filter { $0.settable != nil }.map { Value.string($0.name) }
        var fields: [(String, Value)] = [("kind", .string(kind))]
        if !units.isEmpty { fields.append(("units", .object(units))) }
        if !settable.isEmpty { fields.append(("settable", .array(settable))) }
        let record = Value.object(fields)
        if known != record { write(path, record, .telemetry) }
    }

    /// What a chip or a line last said, with units and what can be set.
    func declaredProperties(
        _ device: String
    ) -> (kind: String, properties: [AnnouncedProperty])? {
        poller.announced(device) ?? pins.announced(device)
    }

    /// `on` and `off` as people write them; any other value is as it is.
    func flag(_ value: Value) -> Value {
        switch value.stringValue?.lowercased() {
        case "on": .bool(true)
        case "off": .bool(false)
        default: value
        }
    }
}
