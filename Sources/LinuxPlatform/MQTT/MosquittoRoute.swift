public import Platform

/// What one end of an MQTT link over TLS shows and believes, all in DER.
public struct MosquittoCredential: Sendable, Hashable {
    /// What the broker's certificate is made out to, by whatever name it is reached; see
    /// docs/decisions/0021.
    public static let serverName = "fleet-hub"

    /// The certificate of the authority that certified the broker.
    public let authority: [UInt8]
    public let certificate: [UInt8]
    public let key: [UInt8]
    /// When the certificate ends, where its successor is to be taken up before.
    public let end: WallTime?

    public init(authority: [UInt8], certificate: [UInt8], key: [UInt8], end: WallTime? = nil) {
        self.authority = authority
        self.certificate = certificate
        self.key = key
        self.end = end
    }
}

/// Where a connection goes, and how. Asked before each, so what changed meanwhile is taken up by
/// the next: a certificate that was renewed, or a board that has enrolled.
public enum MosquittoRoute: Sendable, Hashable {
    /// Readable by everybody on the way, so on loopback only.
    case plain(host: String, port: Int)
    case tls(host: String, port: Int, MosquittoCredential)
    /// There is none now, and why.
    case none(reason: String)

    /// Whether a connection by this route is to give way to one by `other`.
    ///
    /// A renewed certificate waits for its predecessor's last day: until then the connection is as
    /// good as a new one.
    func givesWay(to other: MosquittoRoute, at now: WallTime) -> Bool {
        switch (self, other) {
        case (.plain, .tls): return true
        case (.tls(_, _, let used), .tls(_, _, let latest)):
            guard used.certificate != latest.certificate, let end = used.end else { return false }
            return now.milliseconds >= end.milliseconds - Self.lead.count
        default: return false
        }
    }

    private static let lead = Milliseconds.seconds(86_400)
}
