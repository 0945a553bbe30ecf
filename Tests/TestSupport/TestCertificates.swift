import Foundation

/// A private authority and what it signed, made by openssl for one test.
public struct TestCertificates: Sendable {
    /// Whether there is an openssl to make them.
    public static var canBeMade: Bool { Tool.has("openssl") }

    /// Where they are: `<name>.pem` and `<name>.key`.
    public let folder: TemporaryFolder

    public init() throws { folder = try TemporaryFolder() }

    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    /// Makes a certificate with a common name, signed by another or by itself. `days` below 0 are
    /// over.
    ///
    /// - Parameter extensions: Further ones, in the words of openssl's configuration.
    public func make(
        _ name: String, as commonName: String, by authority: String?, days: Int = 2,
        extensions: [String] = []
    ) async throws {
        let key = [
            "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
            "/CN=\(commonName)", "-keyout", "\(name).key",
        ]
        guard let authority else {
            try await openssl(
                ["req", "-x509"] + key + ["-days", "\(days)", "-out", "\(name).pem"])
            return
        }
        // In two steps, as openssl's `req` takes no days below 0.
        try await openssl(["req", "-new"] + key + ["-out", "\(name).csr"])
        // As the hub's authority does, it says which key signed it: another authority of the same
        // name is unknown then, and no bad signature.
        let all = ["basicConstraints=critical,CA:FALSE", "authorityKeyIdentifier=keyid"]
        try folder.write("\(name).ext", Array((all + extensions).joined(separator: "\n").utf8))
        try await openssl([
            "x509", "-req", "-in", "\(name).csr", "-days", "\(days)", "-CA", "\(authority).pem",
            "-CAkey", "\(authority).key", "-CAcreateserial", "-extfile", "\(name).ext", "-out",
            "\(name).pem",
        ])
    }

    /// SHA-256 of a certificate's SubjectPublicKeyInfo, as openssl computes it.
    public func pin(of name: String) async throws -> [UInt8] {
        try await openssl([
            "x509", "-in", "\(name).pem", "-pubkey", "-noout", "-out", "\(name).pub",
        ])
        try await openssl([
            "pkey", "-pubin", "-in", "\(name).pub", "-outform", "DER", "-out", "\(name).spki",
        ])
        return try await openssl(["dgst", "-sha256", "-binary", "\(name).spki"])
    }

    /// A certificate as PEM; empty where there is none.
    public func certificate(_ name: String) -> String { text("\(name).pem") }

    /// Its key as PEM; empty where there is none.
    public func key(_ name: String) -> String { text("\(name).key") }

    /// The path of a file of it, `pem` or `key`.
    public func path(_ name: String, _ kind: String) -> String { "\(folder.path)/\(name).\(kind)" }

    private func text(_ file: String) -> String {
        String(decoding: (try? folder.read(file)) ?? [], as: UTF8.self)
    }

    @discardableResult
    private func openssl(_ words: [String]) async throws -> [UInt8] {
        let outcome = try await Tool.run(["openssl"] + words, in: folder)
        guard outcome.status == 0 else {
            throw Failure(description: "openssl \(words.joined(separator: " ")): \(outcome.errors)")
        }
        return outcome.output
    }
}
