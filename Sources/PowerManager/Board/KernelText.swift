/// Reads the files in which the kernel describes the board: proc(5) and the thermal zones of
/// sysfs. Total: any bytes give a value or a `KernelTextError`. No I/O.
public enum KernelText {
    /// The longest file that is read. `/proc/stat` has a line per processor and one of interrupt
    /// counters, which reaches some kilobytes.
    public static let bytesMaximum = 65536

    /// The load average over one minute, from `/proc/loadavg`: `0.42 0.35 0.30 1/123 4567`.
    public static func loadAverage(_ bytes: [UInt8]) throws(KernelTextError) -> Double {
        let words = try words(bytes, file: "/proc/loadavg")
        return try decimal(words.first, file: "/proc/loadavg")
    }

    /// Whole seconds since boot, from `/proc/uptime`: `350735.47 234388.90`.
    public static func uptimeSeconds(_ bytes: [UInt8]) throws(KernelTextError) -> Int64 {
        let words = try words(bytes, file: "/proc/uptime")
        let seconds = try decimal(words.first, file: "/proc/uptime")
        guard let whole = Int64(exactly: seconds.rounded(.down)) else {
            throw KernelTextError(code: .implausible, file: "/proc/uptime")
        }
        return whole
    }

    /// Bytes of memory, from `/proc/meminfo`, which counts in units of 1024 and calls them kB.
    public static func memory(
        _ bytes: [UInt8]
    ) throws(KernelTextError) -> (total: Int64, available: Int64) {
        let file = "/proc/meminfo"
        var (total, available): (Int64?, Int64?) = (nil, nil)
        for line in try lines(bytes, file: file) {
            let fields = line.split(separator: " ", maxSplits: 2)
            guard fields.count >= 2 else { continue }
            if fields[0] == "MemTotal:" { total = kibibytes(fields[1]) }
            if fields[0] == "MemAvailable:" { available = kibibytes(fields[1]) }
        }
        guard let total, let available else {
            throw KernelTextError(code: .missingField, file: file)
        }
        // The kernel estimates what is available and may be off by a little.
        return (total, min(available, total))
    }

    /// Degrees Celsius, from a thermal zone's `temp`, which is in thousandths of a degree.
    ///
    /// - Throws: also for what no running board has, outside −60 to 200 °C: zones without a sensor
    ///   behind them say 0 kelvin or their type's limits.
    public static func temperature(_ bytes: [UInt8]) throws(KernelTextError) -> Double {
        let file = "thermal_zone/temp"
        let words = try words(bytes, file: file)
        guard words.count == 1, let thousandths = Int64(words[0]) else {
            throw KernelTextError(code: .notANumber, file: file)
        }
        guard -60_000...200_000 ~= thousandths else {
            throw KernelTextError(code: .implausible, file: file)
        }
        return Double(thousandths) / 1000
    }

    /// Percent of the last ten seconds in which some task waited for a processor, from
    /// `/proc/pressure/cpu`: `some avg10=1.53 avg60=0.87 avg300=0.40 total=123456`.
    public static func pressure(_ bytes: [UInt8]) throws(KernelTextError) -> Double {
        let file = "/proc/pressure/cpu"
        let words = try words(bytes, file: file)
        guard words.count >= 2, words[0] == "some", words[1].hasPrefix("avg10=") else {
            throw KernelTextError(code: .missingField, file: file)
        }
        let percent = try decimal(words[1].dropFirst("avg10=".count), file: file)
        guard percent <= 100 else { throw KernelTextError(code: .implausible, file: file) }
        return percent
    }

    /// What the Raspberry Pi's firmware says of its supply and its heat now, from `get_throttled`,
    /// which is hexadecimal: bit 0 is undervoltage; bits 1, 2 and 3 are a clock held down (Raspberry
    /// Pi documentation, vcgencmd get_throttled). Bits from 16 on are of the past and left out.
    public static func throttled(
        _ bytes: [UInt8]
    ) throws(KernelTextError) -> (isUndervolted: Bool, isThrottled: Bool) {
        let file = "get_throttled"
        let words = try words(bytes, file: file)
        guard let word = words.first, words.count == 1,
            let bits = UInt32(word.hasPrefix("0x") ? word.dropFirst(2) : word, radix: 16)
        else { throw KernelTextError(code: .notANumber, file: file) }
        return (bits & 1 != 0, bits & 0b1110 != 0)
    }

    static func lines(
        _ bytes: [UInt8], file: String
    ) throws(KernelTextError) -> [Substring] {
        guard bytes.count <= bytesMaximum else {
            throw KernelTextError(code: .tooLong, file: file)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw KernelTextError(code: .notText, file: file)
        }
        return text.split(separator: "\n")
    }

    private static func words(
        _ bytes: [UInt8], file: String
    ) throws(KernelTextError) -> [Substring] {
        try lines(bytes, file: file).first?.split(separator: " ") ?? []
    }

    /// A number that is neither negative nor, as Swift reads `nan` and `inf`, none at all.
    private static func decimal(
        _ word: Substring?, file: String
    ) throws(KernelTextError) -> Double {
        guard let word else { throw KernelTextError(code: .missingField, file: file) }
        guard let number = Double(word), number.isFinite, number >= 0 else {
            throw KernelTextError(code: .notANumber, file: file)
        }
        return number
    }

    private static func kibibytes(_ word: Substring) -> Int64? {
        guard let count = Int64(word), count >= 0 else { return nil }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: 1024)
        return overflow ? nil : bytes
    }
}

/// Why a file of the kernel could not be read as what it should be.
public struct KernelTextError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of fault it is.
    public enum Code: Sendable, Hashable {
        /// Over `KernelText.bytesMaximum`.
        case tooLong
        /// Not UTF-8.
        case notText
        /// Empty, or without the line or word that was looked for.
        case missingField
        /// A word, a negative number or an infinity where a number belongs.
        case notANumber
        /// A number, but none that a running board has.
        case implausible
    }

    /// The kind, for programs.
    public let code: Code
    /// The file by its usual name.
    public let file: String

    /// What is wrong with which file, and what follows from it.
    public var description: String {
        let what =
            switch code {
            case .tooLong: "is longer than \(KernelText.bytesMaximum) bytes"
            case .notText: "is not text"
            case .missingField: "lacks the field"
            case .notANumber: "holds no number where one belongs"
            case .implausible: "holds a number that no board has"
            }
        return "\(file) \(what); its readings are left out"
    }
}
