import LinuxPlatform
import Platform
import SyncProtocol

/// A board as a fleet has many: its own readings, one sensor, one workload and two wishes.
enum TypicalBoard {
    /// A device of the real code. Its store is in memory, as nothing of it is measured.
    ///
    /// - Parameter number: its own among all boards of a run; no two boards share an epoch then.
    static func make(_ key: String, number: Int) throws -> BenchDevice {
        let device = try BenchDevice(
            key: key, path: ":memory:", entropy: BenchEntropy(rank: number, seed: UInt64(number)),
            compressor: Zstd(prefix: LogBatchCodec.vocabulary))
        try write(sample: 0, to: device)
        return device
    }

    /// Writes all values. Another sample has other readings, and the rest is the same.
    static func write(sample: Int, to device: BenchDevice) throws {
        device.wall = LinuxTimekeeper().now().wall
        try device.write(
            values(sample: sample).map { .set(try TwinPath($0.path), $0.value) })
    }

    /// Ten reported values and two desired ones.
    static func values(sample: Int) -> [(path: String, value: Value)] {
        [
            ("reported/agent", agent), ("reported/workloads/web", state),
            ("desired/workloads/web", workload("web")),
            ("desired/workloads/collector", workload("collector")),
        ] + readings(sample).map { ("reported/" + $0, $1) }
    }

    private static func readings(_ sample: Int) -> [(String, Value)] {
        [
            ("board/cpu_temperature_c", .number(51.5 + Double(sample))),
            ("board/disk_free_bytes", .int(21_474_836_480 - Int64(sample) * 4096)),
            ("board/load_1m", .number(0.25 + Double(sample))),
            ("board/memory_available_bytes", .int(734_003_200 - Int64(sample) * 4096)),
            ("devices/sensor-1/battery", .int(Int64(97 - sample % 90))),
            ("devices/sensor-1/humidity", .number(48.5 + Double(sample % 40))),
            ("devices/sensor-1/linkquality", .int(Int64(112 + sample % 100))),
            ("devices/sensor-1/temperature", .number(21.75 + Double(sample % 10))),
        ]
    }

    private static let agent = Value.object([
        (
            "labels",
            .object([("rack", .string("2")), ("site", .string("barn"))])
        ),
        ("version", .string("1.0.0")),
    ])

    private static let state = Value.object([
        ("pid", .int(1234)), ("restarts", .int(0)), ("state", .string("running")),
    ])

    private static func workload(_ name: String) -> Value {
        .object([
            ("command", .array([.string("/opt/\(name)/bin/\(name)"), .string("--quiet")])),
            ("restart", .string("always")),
        ])
    }
}
