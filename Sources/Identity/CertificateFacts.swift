public import Platform

/// What a board must know of a certificate: whose it is, about which key, from when until when.
///
/// It checks no signature: what is read here came over a connection that was authenticated, or
/// from the board's own file.
public struct CertificateFacts: Sendable, Hashable {
    /// Bytes of a certificate that is worth reading.
    public static let bytesMax = 16 << 10

    /// The serial number's octets, most significant first.
    public let serial: [UInt8]
    /// The subject's common name; nil where it has none.
    public let commonName: String?
    /// The certified key as a SubjectPublicKeyInfo in DER.
    public let publicKey: [UInt8]
    /// The first moment of its life.
    public let notBefore: WallTime
    /// The last second of its life.
    public let notAfter: WallTime
}

extension CertificateFacts {
    /// Reads an X.509 certificate in DER (RFC 5280 §4.1).
    /// - Throws: where the bytes are none.
    public init(der: [UInt8]) throws(DERError) {
        guard der.count <= Self.bytesMax else { throw DERError("a certificate that is too large") }
        var outer = DERReader(der[...])
        var certificate = try outer.enter(DERTag.sequence, "certificate")
        try outer.expectEnd("the certificate")
        var body = try certificate.enter(DERTag.sequence, "certificate body")
        try body.skip(DERTag.context(0))
        serial = Array(try body.next(DERTag.integer, "serial number").content)
        guard 1...21 ~= serial.count else { throw DERError("an unusable serial number") }
        _ = try body.next(DERTag.sequence, "signature algorithm")
        _ = try body.next(DERTag.sequence, "issuer")
        var validity = try body.enter(DERTag.sequence, "validity")
        notBefore = try CertificateTime.read(try validity.next())
        notAfter = try CertificateTime.read(try validity.next())
        commonName = try Self.commonName(try body.enter(DERTag.sequence, "subject"))
        publicKey = Array(try body.next(DERTag.sequence, "public key").whole)
    }

    private static func commonName(_ subject: DERReader) throws(DERError) -> String? {
        var subject = subject
        while !subject.isAtEnd {
            var set = try subject.enter(DERTag.set, "name")
            while !set.isAtEnd {
                var pair = try set.enter(DERTag.sequence, "name")
                let kind = try pair.next(DERTag.objectIdentifier, "kind of name")
                let value = try pair.next()
                guard kind.content.elementsEqual(ObjectIdentifier.commonName.content) else {
                    continue
                }
                guard value.tag == DERTag.utf8String || value.tag == DERTag.printableString,
                    let text = String(validating: value.content, as: UTF8.self)
                else { throw DERError("a common name that is no text") }
                return text
            }
        }
        return nil
    }
}

/// The times of certificates (RFC 5280 §4.1.2.5): to the second, in UTC.
enum CertificateTime {
    static func read(_ element: DERElement) throws(DERError) -> WallTime {
        let fault = DERError("an unusable time")
        var digits = element.content
        guard digits.popLast() == UInt8(ascii: "Z"),
            digits.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 })
        else { throw fault }
        let numbers = digits.map { Int64($0 - UInt8(ascii: "0")) }
        let year: Int64
        let rest: ArraySlice<Int64>
        switch (element.tag, numbers.count) {
        case (DERTag.utcTime, 12):
            let short = numbers[0] * 10 + numbers[1]
            year = short + (short < 50 ? 2000 : 1900)
            rest = numbers[2...]
        case (DERTag.generalizedTime, 14):
            year = numbers[..<4].reduce(0) { $0 * 10 + $1 }
            rest = numbers[4...]
        default: throw fault
        }
        let fields = stride(from: rest.startIndex, to: rest.endIndex, by: 2).map {
            rest[$0] * 10 + rest[$0 + 1]
        }
        guard 1...12 ~= fields[0], 1...31 ~= fields[1], fields[2] < 24, fields[3] < 60,
            fields[4] < 60
        else { throw fault }
        let days = Self.days(year, fields[0], fields[1])
        let seconds = ((days * 24 + fields[2]) * 60 + fields[3]) * 60 + fields[4]
        return WallTime(milliseconds: seconds * 1000)
    }

    /// Days since 1970-01-01 of a date of the Gregorian calendar; a year here starts in March, so
    /// that the leap day is its last.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month > 2 ? year : year - 1
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}
