public import Platform

/// A sensor that the kernel has a driver for: hwmon or IIO, read by its files.
///
/// It is looked up anew after each fault: numbers of hwmon and IIO change with the order in which
/// modules are loaded.
public struct KernelSensor: DeviceDriver {
    /// Where a sensor is looked for.
    public enum Place: Sendable, Hashable {
        /// By the name in its file `name`.
        case named(String, isIndustrial: Bool)
        /// By its place on an I2C bus: `1-0048`.
        case chip(String)
    }

    private enum State: Sendable {
        case idle
        case listed(String)
        case named([String])
        case inHwmon(String)
        case inSensor(String)
        case reading([String])
    }

    /// Channels of one sensor at most.
    public static let channelsMax = 16

    private let place: Place
    private var state = State.idle
    /// The files of the sensor, once found: value, scale and offset of each channel.
    private var files: [String]?

    public init(_ place: Place) { self.place = place }

    /// The sensor of a chip whose address belongs to a driver of the kernel.
    public init(bus: String, address: I2CAddress) {
        let number = bus.dropFirst("i2c-".count)
        place = .chip("\(number)-00" + address.description.dropFirst(2))
    }

    public static let hwmon = DeviceKind(
        "hwmon", "a sensor of the kernel's hwmon",
        .files { settings throws(DriverFault) in
            KernelSensor(.named(settings.word("chip"), isIndustrial: false))
        }, everyMin: 1000,
        settings: [
            DeviceSetting(
                "chip", .text(standard: nil), "what /sys/class/hwmon/hwmon*/name says, as lm75")
        ])

    public static let industrial = DeviceKind(
        "iio", "a sensor of the kernel's IIO",
        .files { settings throws(DriverFault) in
            KernelSensor(.named(settings.word("chip"), isIndustrial: true))
        }, everyMin: 1000,
        settings: [
            DeviceSetting(
                "chip", .text(standard: nil),
                "what /sys/bus/iio/devices/iio:device*/name says, as bme280")
        ])

    private var directory: String {
        switch place {
        case .named(_, let isIndustrial):
            isIndustrial ? "/sys/bus/iio/devices" : "/sys/class/hwmon"
        case .chip(let name): "/sys/bus/i2c/devices/\(name)"
        }
    }

    public mutating func begin() -> DriverStep {
        if let files {
            state = .reading(files)
            return .read(files.map(Self.file))
        }
        state = .listed(directory)
        return .list(directory)
    }

    public mutating func abandon() {
        state = .idle
        files = nil
    }

    public mutating func resume(_ answer: DriverAnswer) throws(DriverFault) -> DriverStep {
        switch (state, answer) {
        case (.listed(let directory), .names(let names)):
            if case .named = place { return askNames(directory, names) }
            return try enter(directory, names)
        case (.named(let paths), .files(let files)): return try choose(paths, files)
        case (.inHwmon(let directory), .names(let names)):
            guard let first = names.first(where: { $0.hasPrefix("hwmon") }) else { throw missing }
            return list("\(directory)/\(first)")
        case (.inSensor(let directory), .names(let names)):
            return try readSensor(directory, names)
        case (.reading(let paths), .files(let files)): return try finish(paths, files)
        default: throw DriverFault(.badAnswer, "an answer of another kind than was asked for")
        }
    }

    private var missing: DriverFault {
        let what =
            switch place {
            case .named(let name, _): "no sensor named \(name) is under \(directory)"
            case .chip: "the kernel's driver has no sensor under \(directory)"
            }
        return DriverFault(.missing, "\(what); its module may not be loaded")
    }

    private mutating func list(_ directory: String) -> DriverStep {
        state = .inSensor(directory)
        return .list(directory)
    }

    private mutating func askNames(_ directory: String, _ names: [String]) -> DriverStep {
        let devices = names.filter { $0.hasPrefix("hwmon") || $0.hasPrefix("iio:device") }
        let paths = devices.prefix(DeviceRequest.filesMax).map { "\(directory)/\($0)/name" }
        state = .named(Array(paths))
        return .read(Array(paths))
    }

    private mutating func choose(
        _ paths: [String], _ files: [[UInt8]?]
    ) throws(DriverFault) -> DriverStep {
        guard case .named(let wanted, _) = place else { throw missing }
        for (path, bytes) in zip(paths, files) {
            guard let bytes else { continue }
            let name = String(decoding: bytes.prefix(64), as: UTF8.self)
            if name.split(separator: "\n").first.map(String.init) == wanted {
                return list(String(path.dropLast("/name".count)))
            }
        }
        throw missing
    }

    /// The device of a chip holds `hwmon` or an `iio:device`.
    private mutating func enter(
        _ directory: String, _ names: [String]
    ) throws(DriverFault) -> DriverStep {
        if let device = names.first(where: { $0.hasPrefix("iio:device") }) {
            return list("\(directory)/\(device)")
        }
        guard names.contains("hwmon") else { throw missing }
        state = .inHwmon("\(directory)/hwmon")
        return .list("\(directory)/hwmon")
    }

    private mutating func readSensor(
        _ directory: String, _ names: [String]
    ) throws(DriverFault) -> DriverStep {
        let values = names.filter { name in
            name.hasSuffix("_input") || name.hasPrefix("in_") && name.hasSuffix("_raw")
        }
        var paths: [String] = []
        for name in values.sorted().prefix(Self.channelsMax) {
            paths.append("\(directory)/\(name)")
            guard name.hasSuffix("_raw") else { continue }
            let stem = name.dropLast("_raw".count)
            // What channels of a kind share has the kind's name alone: in_voltage_scale.
            let shared = stem.prefix { !("0"..."9").contains($0) }
            for suffix in ["_scale", "_offset"] {
                let own = "\(stem)\(suffix)"
                let file = names.contains(own) ? own : "\(shared)\(suffix)"
                if names.contains(file) { paths.append("\(directory)/\(file)#\(stem)") }
            }
        }
        guard !paths.isEmpty else { throw missing }
        files = paths
        state = .reading(paths)
        return .read(paths.map(Self.file))
    }

    /// A shared file is noted with the channel that it is for.
    private static func file(_ noted: String) -> String {
        String(noted.prefix { $0 != "#" })
    }

    private mutating func finish(
        _ paths: [String], _ contents: [[UInt8]?]
    ) throws(DriverFault) -> DriverStep {
        var readings: [Reading] = []
        for (index, path) in paths.enumerated() where !path.contains("#") {
            let name = String(path.split(separator: "/").last ?? "")
            guard index < contents.count,
                var number = KernelSensorConversion.number(contents[index])
            else { continue }
            guard name.hasPrefix("in_") else {
                if let reading = KernelSensorConversion.hwmon(name, number) {
                    readings.append(reading)
                }
                continue
            }
            let isRaw = name.hasSuffix("_raw")
            let stem = String(name.dropLast(isRaw ? "_raw".count : "_input".count))
            var (scale, offset) = (1.0, 0.0)
            for (other, path) in paths.enumerated() where path.hasSuffix("#" + stem) {
                guard other < contents.count,
                    let value = KernelSensorConversion.number(contents[other])
                else { continue }
                if Self.file(path).hasSuffix("_scale") { scale = value } else { offset = value }
            }
            // (raw + offset) · scale: sysfs-bus-iio, in_voltageY_raw.
            if isRaw { number = (number + offset) * scale }
            readings.append(
                KernelSensorConversion.industrial(String(stem.dropFirst("in_".count)), number))
        }
        guard !readings.isEmpty else { throw missing }
        state = .idle
        return .done(readings)
    }
}
