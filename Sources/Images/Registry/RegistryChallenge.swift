/// How a registry wants to be asked: the header WWW-Authenticate (RFC 9110 §11.6.1; distribution's
/// token specification).
enum RegistryChallenge: Hashable {
    case basic
    case bearer(realm: RegistryURL, service: String?)

    /// Nil where it is neither, or cannot be read. Total.
    init?(_ header: String) {
        var rest = header.utf8.prefix(RegistryURL.bytesMax).drop { $0 == UInt8(ascii: " ") }
        let scheme = rest.prefix { $0 != UInt8(ascii: " ") }
        rest = rest.dropFirst(scheme.count)
        switch String(scheme)?.lowercased() {
        case "basic": self = .basic
        case "bearer":
            let parameters = Self.parameters(rest)
            guard let text = parameters["realm"], let realm = RegistryURL(text) else { return nil }
            self = .bearer(realm: realm, service: parameters["service"])
        default: return nil
        }
    }

    /// `name="value"` or `name=value`, parted by commas.
    private static func parameters(_ text: Substring.UTF8View) -> [String: String] {
        var found: [String: String] = [:]
        var rest = text[...]
        while true {
            rest = rest.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: ",") }
            let name = rest.prefix { $0 != UInt8(ascii: "=") }
            rest = rest.dropFirst(name.count)
            guard rest.popFirst() != nil, let key = String(name)?.lowercased() else { return found }
            var value: [UInt8] = []
            if rest.first == UInt8(ascii: "\"") {
                rest = rest.dropFirst()
                while let byte = rest.popFirst(), byte != UInt8(ascii: "\"") {
                    value.append(byte == UInt8(ascii: "\\") ? rest.popFirst() ?? byte : byte)
                }
            } else {
                while let byte = rest.first, byte != UInt8(ascii: ",") {
                    value.append(byte)
                    rest = rest.dropFirst()
                }
            }
            found[key] = String(decoding: value, as: UTF8.self)
        }
    }
}
