import Identity
import LinuxPlatform
import Platform
import TestSupport
import Testing

@Suite struct FileSignerTests {
    let files = LinuxFileSystem()

    private static let hasOpenSSL: Comment = "needs openssl(1), as a judge that is not ours"

    @Test func aKeyIsTheOwnersAlone() throws {
        let folder = try TemporaryFolder()
        let made = try FileSigner.make(file: folder.path + "/device.key", files: files)
        #expect(try folder.mode("device.key") == 0o600)
        let opened = try FileSigner(file: folder.path + "/device.key", files: files)
        #expect(opened.publicKey == made.publicKey)
        #expect(made.publicKey.count == 91)
        let other = try FileSigner.make(file: folder.path + "/other.key", files: files)
        #expect(other.publicKey != made.publicKey)
    }

    @Test(.enabled(if: Tool.has("openssl"), hasOpenSSL))
    func opensslTakesTheKeyAndTheRequest() async throws {
        let folder = try TemporaryFolder()
        let signer = try FileSigner.make(file: folder.path + "/device.key", files: files)
        let spki = try await Tool.run(
            ["openssl", "pkey", "-in", "device.key", "-pubout", "-outform", "DER"], in: folder)
        #expect(spki.output == signer.publicKey)
        let name = try #require(DeviceName("pump-1"))
        try folder.write("request.der", try CertificateRequest(name: name, signer: signer).der)
        let verdict = try await Tool.run(
            [
                "openssl", "req", "-inform", "DER", "-in", "request.der", "-verify", "-noout",
                "-subject", "-text",
            ], in: folder)
        #expect(verdict.status == 0, "\(verdict.errors)")
        #expect((verdict.text + verdict.errors).contains("verify OK"))
        #expect(verdict.text.contains("CN = pump-1"))
        #expect(verdict.text.contains("URI:urn:fleet:device:pump-1"))
        #expect(verdict.text.contains("ecdsa-with-SHA256"))
    }

    @Test(.enabled(if: Tool.has("openssl"), hasOpenSSL))
    func opensslVerifiesASignature() async throws {
        let folder = try TemporaryFolder()
        let signer = try FileSigner.make(file: folder.path + "/device.key", files: files)
        let message = Array("any message".utf8)
        try folder.write("message", message)
        try folder.write("signature", try signer.sign(message))
        let verdict = try await Tool.run(
            [
                "openssl", "dgst", "-sha256", "-prverify", "device.key", "-signature", "signature",
                "message",
            ], in: folder)
        #expect(verdict.status == 0, "\(verdict.text)\(verdict.errors)")
    }

    @Test(.enabled(if: Tool.has("openssl"), hasOpenSSL))
    func onlyOneCurveIsOurs() async throws {
        let folder = try TemporaryFolder()
        for (kind, option) in [
            ("EC", "ec_paramgen_curve:P-384"), ("EC", "ec_paramgen_curve:secp256k1"),
            ("RSA", "rsa_keygen_bits:2048"),
        ] {
            let made = try await Tool.run(
                [
                    "openssl", "genpkey", "-algorithm", kind, "-pkeyopt", option, "-out",
                    "other.key",
                ], in: folder)
            #expect(made.status == 0)
            #expect(throws: SignerError.self) {
                try FileSigner(file: folder.path + "/other.key", files: files)
            }
        }
    }

    @Test func damagedFilesAreNoKeys() throws {
        let folder = try TemporaryFolder()
        _ = try FileSigner.make(file: folder.path + "/device.key", files: files)
        let good = try folder.read("device.key")
        var variants: [[UInt8]] = [[], Array("x".utf8), Array(good.dropLast(40))]
        variants.append(Array(PEM.text("PRIVATE KEY", [0x30, 0x00]).utf8))
        variants.append(Array(PEM.text("CERTIFICATE", [0x30, 0x00]).utf8))
        for bytes in variants {
            try folder.write("bad.key", bytes)
            #expect(throws: SignerError.self) {
                try FileSigner(file: folder.path + "/bad.key", files: files)
            }
        }
        #expect(throws: SignerError.self) {
            try FileSigner(file: folder.path + "/none.key", files: files)
        }
    }

    @Test func aKeyThatCannotBeKeptIsNone() throws {
        let folder = try TemporaryFolder()
        #expect(throws: SignerError.self) {
            try FileSigner.make(file: folder.path + "/missing/device.key", files: files)
        }
    }
}

@Suite struct LibcryptoDigestsTests {
    private func bytes(_ hex: String) -> [UInt8] {
        stride(from: 0, to: hex.utf8.count, by: 2).compactMap { offset in
            UInt8(hex.dropFirst(offset).prefix(2), radix: 16)
        }
    }

    /// FIPS 180-4's examples.
    @Test func sha256() throws {
        let digests = try LibcryptoDigests()
        #expect(
            digests.sha256(Array("abc".utf8))
                == bytes("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))
        #expect(
            digests.sha256([])
                == bytes("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"))
    }

    /// RFC 4231 §4.2 and §4.7 (a key longer than a block).
    @Test func hmac() throws {
        let digests = try LibcryptoDigests()
        #expect(
            digests.hmacSHA256(Array("Hi There".utf8), key: [UInt8](repeating: 0x0B, count: 20))
                == bytes("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"))
        #expect(
            digests.hmacSHA256(
                Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
                key: [UInt8](repeating: 0xAA, count: 131))
                == bytes("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"))
    }
}
