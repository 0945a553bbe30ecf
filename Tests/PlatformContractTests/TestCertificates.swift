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
        var arguments = [
            Self.program ?? "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:prime256v1", "-nodes", "-days", "\(days)", "-subj",
            "/CN=\(commonName)", "-keyout", path(name, "key"), "-out", path(name, "pem"),
        ]
        if let authority {
            arguments += ["-CA", path(authority, "pem"), "-CAkey", path(authority, "key")]
            arguments += ["-addext", "basicConstraints=critical,CA:FALSE"]
        }
        let runner = LinuxProcessRunner(owner: "openssl")
        let process = try runner.start(
            ProcessCommand(
                arguments: arguments, environment: [:], workingDirectory: nil,
                logPath: folder + "/log"), tag: path(name, "pem"))
        let hasEnded = try await Stage.linux.eventually { runner.poll(process) != nil }
        guard hasEnded, FileManager.default.fileExists(atPath: path(name, "pem")) else {
            throw Mosquitto.Failure(message: "openssl made no certificate")
        }
    }

    func security(_ name: String, trusting authority: String) -> CoAPSecurity {
        .certificates(
            authority: path(authority, "pem"), certificate: path(name, "pem"),
            key: path(name, "key"))
    }
}
