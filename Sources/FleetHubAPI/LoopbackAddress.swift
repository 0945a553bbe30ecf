/// An address that only this machine reaches.
public struct LoopbackAddress: Sendable, Hashable {
    /// What to bind.
    public let host: String

    /// Nil for anything but `localhost`, an IPv4 address of 127.0.0.0/8 (RFC 1122) or `::1`.
    public init?(_ host: String) {
        switch host {
        // By its number: what a resolver makes of the name is not ours to trust.
        case "localhost": self.host = "127.0.0.1"
        case "::1": self.host = host
        default:
            let parts = host.split(separator: ".", omittingEmptySubsequences: false)
            let isDecimal = parts.allSatisfy { part in
                part.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
                    && UInt8(part) != nil
            }
            guard parts.count == 4, isDecimal, parts[0] == "127" else { return nil }
            self.host = host
        }
    }
}
