public import Platform

/// How long ago something was, as an operator reads it.
public enum Age {
    /// `now` (less than a second), `12s`, `3m`, `5h`, `12d`; `in 3m` for a time to come, as a
    /// clock that is wrong shows it.
    public static func text(_ age: Milliseconds) -> String {
        let seconds = age.count.magnitude / 1000
        if seconds == 0 { return "now" }
        return (age.count < 0 ? "in " : "") + span(seconds)
    }

    /// The age of an RFC 3339 time; `never` where there is none, the text itself where it is no
    /// time.
    public static func text(of time: String?, now: WallTime) -> String {
        guard let time else { return "never" }
        guard let then = Times.rfc3339(time) else { return time }
        let (span, overflow) = now.milliseconds.subtractingReportingOverflow(then.milliseconds)
        return overflow ? time : text(Milliseconds(span))
    }

    /// Each unit is used up to the point where the next one says it with two digits or nearly so.
    private static func span(_ seconds: UInt64) -> String {
        switch seconds {
        case ..<60: "\(seconds)s"
        case ..<3600: "\(seconds / 60)m"
        case ..<172_800: "\(seconds / 3600)h"
        default: "\(seconds / 86_400)d"
        }
    }
}

/// Reads times that a hub sends.
public enum Times {
    /// A time of RFC 3339, such as `2026-11-23T05:27:16.000Z`; nil for anything else. Digits past
    /// the milliseconds are dropped.
    public static func rfc3339(_ text: String) -> WallTime? {
        var scanner = DigitScanner(text)
        guard let year = scanner.number(4), scanner.take("-"), let month = scanner.number(2),
            scanner.take("-"), let day = scanner.number(2),
            scanner.take("T") || scanner.take("t") || scanner.take(" "),
            let hour = scanner.number(2), scanner.take(":"), let minute = scanner.number(2),
            scanner.take(":"), let second = scanner.number(2),
            let fraction = scanner.fraction(), let offset = scanner.offset(), scanner.isAtEnd,
            let time = time(year, month, day, hour, minute, second)
        else { return nil }
        return WallTime(milliseconds: time + fraction - offset * 60_000)
    }

    /// A time of RFC 3339 as people read it, `2026-11-23 05:27:16` (UTC); the text itself where it
    /// is no time.
    public static func brief(_ text: String) -> String {
        guard let time = rfc3339(text) else { return text }
        return String(RFC3339.text(time).prefix(19)).replacing("T", with: " ")
    }

    /// The `Date` header of HTTP (RFC 9110 §5.6.7), `Sun, 06 Nov 1994 08:49:37 GMT`; nil for
    /// anything else.
    public static func httpDate(_ text: String) -> WallTime? {
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[5] == "GMT", let day = Int64(parts[1]),
            let month = months.firstIndex(of: String(parts[2])), let year = Int64(parts[3])
        else { return nil }
        var scanner = DigitScanner(String(parts[4]))
        guard let hour = scanner.number(2), scanner.take(":"), let minute = scanner.number(2),
            scanner.take(":"), let second = scanner.number(2), scanner.isAtEnd,
            let time = time(year, Int64(month + 1), day, hour, minute, second)
        else { return nil }
        return WallTime(milliseconds: time)
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static func time(
        _ year: Int64, _ month: Int64, _ day: Int64, _ hour: Int64, _ minute: Int64, _ second: Int64
    ) -> Int64? {
        // 60 is a leap second (RFC 3339 §5.7).
        guard 0...9999 ~= year, 1...12 ~= month, 1...31 ~= day, 0...23 ~= hour, 0...59 ~= minute,
            0...60 ~= second
        else { return nil }
        // Days of the proleptic Gregorian calendar, a year starting in March so that the leap
        // day is its last; the inverse of `RFC3339.text`.
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let days =
            era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
        return ((days * 24 + hour) * 60 + minute) * 60_000 + second * 1000
    }
}

/// Takes fixed runs of digits off the front of a text.
private struct DigitScanner {
    private var rest: Substring.UTF8View

    init(_ text: String) { rest = Substring(text).utf8 }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard let byte = rest.first, UInt32(byte) == character.value else { return false }
        rest = rest.dropFirst()
        return true
    }

    mutating func number(_ count: Int) -> Int64? {
        let digits = rest.prefix(count)
        guard digits.count == count, digits.allSatisfy({ 0x30...0x39 ~= $0 }) else { return nil }
        rest = rest.dropFirst(count)
        return digits.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
    }

    /// Milliseconds after the seconds; 0 without a fraction.
    mutating func fraction() -> Int64? {
        guard take(".") else { return 0 }
        let digits = rest.prefix { 0x30...0x39 ~= $0 }
        guard !digits.isEmpty else { return nil }
        rest = rest.dropFirst(digits.count)
        let missing = max(0, 3 - digits.count)
        let padded = Array(digits.prefix(3)) + Array(repeating: 0x30, count: missing)
        return padded.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
    }

    /// Minutes east of UTC.
    mutating func offset() -> Int64? {
        if take("Z") || take("z") { return 0 }
        let sign: Int64
        if take("+") { sign = 1 } else if take("-") { sign = -1 } else { return nil }
        guard let hours = number(2), take(":"), let minutes = number(2), hours < 24, minutes < 60
        else { return nil }
        return sign * (hours * 60 + minutes)
    }
}
