public import Platform

/// How a CoAP link proves who its ends are.
public enum CoAPSecurity: Sendable, Hashable {
    /// coap://, on loopback and in tests: anybody may say any name.
    case none
    /// coaps:// with X.509 certificates on both sides. A hub takes boards with one of `keys` beside
    /// those with certificates.
    case certificates(CoAPCredential, keys: [String: [UInt8]] = [:])
    /// coaps:// with one key for both sides (RFC 4279), for devices too small for certificates.
    /// The board has one identity; the hub knows several.
    case keys([String: [UInt8]])

    var isDTLS: Bool { self != .none }

    var keys: [String: [UInt8]] {
        switch self {
        case .none: [:]
        case .certificates(_, let keys), .keys(let keys): keys
        }
    }

    /// Nil without certificates.
    var credential: CoAPCredentialMemory? {
        guard case .certificates(let credential, _) = self else { return nil }
        return CoAPCredentialMemory(credential)
    }
}

/// What one end of coaps:// shows and believes, as PEM.
public struct CoAPCredential: Sendable, Hashable {
    /// The certificate of the authority that signs both sides'. Nobody else is believed.
    public let authority: String
    public let certificate: String
    public let key: String

    public init(authority: String, certificate: String, key: String) {
        self.authority = authority
        self.certificate = certificate
        self.key = key
    }
}

/// A board's certificate as the hub reads it once its authority's signature was checked.
public struct BoardCertificate: Sendable, Hashable {
    /// The common name, which is the device.
    public let name: String
    /// SHA-256 over the SubjectPublicKeyInfo.
    public let key: [UInt8]
    /// The last second of its life.
    public let end: WallTime

    public init(name: String, key: [UInt8], end: WallTime) {
        self.name = name
        self.key = key
        self.end = end
    }
}

/// Where a board's sessions go, and how. Asked before each and from time to time, so what changed is
/// taken up without a restart: a certificate that was renewed, or a board that has enrolled.
public enum CoAPRoute: Sendable, Hashable {
    case hub(host: String, port: Int, CoAPSecurity)
    /// There is none now, and why.
    case none(reason: String)
}

/// What a session says of who is at its other end.
public struct CoAPPeer: Sendable, Hashable {
    /// The name in a certificate that was verified: a DNS name where it has one, else the common
    /// name, which is how libcoap reads it.
    public let certificateName: String?
    /// The identity of a pre-shared key that was used.
    public let keyIdentity: String?
    /// What the request claims, `?d=…`.
    public let claim: String?

    public init(certificateName: String?, keyIdentity: String?, claim: String?) {
        self.certificateName = certificateName
        self.keyIdentity = keyIdentity
        self.claim = claim
    }

    /// The device that is proved, else nil. A claim that says another name is a forgery.
    public static func proved(_ peer: CoAPPeer) -> String? {
        guard let name = peer.certificateName ?? peer.keyIdentity, isName(name),
            peer.claim == nil || peer.claim == name
        else { return nil }
        return name
    }

    /// The device that is claimed, for links without security.
    public static func claimed(_ peer: CoAPPeer) -> String? {
        peer.claim.flatMap { isName($0) ? $0 : nil }
    }

    /// 1–64 of a-z A-Z 0-9 . _ -, as in the agent's configuration.
    static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
                    UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}
