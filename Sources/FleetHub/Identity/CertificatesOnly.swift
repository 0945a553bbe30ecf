import SwiftASN1

/// A "certs-only" message: a PKCS#7 SignedData with certificates and nothing signed (RFC 7030
/// §4.1.3, RFC 5652 §5.1). How EST hands out certificates.
enum CertificatesOnly {
    private static let signedData: ASN1ObjectIdentifier = [1, 2, 840, 113549, 1, 7, 2]
    private static let data: ASN1ObjectIdentifier = [1, 2, 840, 113549, 1, 7, 1]

    /// The message in DER.
    /// - Parameter certificates: Each in DER. BER lets their set have any order.
    static func message(_ certificates: [[UInt8]]) throws -> [UInt8] {
        var serializer = DER.Serializer()
        try serializer.appendConstructedNode(identifier: .sequence) { info in
            try info.serialize(signedData)
            try info.appendConstructedNode(identifier: Self.context(0)) { wrapped in
                try wrapped.appendConstructedNode(identifier: .sequence) { signed in
                    try signed.serialize(1)
                    signed.appendConstructedNode(identifier: .set) { _ in }
                    try signed.appendConstructedNode(identifier: .sequence) { content in
                        try content.serialize(data)
                    }
                    signed.appendConstructedNode(identifier: Self.context(0)) { list in
                        for certificate in certificates { list.serializeRawBytes(certificate) }
                    }
                    // No signer, and no CRL: that one has a place of its own.
                    signed.appendConstructedNode(identifier: .set) { _ in }
                }
            }
        }
        return serializer.serializedBytes
    }

    private static func context(_ number: UInt) -> ASN1Identifier {
        ASN1Identifier(tagWithNumber: number, tagClass: .contextSpecific)
    }
}
