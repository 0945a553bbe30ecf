public import Platform

public enum DS3231Conversion {
    /// "Temperature Registers": ten bits, two's complement, 0.25 °C each, in the upper ones.
    public static func temperature(_ raw: UInt16) -> Celsius {
        Celsius(Double(Int16(bitPattern: raw) >> 6) * 0.25)
    }

    /// "Clock and Calendar": the seven bytes from 00h on, as UTC; nil for what is no time.
    public static func time(_ bytes: [UInt8]) -> WallTime? {
        guard bytes.count >= 7, let second = decimal(bytes[0], 0x7F),
            let minute = decimal(bytes[1], 0x7F), let hour = hour(bytes[2]),
            let day = decimal(bytes[4], 0x3F), let month = decimal(bytes[5], 0x1F),
            let year = decimal(bytes[6], 0xFF), second < 60, minute < 60, hour < 24,
            1...31 ~= day, 1...12 ~= month
        else { return nil }
        let century: Int64 = bytes[5] & DS3231Registers.century != 0 ? 2100 : 2000
        let days = days(year: century + year, month: month, day: day)
        let minutes = (days * 24 + hour) * 60 + minute
        return WallTime(milliseconds: (minutes * 60 + second) * 1000)
    }

    /// The seven bytes of a time in UTC; nil outside the years 2000 to 2199.
    public static func bytes(_ time: WallTime) -> [UInt8]? {
        let seconds = Int64((Double(time.milliseconds) / 1000).rounded(.down))
        let days = Int64((Double(seconds) / 86_400).rounded(.down))
        let rest = seconds - days * 86_400
        let (year, month, day) = date(days: days)
        guard 2000...2199 ~= year else { return nil }
        let weekday = UInt8((days + 3) % 7 + 1)
        let century: UInt8 = year >= 2100 ? DS3231Registers.century : 0
        return [
            packed(rest % 60), packed(rest / 60 % 60), packed(rest / 3600), weekday, packed(day),
            packed(month) | century, packed(year % 100),
        ]
    }

    private static func hour(_ byte: UInt8) -> Int64? {
        guard byte & DS3231Registers.twelveHours != 0 else { return decimal(byte, 0x3F) }
        guard let hour = decimal(byte, 0x1F), 1...12 ~= hour else { return nil }
        return hour % 12 + (byte & DS3231Registers.afternoon != 0 ? 12 : 0)
    }

    /// Binary coded decimal; nil where a digit is beyond 9.
    private static func decimal(_ byte: UInt8, _ mask: UInt8) -> Int64? {
        let (tens, ones) = ((byte & mask) >> 4, byte & mask & 0x0F)
        return tens < 10 && ones < 10 ? Int64(tens) * 10 + Int64(ones) : nil
    }

    private static func packed(_ number: Int64) -> UInt8 {
        UInt8(truncatingIfNeeded: (number / 10) << 4 | number % 10)
    }

    /// Days since 1970-01-01 in the Gregorian calendar, by eras of 400 years beginning in March.
    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let ofYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + ofYear - 719_468
    }

    private static func date(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let ofEra = shifted - era * 146_097
        let year = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * year + year / 4 - year / 100)
        let part = (5 * ofYear + 2) / 153
        let month = part < 10 ? part + 3 : part - 9
        return (
            year + era * 400 + (month <= 2 ? 1 : 0), month, ofYear - (153 * part + 2) / 5 + 1
        )
    }
}
