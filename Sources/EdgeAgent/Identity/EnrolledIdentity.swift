public import Identity
import Platform

/// Where a hub listens for boards, and the key of its authority, by which it is known.
public struct HubPlace: Sendable, Hashable {
    /// A name or an address, without brackets.
    public let host: String
    public let port: Int
    /// SHA-256 over the SubjectPublicKeyInfo of the hub's authority.
    public let pin: [UInt8]

    /// The place that a token names.
    public init(_ token: EnrolmentToken) {
        host = token.host
        port = token.port
        pin = token.pin
    }

    /// From the file that `json` went into; nil where it is none.
    init?(json: Value) {
        guard let host = json["host"]?.stringValue, let port = json["port"]?.intValue,
            1...65535 ~= port, let text = json["pin"]?.stringValue,
            let pin = Base64.decode(text, .url), pin.count == EnrolmentToken.pinBytes
        else { return nil }
        self.host = host
        self.port = Int(port)
        self.pin = pin
    }

    var json: Value {
        .object([
            ("host", .string(host)), ("port", .int(Int64(port))),
            ("pin", .string(Base64.encode(pin, .url))),
        ])
    }
}

/// What a board has once it enrolled, besides its key.
public struct EnrolledIdentity: Sendable, Hashable {
    /// The hub that certified it.
    public let place: HubPlace
    /// The certificate of the hub's authority, in DER.
    public let authority: [UInt8]
    /// The board's certificate, in DER.
    public let certificate: [UInt8]
    /// What `certificate` says.
    public let facts: CertificateFacts
}
