/// The certificates of a "certs-only" answer: a degenerate PKCS#7 SignedData (RFC 7030 §4.1.3,
/// RFC 5652 §5.1) with no content and no signature.
public struct CertificateBundle: Sendable, Hashable {
    /// Certificates that one answer may hold.
    public static let certificatesMax = 8
    /// Bytes of an answer that is worth reading.
    public static let bytesMax = 64 << 10

    /// Each in DER, in the order of the answer.
    public let certificates: [[UInt8]]

    /// Reads an answer in DER.
    /// - Throws: where the bytes are none.
    public init(der: [UInt8]) throws(DERError) {
        guard der.count <= Self.bytesMax else { throw DERError("an answer that is too large") }
        var outer = DERReader(der[...])
        var content = try outer.enter(DERTag.sequence, "content info")
        try outer.expectEnd("the answer")
        let kind = try content.next(DERTag.objectIdentifier, "content type")
        guard kind.content.elementsEqual(ObjectIdentifier.signedData.content) else {
            throw DERError("a content that is no signed data")
        }
        var wrapped = try content.enter(DERTag.context(0), "signed data")
        var data = try wrapped.enter(DERTag.sequence, "signed data")
        _ = try data.next(DERTag.integer, "version")
        _ = try data.next(DERTag.set, "digest algorithms")
        _ = try data.next(DERTag.sequence, "content")
        var list = try data.enter(DERTag.context(0), "certificates")
        var found: [[UInt8]] = []
        while !list.isAtEnd {
            guard found.count < Self.certificatesMax else {
                throw DERError("too many certificates")
            }
            found.append(Array(try list.next(DERTag.sequence, "certificate").whole))
        }
        certificates = found
    }
}
