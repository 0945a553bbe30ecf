/// Where a hub's API is: `http://127.0.0.1:8080`, or `https://host/prefix` behind a proxy.
public struct HubURL: Sendable, Hashable, CustomStringConvertible {
    /// Scheme, authority and path prefix, without a slash at the end.
    public let description: String
    /// The host without port; an IPv6 address without its brackets.
    public let host: String
    /// True for https.
    public let isEncrypted: Bool

    /// The longest URL accepted, in bytes.
    public static let maximumBytes = 2048

    /// - Throws: `.usage` for anything but an http or https URL with a host and without user
    ///   information, query and fragment.
    public init(_ text: String) throws(FleetClientError) {
        guard text.utf8.count <= Self.maximumBytes,
            text.utf8.allSatisfy({ 0x21...0x7E ~= $0 }),
            let mark = text.firstRange(of: "://")
        else { throw Self.invalid(text, "it is not of the form http://host:port") }
        let scheme = text[..<mark.lowerBound].lowercased()
        guard scheme == "http" || scheme == "https" else {
            throw Self.invalid(text, "its scheme is neither http nor https")
        }
        guard !text.contains(where: { "@?#\\\"<>".contains($0) }) else {
            throw Self.invalid(text, "it has user information, a query or a fragment")
        }
        let rest = text[mark.upperBound...]
        let authority = rest.prefix { $0 != "/" }
        guard let host = Self.host(of: authority) else {
            throw Self.invalid(text, "its host or port is not valid")
        }
        var path = rest.dropFirst(authority.count)
        while path.hasSuffix("/") { path = path.dropLast() }
        self.host = host
        isEncrypted = scheme == "https"
        description = scheme + "://" + authority.lowercased() + path
    }

    /// The same with another host.
    func named(_ name: String) -> String {
        guard let mark = description.firstRange(of: "://") else { return description }
        let rest = description[mark.upperBound...]
        let authority = rest.prefix { $0 != "/" }
        let port = authority.hasSuffix("]") ? nil : authority.lastIndex(of: ":")
        return description[..<mark.upperBound] + name + (port.map { authority[$0...] } ?? "")
            + rest.dropFirst(authority.count)
    }

    /// True where no byte leaves this machine, so that no encryption is needed.
    public var isLoopback: Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    private static func host(of authority: Substring) -> String? {
        var host = authority
        if authority.hasPrefix("[") {
            guard let close = authority.firstIndex(of: "]") else { return nil }
            host = authority[authority.index(after: authority.startIndex)..<close]
            guard isPort(authority[authority.index(after: close)...]) else { return nil }
        } else if let colon = authority.firstIndex(of: ":") {
            host = authority[..<colon]
            guard isPort(authority[colon...]) else { return nil }
        }
        return host.isEmpty ? nil : host.lowercased()
    }

    /// Nothing, or `:` and a port number.
    private static func isPort(_ text: Substring) -> Bool {
        if text.isEmpty { return true }
        guard text.hasPrefix(":"), let port = UInt16(text.dropFirst()) else { return false }
        return port > 0
    }

    private static func invalid(_ text: String, _ reason: String) -> FleetClientError {
        FleetClientError(
            .usage, "`\(Display.clean(text))` is not the URL of a hub: \(reason)",
            hint: "Give one such as http://127.0.0.1:8080")
    }
}

/// Percent-encoding of what we put into paths and queries (RFC 3986 §2).
enum PercentEncoding {
    /// One segment of a path or one value of a query: all but unreserved characters encoded, so
    /// that no name, whatever it holds, reaches another resource.
    static func segment(_ text: String) -> String {
        // A segment of one or two dots would be resolved away (RFC 3986 §5.2.4).
        if text == "." || text == ".." { return text.utf8.map { _ in "%2E" }.joined() }
        var out = ""
        for byte in text.utf8 {
            if isUnreserved(byte) {
                out.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                out += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
            }
        }
        return out
    }

    /// A path of several segments, its slashes kept.
    static func path(_ text: String) -> String {
        text.split(separator: "/", omittingEmptySubsequences: false)
            .map { segment(String($0)) }.joined(separator: "/")
    }

    /// `?a=b&c=d`; parameters without a value are left out.
    static func query(_ parameters: [(name: String, value: String?)]) -> String {
        let given = parameters.compactMap { parameter in
            parameter.value.map { "\(parameter.name)=\(segment($0))" }
        }
        return given.isEmpty ? "" : "?" + given.joined(separator: "&")
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "_"), UInt8(ascii: "~"):
            true
        default: false
        }
    }
}
