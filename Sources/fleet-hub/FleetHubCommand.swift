import ArgumentParser
import FleetHub
import Foundation
import Identity
import LinuxPlatform
import Platform
import SQLiteStore
import SyncProtocol

/// `fleet-hub`: the server of a fleet.
@main
struct FleetHubCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fleet-hub", abstract: "The server of a fleet of boards.",
        version: Release.version,
        subcommands: [
            Initialise.self, Serve.self, BrokerConfigCommand.self, AuthorityCommand.self,
            Doctor.self,
        ])

    /// ArgumentParser ends with 64 on a usage error; our programs with 2.
    static func main() async {
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            leave(0)
        } catch let code as ExitCode {
            leave(code.rawValue)
        } catch let error as HubCommandError {
            FileHandle.standardError.write(Data("fleet-hub: \(error)\n".utf8))
            leave(error.exitCode)
        } catch {
            let code = exitCode(for: error)
            let text = fullMessage(for: error)
            if code == .success {
                print(text)
                leave(0)
            }
            FileHandle.standardError.write(Data((text + "\n").utf8))
            leave(code == .validationFailure ? 2 : 1)
        }
    }

    /// Ends without exit handlers: those of OpenSSL would take from under a link's thread what it is
    /// using.
    private static func leave(_ code: Int32) -> Never {
        fflush(nil)
        _exit(code)
    }
}

/// What went wrong, why, and what to do.
struct HubCommandError: Error, CustomStringConvertible {
    let description: String
    var exitCode: Int32 = 1
}

/// The hub's files, below one directory.
struct DataDirectory {
    let path: String

    var database: String { path + "/hub.db" }

    /// The agent's packages for boards, each named as `uname -m` names their machine.
    var packages: String { path + "/packages" }

    /// - Throws: where `fleet-hub init` has not run there.
    func requireInitialised() throws(HubCommandError) {
        guard LinuxFileSystem().size(database) != nil else {
            throw HubCommandError(
                description: "there is no hub in \(path). Make one with: "
                    + "fleet-hub init --data \(path)")
        }
    }

    /// Who may come to a broker, read beside a hub that may run.
    func brokerAccess(
        _ authority: CertificateAuthority, at now: WallTime
    ) throws(HubCommandError) -> BrokerAccess {
        var options = Connection.Options()
        options.isReadOnly = true
        do {
            let connection = try Connection.open(database, options: options)
            return try BrokerAccess(
                of: IdentityTable(connection).all(),
                revoked: CertificateTable(connection).revoked(), by: authority, at: now)
        } catch {
            throw HubCommandError(
                description: "cannot read \(database): \(error). Check it with: "
                    + "fleet-hub doctor --data \(path)")
        }
    }

    func open() throws(HubCommandError) -> HubStore {
        do {
            return try HubStore(
                path: database, epoch: Epoch(random: LinuxEntropy().next(), role: .hub))
        } catch {
            let advice =
                error.kind == .damaged
                ? "Keep the file, restore a backup in its place, and start again: boards bring "
                    + "back what the backup lacks."
                : "Check that the directory is writable and its disk has space."
            throw HubCommandError(description: "cannot open \(database): \(error). \(advice)")
        }
    }
}

struct Initialise: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Make a hub and its admin token, which is shown once.")

    @Option(name: .customLong("data"), help: "The directory of the hub's data.")
    var data: String

    @Flag(name: .customLong("json"), help: "Print the token as one line of JSON.")
    var json = false

    func run() throws {
        let directory = DataDirectory(path: URL(fileURLWithPath: data).path)
        guard LinuxFileSystem().size(directory.database) == nil else {
            throw HubCommandError(
                description: "there is a hub in \(directory.path) already. Its token was shown "
                    + "when it was made; serve it with: fleet-hub serve --data \(directory.path)")
        }
        try LinuxFileSystem().makeDirectory(directory.path, mode: 0o750)
        let token = FleetHub.newToken()
        let now = LinuxTimekeeper().now().wall
        let authority = try AuthorityFiles(directory).open(at: now)
        let store = try directory.open()
        try store.addToken(hash: FleetHub.hash(token: token), name: "admin", at: now)
        if json {
            let pin = Base64.encode(authority.pin, .url)
            print(Value.object([("token", .string(token)), ("authority", .string(pin))]).json)
        } else {
            print("The hub is made. Its admin token, shown this once:\n\n  \(token)\n")
            print("Its authority's hash, by which fleet and boards know it over TLS:\n")
            print("  \(Base64.encode(authority.pin, .url))\n")
            print("Serve it:  fleet-hub serve --data \(directory.path)")
            print("Log in:    fleet login http://127.0.0.1:8080 --token \(token)")
        }
    }
}

struct AuthorityCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ca", abstract: "Print the hash by which fleet and boards know this hub.",
        discussion: "Log in with: fleet login https://HOST:PORT --ca HASH")

    @Option(name: .customLong("data"), help: "The directory of the hub's data.")
    var data: String

    @Flag(name: .customLong("pem"), help: "Print the certificate itself.")
    var pem = false

    func run() throws {
        let directory = DataDirectory(path: URL(fileURLWithPath: data).path)
        try directory.requireInitialised()
        let authority = try AuthorityFiles(directory).open(at: LinuxTimekeeper().now().wall)
        print(pem ? authority.certificatePEM : Base64.encode(authority.pin, .url))
    }
}

struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check a hub's data while it does not run, or beside it.")

    @Option(name: .customLong("data"), help: "The directory of the hub's data.")
    var data: String

    func run() throws {
        let directory = DataDirectory(path: URL(fileURLWithPath: data).path)
        try directory.requireInitialised()
        var options = Connection.Options()
        options.isReadOnly = true
        do {
            let connection = try Connection.open(directory.database, options: options)
            let faults = try connection.quickCheck()
            guard faults.isEmpty else {
                throw HubCommandError(
                    description: "\(directory.database) is damaged: "
                        + faults.joined(separator: "; ") + ". Restore a backup.")
            }
            try Self.checkAudit(connection)
        } catch let error as SQLiteError {
            throw HubCommandError(
                description: "\(directory.database) cannot be read: \(error). Restore a backup.")
        } catch let fault as AuditFault {
            throw HubCommandError(
                description: "the audit log in \(directory.database) is not as it was written: "
                    + "\(fault). Keep a copy of it and compare it with an earlier backup.")
        }
        print("ok    \(directory.database) is sound")
        try AuthorityFiles(directory).check()
        print("ok    \(directory.path)/authority is sound")
        if let space = LinuxFileSystem().capacity(directory.path) {
            let percent = space.free * 100 / max(space.total, 1)
            print("\(percent < 5 ? "warn " : "ok   ") \(percent) % of its disk is free")
        }
    }

    /// The whole chain: that is what shows a row that was changed, or is missing.
    private static func checkAudit(_ connection: borrowing Connection) throws {
        let audit = AuditTable(reading: connection)
        var check = AuditCheck(from: try audit.start(), by: CryptoDigests())
        let beginning = WallTime(milliseconds: .min)
        while true {
            let page = try audit.page(after: check.head.number, since: beginning, limit: 1000)
            guard !page.isEmpty else { break }
            for entry in page { try check.take(entry.row, hash: entry.hash) }
        }
        try check.finish()
        print("ok    the audit log is as it was written, up to row \(check.head.number):")
        print("      \(check.head)")
    }
}
