import LinuxPlatform
import Platform
import Simulator
import TestSupport
import Testing

/// A key of P-256 that stays itself, and signatures that are of one key and one message.
func signerContract(_ signer: any Signer, _ other: any Signer) throws -> [String] {
    var verdict = Verdict()
    let key = signer.publicKey
    verdict.require(key.count == 91, "the public key has \(key.count) bytes")
    verdict.require(key.starts(with: [0x30, 0x59, 0x30, 0x13]), "it is no SubjectPublicKeyInfo")
    verdict.require(key[26] == 4, "its point is compressed")
    verdict.require(signer.publicKey == key, "it is another each time")
    verdict.require(other.publicKey != key, "two keys are one")
    for message in [[], [1], [UInt8](repeating: 7, count: 1 << 20)] as [[UInt8]] {
        let signature = try signer.sign(message)
        verdict.require(isSignature(signature), "\(signature) is no ECDSA-Sig-Value")
        verdict.require(try other.sign(message) != signature, "another key signs alike")
        verdict.require(try signer.sign(message + [0]) != signature, "another message counts alike")
    }
    return verdict.faults
}

/// RFC 3279 §2.2.3: two positive integers in a sequence.
private func isSignature(_ bytes: [UInt8]) -> Bool {
    guard bytes.count > 2, bytes[0] == 0x30, Int(bytes[1]) == bytes.count - 2 else { return false }
    var rest = bytes.dropFirst(2)
    for _ in 0..<2 {
        guard rest.popFirst() == 0x02, let count = rest.popFirst(), 1...33 ~= count,
            rest.count >= Int(count), rest.first.map({ $0 < 0x80 }) == true
        else { return false }
        rest = rest.dropFirst(Int(count))
    }
    return rest.isEmpty
}

@Suite struct SignerContracts {
    @Test func file() throws {
        let folder = try TemporaryFolder()
        let files = LinuxFileSystem()
        let signer = try FileSigner.make(file: folder.path + "/a.key", files: files)
        let other = try FileSigner.make(file: folder.path + "/b.key", files: files)
        #expect(try signerContract(signer, other) == [])
        let again = try FileSigner(file: folder.path + "/a.key", files: files)
        #expect(again.publicKey == signer.publicKey)
    }

    @Test func simulated() throws {
        let signer = SimSigner(seed: 1)
        #expect(try signerContract(signer, SimSigner(seed: 2)) == [])
        #expect(SimSigner(seed: 1).publicKey == signer.publicKey)
        let signature = try signer.sign([1, 2])
        #expect(SimSigner.isSignature(signature, of: [1, 2], by: signer.publicKey))
        #expect(!SimSigner.isSignature(signature, of: [1, 3], by: signer.publicKey))
    }
}
