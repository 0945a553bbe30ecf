import Foundation
import LinuxPlatform
import Platform

/// A private authority and what it signed, made by openssl for one test.
final class TestCertificates: Sendable {
    static let program = ["/usr/bin/openssl", "/usr/local/bin/openssl"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    private let folder: String

    init() throws {
        folder = NSTemporaryDirectory() + "/certificates-" + UUID().uuidString
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func path(_ name: String, _ kind: String) -> String { "\(folder)/\(name).\(kind)" }

    /// Makes a certificate with a common name, signed by another or by itself. `days` below 0 are
    /// over.
    func make(_ name: String, as commonName: String, by authority: String?, days: Int = 2)
        async throws
    {
        let program = Self.program ?? "openssl"
        let key = [
            "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
            "/CN=\(commonName)", "-keyout", path(name, "key"),
        ]
        guard let authority else {
            return try await run(
                [program, "req", "-x509"] + key + ["-days", "\(days)", "-out", path(name, "pem")],
                for: path(name, "pem"))
        }
        // In two steps, as openssl's `req` takes no days below 0.
        try await run(
            [program, "req"] + key + ["-out", path(name, "csr")], for: path(name, "csr"))
        // As the hub's authority does, it says which key signed it: another authority of the same
        // name is unknown then, and no bad signature.
        let extensions = "basicConstraints=critical,CA:FALSE\nauthorityKeyIdentifier=keyid\n"
        try extensions.write(toFile: path(name, "ext"), atomically: true, encoding: .utf8)
        try await run(
            [
                program, "x509", "-req", "-in", path(name, "csr"), "-days", "\(days)", "-CA",
                path(authority, "pem"), "-CAkey", path(authority, "key"), "-extfile",
                path(name, "ext"), "-out", path(name, "pem"),
            ], for: path(name, "pem"))
    }

    private func run(_ arguments: [String], for file: String) async throws {
        let children = ChildProcesses()
        let process = try children.start(
            ProcessCommand(
                arguments: arguments, environment: [:], workingDirectory: nil,
                logPath: folder + "/log"))
        let hasEnded = try await Stage.linux.eventually { children.poll(process) != nil }
        guard hasEnded, FileManager.default.fileExists(atPath: file) else {
            throw Mosquitto.Failure(message: "openssl made no certificate")
        }
    }

    func security(_ name: String, trusting authority: String) -> CoAPSecurity {
        .certificates(
            CoAPCredential(
                authority: text(authority, "pem"), certificate: text(name, "pem"),
                key: text(name, "key")))
    }

    private func text(_ name: String, _ kind: String) -> String {
        (try? String(contentsOfFile: path(name, kind), encoding: .utf8)) ?? ""
    }
}
