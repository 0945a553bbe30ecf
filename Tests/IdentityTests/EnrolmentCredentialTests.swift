import Platform
import TestSupport
import Testing

@testable import Identity

/// A stand-in with which a test can tell apart what was hashed; no cryptography.
struct PlainDigests: Digests {
    func sha256(_ bytes: [UInt8]) -> [UInt8] { digest(bytes, 0xCBF2_9CE4_8422_2325) }

    func hmacSHA256(_ bytes: [UInt8], key: [UInt8]) -> [UInt8] {
        digest(key + [0xFF] + bytes, 0x9E37_79B9_7F4A_7C15)
    }

    private func digest(_ bytes: [UInt8], _ seed: UInt64) -> [UInt8] {
        var state = bytes.reduce(seed) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        return (0..<32).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1
            return UInt8(truncatingIfNeeded: state >> 33)
        }
    }
}

@Suite struct EnrolmentCredentialTests {
    let digests = PlainDigests()
    let csr: [UInt8] = [1, 2, 3]

    @Test func headersComeBack() {
        let all: [EnrolmentCredential] = [
            .proof(token: EnrolmentTokenTests.id, hmac: [UInt8](repeating: 7, count: 32)),
            .secret(token: EnrolmentTokenTests.id, EnrolmentTokenTests.secret),
        ]
        for credential in all {
            #expect(EnrolmentCredential(header: credential.header) == credential)
            #expect(credential.token == EnrolmentTokenTests.id)
        }
    }

    @Test(arguments: [
        "", "Bearer abc", "fleet-hmac", "fleet-hmac a.b", "fleet-hmac AQIDBAUG",
        "fleet-hmac AQIDBAUG.AAAA", "fleet-hmac AQIDBAUG.AAAA.AAAA", "Basic", "Basic !!!!",
        "Basic QVFJREJBVUc=", "Basic OjpB", "Basic a b", "Basic /w==",
        String(repeating: "a", count: 600),
    ])
    func otherHeadersAreNone(header: String) {
        #expect(EnrolmentCredential(header: header) == nil)
    }

    @Test func onlyTheSecretProvesAndOnlyForThisRequest() throws {
        let token = try EnrolmentTokenTests.token()
        let key = EnrolmentRequest.key(of: token.secret, digests: digests)
        let hmac = EnrolmentRequest.hmac(of: csr, key: key, digests: digests)
        let proof = EnrolmentCredential.proof(token: token.id, hmac: hmac)
        #expect(proof.isValid(for: csr, key: key, digests: digests))
        #expect(!proof.isValid(for: csr + [0], key: key, digests: digests))
        let other = EnrolmentRequest.key(of: [9], digests: digests)
        #expect(!proof.isValid(for: csr, key: other, digests: digests))
        // What the hub stores is not what a client of RFC 7030 sends as its password.
        let stolen = EnrolmentCredential.secret(token: token.id, Array(key.prefix(16)))
        #expect(!stolen.isValid(for: csr, key: key, digests: digests))
        let password = EnrolmentCredential.secret(token: token.id, token.secret)
        #expect(password.isValid(for: csr, key: key, digests: digests))
        #expect(!password.isValid(for: csr, key: other, digests: digests))
        let short = EnrolmentCredential.proof(token: token.id, hmac: Array(hmac.dropLast()))
        #expect(!short.isValid(for: csr, key: key, digests: digests))
    }
}
