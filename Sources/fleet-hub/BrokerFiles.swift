import Crypto
import FleetHub
import Foundation
import LinuxPlatform
import Platform

/// All that a mosquitto needs to serve this hub's boards, in one folder: its configuration, who may
/// do what, its certificate and the list of revoked ones.
///
/// The broker runs as the user that wrote them: it has to read its key, and the hub to signal it.
struct BrokerFiles {
    static let portDefault = 8883

    let folder: String
    private let files = LinuxFileSystem()

    /// - Parameter folder: An absolute path without characters that end a word in mosquitto.conf.
    init(_ folder: String) throws(HubCommandError) {
        guard folder.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value != 0x7F }) else {
            throw HubCommandError(
                description: "mosquitto takes no path with spaces or control characters: \(folder)",
                exitCode: 2)
        }
        self.folder = folder
    }

    var configuration: String { folder + "/mosquitto.conf" }
    var processID: String { folder + "/mosquitto.pid" }
    var log: String { folder + "/mosquitto.log" }
    private var access: String { folder + "/acl" }
    private var revocations: String { folder + "/crl.pem" }
    private var authority: String { folder + "/ca.crt" }
    private var certificate: String { folder + "/server.crt" }
    private var key: String { folder + "/server.key" }

    /// Whether `write` has run here.
    var isThere: Bool { files.size(configuration) != nil }

    /// Writes what is missing or not as it should be.
    /// - Returns: The names of the files that changed.
    func write(
        _ authority: CertificateAuthority, _ access: BrokerAccess, host: String, port: Int,
        names: [String], at now: WallTime
    ) throws -> [String] {
        try files.makeDirectory(folder, mode: 0o700)
        var changed = try writeCredential(authority, names: names, at: now)
        changed += try update(access, at: now)
        let text = BrokerConfiguration(
            folder: folder, host: host, port: port, user: NSUserName(),
            access: self.access, revocations: revocations, authority: self.authority,
            certificate: certificate, key: key, processID: processID
        ).text
        if try put(configuration, text) { changed.append("mosquitto.conf") }
        return changed.sorted()
    }

    /// Writes who may come, where that changed or the list of revoked certificates gets old.
    /// - Returns: The names of the files that changed; a broker that runs has to be told.
    func update(_ access: BrokerAccess, at now: WallTime) throws -> [String] {
        var changed: [String] = []
        if try put(self.access, BrokerConfiguration.accessText(barred: access.barred)) {
            changed.append("acl")
        }
        let list = RevocationFile(access, at: now)
        if !list.isAsGood(as: text(revocations)) {
            try files.replace(revocations, with: Array(list.text.utf8), mode: 0o644)
            changed.append("crl.pem")
        }
        return changed
    }

    /// The broker's key stays what it is while its certificate is of this authority.
    private func writeCredential(
        _ authority: CertificateAuthority, names: [String], at now: WallTime
    ) throws -> [String] {
        let comment = "for: " + ([CertificateAuthority.serverName] + names).joined(separator: " ")
        let isMade =
            text(self.authority) == authority.certificatePEM && files.size(key) != nil
            && text(certificate)?.hasPrefix(comment + "\n") == true
        guard !isMade else { return [] }
        let made = try authority.serverCredential(names: names, at: now)
        // Without the last one all of them are made anew.
        try? files.remove(self.authority)
        try files.replace(key, with: Array(made.keyPEM.utf8), mode: 0o600)
        try files.replace(
            certificate, with: Array((comment + "\n" + made.chainPEM).utf8), mode: 0o644)
        try files.replace(self.authority, with: Array(authority.certificatePEM.utf8), mode: 0o644)
        return ["ca.crt", "server.crt", "server.key"]
    }

    private func put(_ path: String, _ content: String) throws -> Bool {
        guard text(path) != content else { return false }
        try files.replace(path, with: Array(content.utf8), mode: 0o644)
        return true
    }

    private func text(_ path: String) -> String? {
        (try? files.read(path, maximumBytes: 64 << 20)).map { String(decoding: $0, as: UTF8.self) }
    }
}

/// The list of revoked certificates as a file. Each list is signed anew and so is another one; a
/// first line, which PEM allows, says what it is about.
private struct RevocationFile {
    /// Half of what a reader may go by it at most.
    private static let life = Milliseconds.seconds(86_400)

    private let fingerprint: String
    private let made: WallTime
    private let list: [UInt8]

    init(_ access: BrokerAccess, at now: WallTime) {
        var hash = SHA256()
        for serial in access.revoked.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            hash.update(data: [UInt8(clamping: serial.count)] + serial)
        }
        fingerprint = Base64.encode(Array(hash.finalize()), .url)
        made = now
        list = access.revocationList
    }

    var text: String {
        "made: \(made.milliseconds) of: \(fingerprint)\n" + PEM.text("X509 CRL", list)
    }

    func isAsGood(as other: String?) -> Bool {
        guard let line = other?.prefix(while: { $0 != "\n" }) else { return false }
        let words = line.split(separator: " ")
        guard words.count == 4, words[3] == fingerprint, let since = Int64(words[1]) else {
            return false
        }
        return since <= made.milliseconds && made.milliseconds - since < Self.life.count
    }
}
