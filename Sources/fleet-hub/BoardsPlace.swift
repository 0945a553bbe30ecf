import FleetHub
import FleetHubAPI
import Foundation
import Identity
import Logging
import Platform

/// Where the hub listens for boards, and by what name they reach it.
struct BoardsPlace {
    let host: String
    let port: Int
    let name: String
    let namedPort: Int

    init(_ text: String, name: String?) throws(HubCommandError) {
        (host, port) = try Self.split(text, option: "--boards", portDefault: nil)
        let isAny = host == "0.0.0.0" || host == "::"
        guard let named = name ?? (isAny ? nil : text) else {
            throw HubCommandError(
                description: "--boards \(text) listens on every address, and no board can be told "
                    + "to go to all of them; add --boards-name HOST:PORT",
                exitCode: 2)
        }
        (self.name, namedPort) = try Self.split(
            named, option: "--boards-name", portDefault: port)
        guard EnrolmentToken.isHost(self.name) else {
            throw HubCommandError(
                description: "\(self.name) is no name that boards can be told; give a host name or "
                    + "an address in --boards-name",
                exitCode: 2)
        }
    }

    /// The listener itself. It says on standard output when boards can connect.
    func service(
        of hub: FleetHub, authority: CertificateAuthority, packages: String, at now: WallTime,
        _ logger: Logger
    ) throws -> EnrolmentServer {
        let credential = try authority.serverCredential(names: [name], at: now)
        let named = (name.contains(":") ? "[\(name)]" : name) + ":\(namedPort)"
        return try EnrolmentServer(
            service: hub, host: host, port: port, chainPEM: credential.chainPEM,
            keyPEM: credential.keyPEM,
            install: InstallKit(
                authorityPEM: authority.certificatePEM, place: named, folder: packages),
            onReady: { _ in
                FileHandle.standardOutput.write(Data("ready boards=\(named)\n".utf8))
            }, logger: logger)
    }

    private static func split(
        _ text: String, option: String, portDefault: Int?
    ) throws(HubCommandError) -> (String, Int) {
        let isBare = text.hasPrefix("[") ? text.hasSuffix("]") : !text.contains(":")
        let separator = isBare ? nil : text.lastIndex(of: ":")
        let host = separator.map { String(text[..<$0]) } ?? text
        let port = separator.map { Int(text[text.index(after: $0)...]) } ?? portDefault
        guard let port, 1...65535 ~= port, !host.isEmpty else {
            throw HubCommandError(
                description: "\(option) \(text) is no HOST:PORT, such as hub.example:8443",
                exitCode: 2)
        }
        return (host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host, port)
    }
}
