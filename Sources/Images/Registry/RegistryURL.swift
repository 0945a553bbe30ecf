/// An address that a registry names: what of a URL (RFC 3986) a fetch needs to decide whether to
/// follow it.
public struct RegistryURL: Sendable, Hashable, CustomStringConvertible {
    public let isSecure: Bool
    /// With its port, if any, in lowercase.
    public let host: String
    /// With the query; begins with a slash.
    public let path: String

    static let bytesMax = 8192

    init(isSecure: Bool, host: String, path: String) {
        self.isSecure = isSecure
        self.host = host
        self.path = path
    }

    /// An absolute URL, or one relative to `base`; nil where it is neither, has a user in it, or
    /// anything but printable ASCII.
    init?(_ text: String, relativeTo base: RegistryURL? = nil) {
        guard text.utf8.count <= Self.bytesMax, text.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) else {
            return nil
        }
        let lower = text.prefix(8).lowercased()
        let isSecure = lower == "https://"
        guard isSecure || lower.hasPrefix("http://") else {
            // By path alone; `//host` would name another host.
            guard let base, text.hasPrefix("/"), !text.hasPrefix("//") else { return nil }
            self.init(isSecure: base.isSecure, host: base.host, path: text)
            return
        }
        let rest = text.dropFirst(isSecure ? 8 : 7)
        let host = rest.prefix { !"/?#".contains($0) }
        guard ImageReference.isHost(String(host)) else { return nil }
        var path = String(rest.dropFirst(host.count).prefix { $0 != "#" })
        if !path.hasPrefix("/") { path = "/" + path }
        self.init(isSecure: isSecure, host: host.lowercased(), path: path)
    }

    public var description: String { "\(isSecure ? "https" : "http")://\(host)\(path)" }

    /// Without what may be a secret: signed addresses carry their right in the query.
    var shown: String {
        Shown.text("\(isSecure ? "https" : "http")://\(host)\(path.prefix { $0 != "?" })")
    }

    /// Whether nothing that is sent there leaves this machine.
    public static func isLoopback(_ host: String) -> Bool {
        let name =
            host.hasPrefix("[")
            ? host.prefix { $0 != "]" }.dropFirst()
            : host.prefix { $0 != ":" }
        if name == "localhost" || name == "::1" { return true }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    /// A query's value with all but unreserved characters escaped (RFC 3986 §2.3).
    static func escaped(_ text: String) -> String {
        var out = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                out.unicodeScalars.append(Unicode.Scalar(byte))
            default: out += "%" + Hex.text([byte]).uppercased()
            }
        }
        return out
    }
}
