import FleetHub
import Foundation
import LinuxPlatform
import Platform

/// The hub's authority on disk: its key, which only the hub reads, and its certificate.
struct AuthorityFiles {
    private static let keyMode: UInt32 = 0o600
    private static let certificateMode: UInt32 = 0o644
    private static let bytesMax = 16 << 10

    private let folder: String
    private let files = LinuxFileSystem()

    init(_ directory: DataDirectory) { folder = directory.path + "/authority" }

    var key: String { folder + "/ca.key" }
    var certificate: String { folder + "/ca.crt" }

    /// The authority; a new one where there is none yet, as in a hub of an earlier release.
    ///
    /// The certificate is written last and is what counts: nobody has seen the pin of a key whose
    /// certificate is missing, so that one may be replaced.
    func open(at now: WallTime) throws(HubCommandError) -> CertificateAuthority {
        guard files.size(certificate) != nil else { return try make(at: now) }
        do {
            return try CertificateAuthority(
                keyPEM: try text(key), certificatePEM: try text(certificate))
        } catch {
            throw HubCommandError(
                description: "the hub's authority in \(folder) cannot be used: \(error). Restore "
                    + "both files from a backup: with a new authority every board has to enrol "
                    + "again.")
        }
    }

    /// Looks whether the authority can be used and its key is for the hub's user alone.
    func check() throws(HubCommandError) {
        // A database of a hub that never ran with an authority has none, and gets one at its start.
        guard files.size(certificate) != nil else { return }
        _ = try open(at: WallTime(milliseconds: 0))
        let attributes = try? FileManager.default.attributesOfItem(atPath: key)
        guard let mode = attributes?[.posixPermissions] as? Int else { return }
        guard mode & 0o077 == 0 else {
            let digits = String(mode & 0o777, radix: 8)
            throw HubCommandError(
                description: "\(key) has the mode \(digits), so others can read the key that "
                    + "certifies boards. Run: chmod 600 \(key)")
        }
    }

    private func make(at now: WallTime) throws(HubCommandError) -> CertificateAuthority {
        do {
            let authority = try CertificateAuthority.make(at: now)
            try files.makeDirectory(folder, mode: 0o700)
            try files.replace(key, with: Array(authority.keyPEM.utf8), mode: Self.keyMode)
            try files.replace(
                certificate, with: Array(authority.certificatePEM.utf8),
                mode: Self.certificateMode)
            return authority
        } catch {
            throw HubCommandError(description: "cannot make the hub's authority: \(error)")
        }
    }

    private func text(_ path: String) throws(FileError) -> String {
        String(decoding: try files.read(path, maximumBytes: Self.bytesMax), as: UTF8.self)
    }
}
