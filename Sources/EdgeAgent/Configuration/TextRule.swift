import DeviceDrivers
import Platform

/// What a field that holds text accepts.
enum TextRule: Sendable, Hashable {
    case deviceID
    case host
    case loopbackHost
    case absolutePath(bytesMax: Int)
    case topic
    case labelKey
    case labelValue

    static let topicBytesMax = 128
    static let labelBytesMax = 64

    /// To follow “expected”.
    var expectation: String {
        switch self {
        case .deviceID: "1 to 64 of a-z A-Z 0-9 . _ -"
        case .host: "a host name or an address, without brackets and without a port"
        case .loopbackHost: "a loopback address (127.0.0.0/8, ::1 or localhost)"
        case .absolutePath(let bytesMax): "an absolute path of at most \(bytesMax) bytes"
        case .topic:
            "an MQTT topic of at most \(Self.topicBytesMax) bytes, without wildcards, without / "
                + "at either end, and not under $, fleet or cloudos-edge"
        case .labelKey:
            "1 to \(Self.labelBytesMax) of a-z A-Z 0-9 . _ - / with a letter or digit at both ends"
        case .labelValue:
            "at most \(Self.labelBytesMax) bytes without commas and control characters"
        }
    }

    /// Why only these hosts, where the rule is about hosts.
    var hint: String? {
        guard self == .loopbackHost else { return nil }
        return Self.plainHint
    }

    static let plainHint = "Plain links reach only loopback; use 127.0.0.1, ::1 or localhost."

    func accepts(_ text: String) -> Bool {
        let bytes = text.utf8
        switch self {
        case .deviceID:
            // As a path or URL segment the last two would mean another place.
            return 1...64 ~= bytes.count && bytes.allSatisfy { Self.isWord($0) }
                && text != "." && text != ".."
        case .host:
            // RFC 1035 §2.3.4; an IPv6 address may carry a zone.
            return 1...253 ~= bytes.count && bytes.first != UInt8(ascii: "-")
                && (bytes.allSatisfy { Self.isWord($0) } || Self.isIPv6(text))
        case .loopbackHost:
            return text == "localhost" || text == "::1" || Self.isLoopbackIPv4(text)
        case .absolutePath(let bytesMax):
            return bytes.first == UInt8(ascii: "/") && bytes.count <= bytesMax
                && Self.isPrintable(text)
        case .topic:
            return 1...Self.topicBytesMax ~= bytes.count && Self.isPrintable(text)
                && !bytes.contains { Self.wildcards.contains($0) }
                && bytes.first != UInt8(ascii: "/") && bytes.last != UInt8(ascii: "/")
                // MQTT 5 §4.7.2: such topics are the server's own. Under fleet/ go our own frames,
                // which the agent would then take for messages of devices and report in frames.
                && bytes.first != UInt8(ascii: "$")
                && !Self.ownTopics.contains { (text + "/").hasPrefix($0 + "/") }
        case .labelKey:
            // `fleet device label ID k-` removes k, so a key must not end in -.
            return 1...Self.labelBytesMax ~= bytes.count
                && bytes.allSatisfy { Self.isWord($0) || $0 == UInt8(ascii: "/") }
                && bytes.first.map(Self.isAlphanumeric) == true
                && bytes.last.map(Self.isAlphanumeric) == true
        case .labelValue:
            return bytes.count <= Self.labelBytesMax && Self.isPrintable(text)
                && !bytes.contains(UInt8(ascii: ","))
        }
    }

    /// Of our uplinks, and of what boards announce.
    private static let ownTopics = ["fleet", BoardAnnouncer.root]
    private static let wildcards = [UInt8(ascii: "+"), UInt8(ascii: "#")]

    /// Dotted decimal, four parts, no leading zeros: inet_aton(3) would read 0177 as octal and
    /// `127.1` as an address too, and not everybody reads them alike.
    private static func isLoopbackIPv4(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127"
            && parts.allSatisfy { part in UInt8(part).map { String($0) == part } ?? false }
    }

    private static func isIPv6(_ text: String) -> Bool {
        text.utf8.count { $0 == UInt8(ascii: ":") } >= 2
            && text.utf8.allSatisfy { byte in
                isWord(byte) || byte == UInt8(ascii: ":") || byte == UInt8(ascii: "%")
            }
    }

    private static func isPrintable(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        isAlphanumeric(byte)
            || [UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-")]
                .contains(byte)
    }
}
