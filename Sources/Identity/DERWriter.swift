/// Writes ASN.1 in DER (X.690), as much of it as a certificate request needs.
struct DERWriter {
    private(set) var bytes: [UInt8] = []

    /// What `body` writes, on its own.
    static func bytes(_ body: (inout DERWriter) -> Void) -> [UInt8] {
        var writer = DERWriter()
        body(&writer)
        return writer.bytes
    }

    mutating func sequence(_ body: (inout DERWriter) -> Void) { constructed(DERTag.sequence, body) }

    /// The one element of a set: DER orders the elements of larger ones, and none of ours is.
    mutating func setOfOne(_ body: (inout DERWriter) -> Void) { constructed(DERTag.set, body) }

    mutating func constructed(_ tag: UInt8, _ body: (inout DERWriter) -> Void) {
        primitive(tag, Self.bytes(body))
    }

    mutating func primitive(_ tag: UInt8, _ content: [UInt8]) {
        bytes.append(tag)
        length(content.count)
        bytes += content
    }

    /// An element that is in DER already.
    mutating func raw(_ element: [UInt8]) { bytes += element }

    /// A number that fits seven bits.
    mutating func smallInteger(_ value: UInt8) { primitive(DERTag.integer, [value & 0x7F]) }

    mutating func identifier(_ identifier: ObjectIdentifier) {
        primitive(DERTag.objectIdentifier, identifier.content)
    }

    mutating func utf8String(_ text: String) { primitive(DERTag.utf8String, Array(text.utf8)) }

    mutating func octetString(_ content: [UInt8]) { primitive(DERTag.octetString, content) }

    /// Whole octets: none of ours has bits to spare.
    mutating func bitString(_ content: [UInt8]) { primitive(DERTag.bitString, [0] + content) }

    private mutating func length(_ count: Int) {
        guard count >= 0x80 else { return bytes.append(UInt8(count)) }
        var octets: [UInt8] = []
        var rest = count
        while rest > 0 {
            octets.insert(UInt8(truncatingIfNeeded: rest), at: 0)
            rest >>= 8
        }
        bytes.append(0x80 | UInt8(octets.count))
        bytes += octets
    }
}

/// The identifier octets that we meet (X.690 §8.1.2).
enum DERTag {
    static let integer: UInt8 = 0x02
    static let bitString: UInt8 = 0x03
    static let octetString: UInt8 = 0x04
    static let objectIdentifier: UInt8 = 0x06
    static let utf8String: UInt8 = 0x0C
    static let printableString: UInt8 = 0x13
    static let utcTime: UInt8 = 0x17
    static let generalizedTime: UInt8 = 0x18
    static let sequence: UInt8 = 0x30
    static let set: UInt8 = 0x31

    /// `[number]` of a constructed element, as an explicit tag always is.
    static func context(_ number: UInt8) -> UInt8 { 0xA0 | number }

    /// `[number]` in the place of a primitive element's own tag.
    static func contextPrimitive(_ number: UInt8) -> UInt8 { 0x80 | number }
}

/// A name of something in ASN.1, as the content octets of its encoding (X.690 §8.19).
struct ObjectIdentifier: Sendable, Hashable {
    let content: [UInt8]

    /// From its arcs, of which there are at least two; the first two are small in all of ours.
    init(_ first: UInt64, _ second: UInt64, _ rest: UInt64...) {
        content = ([first * 40 + second] + rest).flatMap { Self.base128($0) }
    }

    private static func base128(_ arc: UInt64) -> [UInt8] {
        var octets = [UInt8(arc & 0x7F)]
        var rest = arc >> 7
        while rest > 0 {
            octets.insert(0x80 | UInt8(rest & 0x7F), at: 0)
            rest >>= 7
        }
        return octets
    }

    /// id-at-commonName, RFC 5280 appendix A.1.
    static let commonName = ObjectIdentifier(2, 5, 4, 3)
    /// id-ce-subjectAltName, RFC 5280 §4.2.1.6.
    static let subjectAlternativeName = ObjectIdentifier(2, 5, 29, 17)
    /// pkcs-9-at-extensionRequest, RFC 2985 §5.4.2.
    static let extensionRequest = ObjectIdentifier(1, 2, 840, 113549, 1, 9, 14)
    /// ecdsa-with-SHA256, RFC 5758 §3.2.
    static let ecdsaWithSHA256 = ObjectIdentifier(1, 2, 840, 10045, 4, 3, 2)
    /// id-signedData, RFC 5652 §5.1.
    static let signedData = ObjectIdentifier(1, 2, 840, 113549, 1, 7, 2)
}
