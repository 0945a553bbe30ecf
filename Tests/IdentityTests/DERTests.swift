import Platform
import TestSupport
import Testing

@testable import Identity

@Suite struct DERTests {
    /// X.690 §8.19.5 and the registered encodings.
    @Test func identifiersAreThoseOfTheRegistry() {
        #expect(ObjectIdentifier.commonName.content == [0x55, 0x04, 0x03])
        #expect(
            ObjectIdentifier.ecdsaWithSHA256.content == [
                0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02,
            ])
        #expect(
            ObjectIdentifier.extensionRequest.content == [
                0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x0E,
            ])
        #expect(ObjectIdentifier(2, 999, 3).content == [0x88, 0x37, 0x03])
    }

    @Test(
        arguments: [
            (0, [0x04, 0x00]), (127, [0x04, 0x7F]), (128, [0x04, 0x81, 0x80]),
            (255, [0x04, 0x81, 0xFF]), (256, [0x04, 0x82, 0x01, 0x00]),
            (65_536, [0x04, 0x83, 0x01, 0x00, 0x00]),
        ] as [(Int, [UInt8])])
    func lengthsAreShortest(count: Int, head: [UInt8]) throws {
        let content = [UInt8](repeating: 9, count: count)
        let bytes = DERWriter.bytes { $0.octetString(content) }
        #expect(Array(bytes.prefix(head.count)) == head)
        var reader = DERReader(bytes[...])
        let element = try reader.next(0x04, "text")
        #expect(element.content.elementsEqual(content))
        #expect(element.whole.elementsEqual(bytes))
        #expect(reader.isAtEnd)
    }

    @Test(
        arguments: [
            [], [0x04], [0x04, 0x01], [0x04, 0x80], [0x04, 0x81, 0x7F], [0x04, 0x82, 0x00, 0x80],
            [0x04, 0x85, 1, 0, 0, 0, 0], [0x1F, 0x01, 0x00], [0x04, 0x84, 0xFF, 0xFF, 0xFF, 0xFF],
            [0x04, 0xFF], [0x04, 0x82, 0x01],
        ] as [[UInt8]])
    func damagedElementsAreErrors(bytes: [UInt8]) {
        var reader = DERReader(bytes[...])
        #expect(throws: DERError.self) { try reader.next() }
    }

    @Test func anyBytesGiveFactsOrAnError() {
        var random = SeededGenerator.announced(for: "DERTests.anyBytesGiveFactsOrAnError")
        for _ in 0..<20_000 {
            let count = Int.random(in: 0...60, using: &random)
            let tags: [UInt8] = [0x30, 0x30, 0x02, 0x31, 0x17, 0x80, 0x81, 0xA0, 0x06, 0x0C, 4, 2]
            let bytes = (0..<count).map { _ in
                random.once(in: 2)
                    ? tags[Int.random(in: tags.indices, using: &random)]
                    : UInt8.random(in: 0...40, using: &random)
            }
            _ = try? CertificateFacts(der: bytes)
            _ = try? CertificateBundle(der: bytes)
        }
        #expect(throws: DERError.self) {
            try CertificateFacts(
                der: [UInt8](repeating: 0x30, count: CertificateFacts.bytesMax + 1))
        }
        #expect(throws: DERError.self) {
            try CertificateBundle(
                der: [UInt8](repeating: 0x30, count: CertificateBundle.bytesMax + 1))
        }
    }

    @Test func aBundleHoldsOnlySoMany() throws {
        func bundle(_ count: Int) -> [UInt8] {
            DERWriter.bytes { writer in
                writer.sequence { info in
                    info.identifier(.signedData)
                    info.constructed(DERTag.context(0)) { wrapped in
                        wrapped.sequence { data in
                            data.smallInteger(1)
                            data.constructed(DERTag.set) { _ in }
                            data.sequence { _ in }
                            data.constructed(DERTag.context(0)) { list in
                                for _ in 0..<count { list.sequence { $0.smallInteger(3) } }
                            }
                        }
                    }
                }
            }
        }
        let most = CertificateBundle.certificatesMax
        #expect(try CertificateBundle(der: bundle(most)).certificates.count == most)
        #expect(throws: DERError.self) { try CertificateBundle(der: bundle(most + 1)) }
        #expect(throws: DERError.self) { try CertificateBundle(der: bundle(1) + [0]) }
    }

    @Test(arguments: [
        (DERTag.utcTime, "261123052716Z", "2026-11-23T05:27:16.000Z"),
        (DERTag.utcTime, "700101000000Z", "1970-01-01T00:00:00.000Z"),
        (DERTag.utcTime, "491231235959Z", "2049-12-31T23:59:59.000Z"),
        (DERTag.utcTime, "500101000000Z", "1950-01-01T00:00:00.000Z"),
        (DERTag.generalizedTime, "20500101000000Z", "2050-01-01T00:00:00.000Z"),
        (DERTag.generalizedTime, "20240229120000Z", "2024-02-29T12:00:00.000Z"),
        (DERTag.generalizedTime, "99991231235959Z", "9999-12-31T23:59:59.000Z"),
    ])
    func timesAreRead(tag: UInt8, text: String, time: String) throws {
        #expect(RFC3339.text(try CertificateTime.read(element(tag, text))) == time)
    }

    @Test(arguments: [
        (DERTag.utcTime, "2611230527Z"), (DERTag.utcTime, "261123052716"),
        (DERTag.utcTime, "261123052716+0100"), (DERTag.utcTime, "261323052716Z"),
        (DERTag.utcTime, "261100052716Z"), (DERTag.utcTime, "261123242716Z"),
        (DERTag.utcTime, ""), (DERTag.generalizedTime, "20261123052716.5Z"),
        (DERTag.utf8String, "261123052716Z"), (DERTag.utcTime, "2611230527-6Z"),
    ])
    func otherTimesAreErrors(tag: UInt8, text: String) {
        #expect(throws: DERError.self) { try CertificateTime.read(element(tag, text)) }
    }

    private func element(_ tag: UInt8, _ text: String) -> DERElement {
        let bytes = Array(text.utf8)[...]
        return DERElement(tag: tag, content: bytes, whole: bytes)
    }
}
