import Platform

/// The Tasmota devices that announced themselves, by what their topics begin with. The bridge's
/// registry bounds how many there are.
struct TasmotaRegistry: Sendable {
    private var devices: [String: TasmotaDevice] = [:]
    /// The device's name by its topics without their last segment.
    private var readers: [String: String] = [:]

    var filters: [String] { devices.values.flatMap(\.filters).sorted() }

    subscript(name: String) -> TasmotaDevice? { devices[name] }

    /// The device that a topic belongs to, and the topic's last segment.
    func device(of topic: TopicPath) -> (device: TasmotaDevice, end: String)? {
        guard !readers.isEmpty, let end = topic.segments.last else { return nil }
        let place = topic.segments.dropLast().joined(separator: "/") + "/"
        guard let device = readers[place].flatMap({ devices[$0] }) else { return nil }
        return (device, String(end))
    }

    func name(of mac: String) -> String? {
        devices.values.first { $0.kept["mac"]?.stringValue == mac }?.name
    }

    mutating func set(_ device: TasmotaDevice) {
        remove(device.name)
        devices[device.name] = device
        readers[device.state] = device.name
        readers[device.telemetry] = device.name
    }

    mutating func remove(_ name: String) {
        guard let device = devices.removeValue(forKey: name) else { return }
        for place in [device.state, device.telemetry] where readers[place] == name {
            readers[place] = nil
        }
    }
}
