/// What batches of log rows mostly contain, for a compressor to refer to: a chunk of a few rows is
/// too short to repeat itself.
///
/// Frozen: compressed batches are read with exactly these bytes. Another vocabulary is another
/// form of a batch. Names are those that Zigbee2MQTT, Shelly devices and this agent report.
enum LogVocabulary {
    /// In the form in which they are in a payload. What is likeliest comes last: the nearer, the
    /// fewer bits.
    static let bytes: [UInt8] = {
        var writer = ByteWriter()
        for word in words { writer.raw(word.utf8) }
        for text in texts { writer.string(text) }
        for event in events { writer.spelled(event) }
        for shape in shapes {
            let names = shape.split(separator: " ")
            writer.varint(UInt64(names.count))
            for name in names { writer.spelled(String(name)) }
        }
        for key in ["board", "devices/"] { writer.spelled(key) }
        for stream in ["alarm", "event", "logs/", "telemetry"] { writer.string(stream) }
        return writer.bytes
    }()

    /// Parts of a program's lines.
    private static let words = [
        "info: ", "warning: ", "error: ", "failed: ", "timeout", "connection ", " closed",
        " from ", " 200 ", " ms", "GET /api/v1/", "http://", "exited with ", "killed by signal ",
        "192.168.1.",
    ]

    private static let texts = [
        "auto", "heat", "idle", "cool", "closed", "open", "color_temp", "hold", "single",
        "double", "OFF", "ON",
    ]

    private static let events = [
        "store.dropped", "clock.set", "workload.adopted", "workload.exited", "workload.stopped",
        "workload.started",
    ]

    /// Names that a message has together, in their order on the wire.
    private static let shapes = [
        "action battery linkquality",
        "battery battery_low linkquality smoke tamper",
        "battery battery_low contact linkquality tamper voltage",
        "battery battery_low linkquality tamper water_leak",
        "battery illuminance linkquality occupancy",
        "battery current_heating_setpoint linkquality local_temperature position running_state",
        "co2 formaldehyde humidity linkquality pm25 temperature voc",
        "current energy linkquality power state update_available voltage",
        "aenergy apower current freq id output pf source temperature voltage",
        "connected enabled ip mac ssid rssi status",
        "brightness color_mode color_temp linkquality state",
        "pid reason restarts spec state workload",
        "cpu_percent cpu_temperature_c disk_free_bytes disk_total_bytes load_1m"
            + " memory_available_bytes memory_total_bytes uptime_s",
        "battery humidity linkquality pressure temperature voltage",
    ]
}

extension ByteWriter {
    /// A name as `name` writes it at its first use.
    fileprivate mutating func spelled(_ text: String) {
        varint(0)
        string(text)
    }
}
