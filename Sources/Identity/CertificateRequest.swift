public import Platform

/// A PKCS#10 certification request (RFC 2986): what a board asks to be certified, signed by the
/// key that it is about.
public struct CertificateRequest: Sendable, Hashable {
    /// The request in DER.
    public let der: [UInt8]

    /// Makes a request for a name, with it as the subject's common name and as a URI.
    public init(name: DeviceName, signer: any Signer) throws(SignerError) {
        let info = Self.information(name, publicKey: signer.publicKey)
        let signature = try signer.sign(info)
        der = DERWriter.bytes { writer in
            writer.sequence { request in
                request.raw(info)
                request.sequence { $0.identifier(.ecdsaWithSHA256) }
                request.bitString(signature)
            }
        }
    }

    /// CertificationRequestInfo, RFC 2986 §4.1.
    private static func information(_ name: DeviceName, publicKey: [UInt8]) -> [UInt8] {
        DERWriter.bytes { writer in
            writer.sequence { info in
                info.smallInteger(0)
                info.sequence { subject in
                    subject.setOfOne { names in
                        names.sequence { pair in
                            pair.identifier(.commonName)
                            pair.utf8String(name.text)
                        }
                    }
                }
                info.raw(publicKey)
                info.constructed(DERTag.context(0)) { attributes in
                    attributes.sequence { attribute in
                        attribute.identifier(.extensionRequest)
                        attribute.setOfOne { values in
                            values.sequence { $0.raw(alternativeName(name)) }
                        }
                    }
                }
            }
        }
    }

    /// The subjectAltName extension with one uniformResourceIdentifier (RFC 5280 §4.2.1.6).
    private static func alternativeName(_ name: DeviceName) -> [UInt8] {
        let names = DERWriter.bytes { writer in
            writer.sequence { $0.primitive(DERTag.contextPrimitive(6), Array(name.uri.utf8)) }
        }
        return DERWriter.bytes { writer in
            writer.sequence { entry in
                entry.identifier(.subjectAlternativeName)
                entry.octetString(names)
            }
        }
    }
}
