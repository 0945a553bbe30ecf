public import Platform

/// How a request to enrol shows that it may: by the secret of a token, or by what only the secret
/// can make of this very request.
public enum EnrolmentCredential: Sendable, Hashable {
    /// What our own agent sends: an HMAC over the certification request, so that the secret stays
    /// on the board and the request cannot be exchanged on its way.
    case proof(token: String, hmac: [UInt8])
    /// What any EST client can send: HTTP Basic (RFC 7030 §3.2.3, RFC 7617), the token's id as the
    /// user and its secret as the password.
    case secret(token: String, [UInt8])

    /// Bytes of a header that can be a credential.
    public static let headerBytesMax = 512

    /// The id of the token that it speaks of.
    public var token: String {
        switch self {
        case .proof(let token, _), .secret(let token, _): token
        }
    }

    /// What an `Authorization` header says; nil where it is no credential for enrolling.
    public init?(header: String) {
        guard header.utf8.count <= Self.headerBytesMax else { return nil }
        let words = header.split(separator: " ", omittingEmptySubsequences: true)
        guard words.count == 2 else { return nil }
        switch words[0].lowercased() {
        case Self.scheme:
            let parts = words[1].split(separator: ".", omittingEmptySubsequences: false)
            guard parts.count == 2, Self.isID(parts[0]),
                let hmac = Base64.decode(parts[1].utf8, .url), hmac.count == 32
            else { return nil }
            self = .proof(token: String(parts[0]), hmac: hmac)
        case "basic":
            guard let bytes = Base64.decode(words[1].utf8),
                let text = String(validating: bytes, as: UTF8.self)
            else { return nil }
            let parts = text.split(
                separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, Self.isID(parts[0]),
                let secret = Base64.decode(parts[1].utf8, .url),
                secret.count == EnrolmentToken.secretBytes
            else { return nil }
            self = .secret(token: String(parts[0]), secret)
        default: return nil
        }
    }

    /// The header's value.
    public var header: String {
        switch self {
        case .proof(let token, let hmac): "\(Self.scheme) \(token).\(Base64.encode(hmac, .url))"
        case .secret(let token, let secret):
            "Basic " + Base64.encode(Array("\(token):\(Base64.encode(secret, .url))".utf8))
        }
    }

    /// Whether it proves knowledge of a token's secret, of which the hub holds only the key.
    ///
    /// - Parameter key: `EnrolmentRequest.key` of the token's secret.
    public func isValid(for request: [UInt8], key: [UInt8], digests: any Digests) -> Bool {
        switch self {
        case .proof(_, let hmac):
            Self.isSame(hmac, EnrolmentRequest.hmac(of: request, key: key, digests: digests))
        case .secret(_, let secret):
            Self.isSame(EnrolmentRequest.key(of: secret, digests: digests), key)
        }
    }

    private static let scheme = "fleet-hmac"

    private static func isID(_ text: Substring) -> Bool {
        Base64.decode(text.utf8, .url)?.count == EnrolmentToken.idBytes
    }

    /// In a time that does not depend on where they differ.
    private static func isSame(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

/// A board's request to enrol: what it asks to be certified and how it shows that it may.
public struct EnrolmentRequest: Sendable, Hashable {
    /// The certification request in DER.
    public let csr: [UInt8]
    /// Made from the token's secret and `csr`.
    public let credential: EnrolmentCredential

    /// A request with the proof that goes with it.
    public init(_ request: CertificateRequest, token: EnrolmentToken, digests: any Digests) {
        csr = request.der
        let key = Self.key(of: token.secret, digests: digests)
        credential = .proof(
            token: token.id, hmac: Self.hmac(of: request.der, key: key, digests: digests))
    }

    /// What the hub stores of a secret: enough to check a proof, useless as a password. Whoever
    /// reads it from the hub's database could make a proof, for as long as the token lives.
    public static func key(of secret: [UInt8], digests: any Digests) -> [UInt8] {
        digests.sha256(Array("cloudos-edge enrolment secret\0".utf8) + secret)
    }

    static func hmac(of csr: [UInt8], key: [UInt8], digests: any Digests) -> [UInt8] {
        digests.hmacSHA256(Array("cloudos-edge enrolment request\0".utf8) + csr, key: key)
    }
}
