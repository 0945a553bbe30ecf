/// What the kernel's files of a sensor mean, by their names.
enum KernelSensorConversion {
    /// hwmon: Documentation/hwmon/sysfs-interface.rst. `temp1_input` is in thousandths of a degree,
    /// `in0_input` of a volt, `curr1_input` of an ampere, `humidity1_input` of a percent;
    /// `power1_input` in millionths of a watt. Nil for what is no reading.
    static func hwmon(_ file: String, _ number: Double) -> Reading? {
        guard let channel = channel(file) else { return nil }
        switch channel.kind {
        case "temp": return Reading(channel.name("temperature"), Celsius(number / 1000))
        case "in": return Reading(channel.name("voltage"), Volts(number / 1000))
        case "curr": return Reading(channel.name("current"), Amperes(number / 1000))
        case "power": return Reading(channel.name("power"), Watts(number / 1_000_000))
        case "humidity": return Reading(channel.name("humidity"), RelativeHumidity(number / 1000))
        case "fan": return Reading(channel.name("fan_rpm"), state: .number(number))
        default: return nil
        }
    }

    private struct Channel {
        let kind: String
        let number: String

        /// The first of a kind has no number.
        func name(_ property: String) -> String {
            number == (kind == "in" ? "0" : "1") ? property : "\(property)_\(number)"
        }
    }

    /// `temp1_input` is the first of `temp`.
    private static func channel(_ file: String) -> Channel? {
        guard file.hasSuffix("_input") else { return nil }
        let stem = file.dropLast("_input".count)
        let kind = stem.prefix { !("0"..."9").contains($0) }
        let number = stem.dropFirst(kind.count)
        guard !kind.isEmpty, 1...3 ~= number.count, number.allSatisfy({ ("0"..."9").contains($0) })
        else { return nil }
        return Channel(kind: String(kind), number: String(number))
    }

    /// IIO: Documentation/ABI/testing/sysfs-bus-iio. After scale and offset temperatures are in
    /// thousandths of a degree, voltages of a volt, currents of an ampere, powers of a watt and
    /// humidities of a percent; pressures in kilopascals, concentrations in percent, light in lux.
    ///
    /// - Parameter channel: Between `in_` and `_raw` or `_input`: `temp`, `voltage0`.
    static func industrial(_ channel: String, _ number: Double) -> Reading {
        let kind = channel.prefix { !("0"..."9").contains($0) && $0 != "-" }
        let suffix = channel.dropFirst(kind.count)
        let name = { (property: String) in suffix.isEmpty ? property : "\(property)_\(suffix)" }
        switch kind {
        case "temp": return Reading(name("temperature"), Celsius(number / 1000))
        case "voltage": return Reading(name("voltage"), Volts(number / 1000))
        case "current": return Reading(name("current"), Amperes(number / 1000))
        case "power": return Reading(name("power"), Watts(number / 1000))
        case "humidityrelative": return Reading(name("humidity"), RelativeHumidity(number / 1000))
        case "pressure": return Reading(name("pressure"), Hectopascals(number * 10))
        case "concentration_co": return Reading("co2", PartsPerMillion(number * 10_000))
        case "illuminance": return Reading(name("illuminance"), Lux(number))
        default: return Reading(channel, state: .number(number))
        }
    }

    /// A number as the kernel writes it: `-12`, `0.001333`, or two of them as a fraction `1/3`.
    static func number(_ bytes: [UInt8]?) -> Double? {
        guard let bytes else { return nil }
        let text = String(decoding: bytes.prefix(64), as: UTF8.self)
        guard let word = text.split(whereSeparator: { $0 == "\n" || $0 == " " }).first,
            let number = Double(word), number.isFinite
        else { return nil }
        return number
    }
}
