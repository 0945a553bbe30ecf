import Platform
import TestSupport
import Testing

@Suite struct Base64Tests {
    /// RFC 4648 §10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
    ])
    func theVectorsOfTheStandard(plain: String, encoded: String) {
        #expect(Base64.encode(Array(plain.utf8)) == encoded)
        #expect(Base64.decode(encoded) == Array(plain.utf8))
        let bare = encoded.replacing("=", with: "")
        #expect(Base64.encode(Array(plain.utf8), .url) == bare)
        #expect(Base64.decode(bare, .url) == Array(plain.utf8))
    }

    @Test func theAlphabetsDifferInTwoDigits() {
        let bytes: [UInt8] = [0xFB, 0xEF, 0xFF]
        #expect(Base64.encode(bytes) == "++//")
        #expect(Base64.encode(bytes, .url) == "--__")
        #expect(Base64.decode("++//", .url) == nil)
        #expect(Base64.decode("--__") == nil)
    }

    @Test(arguments: [
        "Z", "Zg", "Zg=", "Zg===", "Z===", "=", "Zh==", "Zm9=", "Zm9v=", "Zg==Zg==", "Zm9v!",
        "Zü==",
        "Z\u{0}==",
    ])
    func whatNoEncoderWritesIsRefused(text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test(arguments: ["Zg==", "Zh", "Zm9", "Z", "Zm 9v", "Zm9v\n"])
    func theURLAlphabetHasNoPaddingAndNoBreaks(text: String) {
        #expect(Base64.decode(text, .url) == nil)
    }

    @Test func breaksAreNoPartOfABody() {
        #expect(Base64.decode("Zm9v\r\nYm\tFy \n") == Array("foobar".utf8))
    }

    @Test func anyBytesComeBack() {
        var random = SeededGenerator.announced(for: "Base64Tests.anyBytesComeBack")
        for count in 0..<300 {
            let bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            for variant in [Base64.Variant.standard, .url] {
                #expect(Base64.decode(Base64.encode(bytes, variant), variant) == bytes)
            }
        }
    }

    @Test func armourComesBackAndLinesAreShort() {
        let der = [UInt8](0...200)
        let text = PEM.text("CERTIFICATE", der)
        #expect(text.split(separator: "\n").allSatisfy { $0.utf8.count <= 64 })
        #expect(
            PEM.first("CERTIFICATE", in: "noise\n" + text + PEM.text("CERTIFICATE", [1])) == der)
        #expect(PEM.first("PRIVATE KEY", in: text) == nil)
        #expect(PEM.first("CERTIFICATE", in: String(text.dropLast(30))) == nil)
    }
}
