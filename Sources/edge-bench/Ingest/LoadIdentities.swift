import ArgumentParser
import FleetHub
import Identity
import LinuxPlatform
import Platform
import SQLiteStore

/// How boards of a load prove who they are.
enum LoadSecurity: String, Sendable, CaseIterable, ExpressibleByArgument {
    /// By a certificate of the hub's own authority, as enrolled boards do; and so does the hub.
    case tls
    /// They do not: plain links on loopback.
    case none
}

/// A key and a certificate for each board of a load.
///
/// They are signed with the authority's files and noted in the database of a hub that is not
/// running, as enrolment would have done: to enrol a thousand boards, one after the other, measures
/// something else and is shown elsewhere.
struct LoadIdentities: Sendable {
    private static let life = Milliseconds.seconds(86_400)
    private static let bytesMax = 16 << 10

    /// The authority's certificate, in DER.
    private let authority: [UInt8]
    /// In DER, by a board's number.
    private let boards: [(certificate: [UInt8], key: [UInt8])]

    /// - Parameter folder: The data of a hub that is made.
    init(_ count: Int, hubFolder folder: String) throws {
        let files = LinuxFileSystem()
        let texts = try ["ca.key", "ca.crt"].map {
            String(
                decoding: try files.read(
                    "\(folder)/authority/\($0)", maximumBytes: Self.bytesMax), as: UTF8.self)
        }
        let authority = try CertificateAuthority(keyPEM: texts[0], certificatePEM: texts[1])
        let now = LinuxTimekeeper().now().wall
        self.authority = authority.certificate
        boards = try (0..<count).map {
            try authority.clientCredential(name: LoadFleet.name($0), life: Self.life, at: now)
        }
        try note(folder + "/hub.db", now)
    }

    /// Writes down whom the hub shall believe.
    private func note(_ path: String, _ now: WallTime) throws {
        let keys = try boards.map {
            CryptoDigests().sha256(try CertificateFacts(der: $0.certificate).publicKey)
        }
        let connection = try Connection.open(path)
        let table = IdentityTable(connection)
        try connection.transaction { () throws(SQLiteError) in
            for (number, key) in keys.enumerated() {
                try table.put(
                    IdentityRecord(
                        device: LoadFleet.name(number), state: .active, key: key, token: "",
                        changed: now))
            }
        }
    }

    func mqtt(_ board: Int) -> MosquittoCredential {
        MosquittoCredential(
            authority: authority, certificate: boards[board].certificate, key: boards[board].key)
    }

    func coap(_ board: Int) -> CoAPCredential {
        CoAPCredential(
            authority: PEM.text("CERTIFICATE", authority),
            certificate: PEM.text("CERTIFICATE", boards[board].certificate),
            key: PEM.text("PRIVATE KEY", boards[board].key))
    }
}
