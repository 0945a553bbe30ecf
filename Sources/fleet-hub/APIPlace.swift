import ArgumentParser
import FleetHub
import FleetHubAPI
import Foundation
import LinuxPlatform
import Platform

/// How the API proves itself.
struct APITLSOptions: ParsableArguments {
    @Flag(name: .customLong("tls"), help: "Serve the API over TLS on a loopback address too.")
    var isWanted = false

    @Option(
        name: .customLong("listen-name"), parsing: .singleValue,
        help: "A name or address that the hub's own certificate shall bear. May be repeated.")
    var names: [String] = []

    @Option(
        name: .customLong("tls-certificate"),
        help: "A PEM chain to serve the API with, in place of the hub's own certificate.")
    var certificate: String?

    @Option(name: .customLong("tls-key"), help: "The key of --tls-certificate, as PEM.")
    var key: String?
}

/// Where the API is served, and with what.
struct APIPlace {
    private static let fileBytesMax = 256 << 10

    let host: String
    let port: Int
    /// nil for plain HTTP.
    let credential: ServerCredential?

    init(
        _ text: String, _ options: APITLSOptions, authority: CertificateAuthority, at now: WallTime
    ) throws {
        (host, port) = try HostPort.split(text, option: "--listen")
        guard (options.certificate == nil) == (options.key == nil) else {
            throw HubCommandError(
                description: "--tls-certificate and --tls-key need each other; give both or none",
                exitCode: 2)
        }
        if let certificate = options.certificate, let key = options.key {
            credential = ServerCredential(
                chainPEM: try Self.read(certificate), keyPEM: try Self.readKey(key))
        } else if options.isWanted || LoopbackAddress(host) == nil {
            let own = [host, ProcessInfo.processInfo.hostName, "localhost", "127.0.0.1"]
            let names = own.filter { $0 != "0.0.0.0" && !$0.contains(":") } + options.names
            let made = try authority.serverCredential(names: names, at: now)
            credential = ServerCredential(chainPEM: made.chainPEM, keyPEM: made.keyPEM)
        } else {
            credential = nil
        }
    }

    /// What whoever starts the hub should know; nil where there is nothing.
    var notice: String? {
        guard credential == nil else { return nil }
        return "the API is plain HTTP, for programs on this machine only. For others give --listen "
            + "another address, and it has TLS."
    }

    func url(port: Int) -> String {
        let name = host.contains(":") ? "[\(host)]" : host
        return (credential == nil ? "http" : "https") + "://\(name):\(port)"
    }

    private static func read(_ path: String) throws(HubCommandError) -> String {
        do {
            return String(
                decoding: try LinuxFileSystem().read(path, maximumBytes: fileBytesMax),
                as: UTF8.self)
        } catch {
            throw HubCommandError(
                description: "cannot read \(path): \(error). Check the path and who may read it.")
        }
    }

    private static func readKey(_ path: String) throws(HubCommandError) -> String {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        if let mode = attributes?[.posixPermissions] as? Int, mode & 0o077 != 0 {
            let digits = String(mode & 0o777, radix: 8)
            throw HubCommandError(
                description: "\(path) has the mode \(digits), so others can read the key. Run: "
                    + "chmod 600 \(path)")
        }
        return try read(path)
    }
}
