import Crypto
import Platform
import SQLiteStore
import SwiftASN1
import X509

/// A list of revoked certificates (RFC 5280 §5), for brokers and TLS servers that read one. The
/// hub itself looks at its own rows.
struct RevocationList {
    /// How long a reader may go by one list. Longer than a hub is away; the list is replaced at
    /// each revocation, not at its end.
    static let life = Milliseconds.seconds(30 * 86_400)

    private static let ecdsaWithSHA256: ASN1ObjectIdentifier = [1, 2, 840, 10045, 4, 3, 2]
    private static let crlNumber: ASN1ObjectIdentifier = [2, 5, 29, 20]
    private static let authorityKeyIdentifier: ASN1ObjectIdentifier = [2, 5, 29, 35]

    let revoked: [CertificateRecord]
    /// Rises from list to list (RFC 5280 §5.2.3).
    let number: UInt64
    let now: WallTime

    /// The list in DER, signed.
    func signed(by authority: CertificateAuthority) throws -> [UInt8] {
        let body = try body(authority)
        let signature = try authority.key.signature(for: body)
        var serializer = DER.Serializer()
        try serializer.appendConstructedNode(identifier: .sequence) { list in
            list.serializeRawBytes(body)
            try Self.algorithm(&list)
            try list.serialize(ASN1BitString(bytes: Array(signature.derRepresentation)[...]))
        }
        return serializer.serializedBytes
    }

    /// TBSCertList, RFC 5280 §5.1.2.
    private func body(_ authority: CertificateAuthority) throws -> [UInt8] {
        let issuer = try Certificate(derEncoded: authority.certificate)
        var serializer = DER.Serializer()
        try serializer.appendConstructedNode(identifier: .sequence) { body in
            try body.serialize(1)
            try Self.algorithm(&body)
            try body.serialize(issuer.subject)
            Self.time(now, &body)
            Self.time(WallTime(milliseconds: now.milliseconds + Self.life.count), &body)
            // An empty list is left out, not written empty.
            if !revoked.isEmpty {
                body.appendConstructedNode(identifier: .sequence) { entries in
                    for record in revoked { Self.entry(record, now, &entries) }
                }
            }
            try body.appendConstructedNode(
                identifier: ASN1Identifier(tagWithNumber: 0, tagClass: .contextSpecific)
            ) { wrapped in try extensions(issuer, &wrapped) }
        }
        return serializer.serializedBytes
    }

    private func extensions(_ issuer: Certificate, _ coder: inout DER.Serializer) throws {
        let identifier = SubjectKeyIdentifier(hash: issuer.publicKey).keyIdentifier
        let authority = try Certificate.Extension(
            AuthorityKeyIdentifier(keyIdentifier: identifier), critical: false)
        var number = DER.Serializer()
        try number.serialize(self.number)
        let numbered = Certificate.Extension(
            oid: Self.crlNumber, critical: false, value: number.serializedBytes[...])
        try coder.appendConstructedNode(identifier: .sequence) { list in
            for entry in [authority, numbered] {
                try list.appendConstructedNode(identifier: .sequence) { one in
                    try one.serialize(entry.oid)
                    try one.serialize(ASN1OctetString(contentBytes: entry.value))
                }
            }
        }
    }

    private static func entry(
        _ record: CertificateRecord, _ now: WallTime, _ coder: inout DER.Serializer
    ) {
        coder.appendConstructedNode(identifier: .sequence) { entry in
            entry.appendPrimitiveNode(identifier: .integer) { $0 += integer(record.serial) }
            time(record.revoked ?? now, &entry)
        }
    }

    /// The content of a positive INTEGER: no leading zeros, but one where a sign would be read.
    private static func integer(_ magnitude: [UInt8]) -> [UInt8] {
        let digits = magnitude.drop { $0 == 0 }
        guard let first = digits.first else { return [0] }
        return (first >= 0x80 ? [0] : []) + digits
    }

    private static func algorithm(_ coder: inout DER.Serializer) throws {
        try coder.appendConstructedNode(identifier: .sequence) { algorithm in
            try algorithm.serialize(ecdsaWithSHA256)
        }
    }

    /// UTCTime through 2049, GeneralizedTime from 2050 (RFC 5280 §5.1.2.4).
    private static func time(_ time: WallTime, _ coder: inout DER.Serializer) {
        let digits = RFC3339.text(time).utf8.filter { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
        let toTheSecond = digits.prefix(14)
        let isShort = toTheSecond.lexicographicallyPrecedes("2050".utf8)
        coder.appendPrimitiveNode(identifier: isShort ? .utcTime : .generalizedTime) { content in
            content += (isShort ? toTheSecond.dropFirst(2) : toTheSecond) + [UInt8(ascii: "Z")]
        }
    }
}
