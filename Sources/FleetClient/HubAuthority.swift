import AsyncHTTPClient
import Crypto
import Identity
import NIOSSL
import Platform

/// The authority that a hub proves itself with, known by its key's hash.
public struct HubAuthority: Sendable, Hashable {
    /// What every hub's own certificate is made out to, by whatever address it is reached.
    static let serverName = "fleet-hub"

    /// The authority's certificate.
    public let certificatePEM: String
    /// SHA-256 of its SubjectPublicKeyInfo, as `fleet-hub ca` prints it.
    public let hash: String

    /// - Throws: `.settings` where the text holds no certificate.
    public init(certificatePEM: String) throws(FleetClientError) {
        guard let der = PEM.first("CERTIFICATE", in: certificatePEM),
            let facts = try? CertificateFacts(der: der)
        else {
            throw FleetClientError(
                .settings, "The certificate of the hub's authority is damaged",
                hint: "Log in again with `fleet login URL --ca HASH`")
        }
        self.certificatePEM = PEM.text("CERTIFICATE", der)
        hash = Base64.encode(Array(SHA256.hash(data: facts.publicKey)), .url)
    }

    /// Fetches the authority's certificate from a hub that has yet to be believed, and holds it
    /// against a hash that came another way. Sends no token.
    ///
    /// - Throws: `.refused` where it is another authority.
    public static func fetch(
        from url: HubURL, hash: String, limits: FleetClient.Limits = FleetClient.Limits()
    ) async throws(FleetClientError) -> HubAuthority {
        try check(hash: hash, for: url)
        let transport = HTTPTransport(url: url, token: nil, trust: .nobody, limits: limits)
        let reply: HTTPTransport.Reply
        do {
            reply = try await transport.send("GET", "/ca.crt", isPublic: true)
        } catch {
            await transport.shutdown()
            throw error
        }
        await transport.shutdown()
        guard reply.isSuccess,
            let found = try? HubAuthority(
                certificatePEM: String(decoding: reply.body, as: UTF8.self))
        else {
            throw FleetClientError(
                .refused, "\(url) shows no certificate of a hub's authority",
                hint: "Check that the URL is that of a fleet hub with its own certificate")
        }
        guard found.hash == hash else {
            throw FleetClientError(
                .refused,
                "The hub at \(url) has the authority \(found.hash), not the one that was given. "
                    + "Somebody else may be answering in its place, so no token was sent",
                hint: "Compare with what `fleet-hub ca` prints on the hub")
        }
        return found
    }

    /// - Throws: `.usage`.
    private static func check(hash: String, for url: HubURL) throws(FleetClientError) {
        guard url.isEncrypted else {
            throw FleetClientError(
                .usage, "\(url) is not encrypted, so nothing there can prove itself by a hash",
                hint: "Give the hub's https URL, or leave the hash out")
        }
        guard Base64.decode(hash, .url)?.count == 32 else {
            throw FleetClientError(
                .usage, "`\(Display.clean(hash))` is no hash of an authority",
                hint: "Give the 43 characters that `fleet-hub ca` prints on the hub")
        }
    }
}

/// Whom a connection believes.
enum HubTrust: Sendable {
    /// Whoever this machine believes, under the name in the URL.
    case system
    /// One hub's own authority.
    case authority(HubAuthority)
    /// Nobody yet: what is fetched is checked by other means.
    case nobody

    init(_ authority: HubAuthority?) { self = authority.map(HubTrust.authority) ?? .system }

    func configure(_ client: inout HTTPClient.Configuration, for url: HubURL) throws {
        guard url.isEncrypted else { return }
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        switch self {
        case .system: break
        case .nobody: tls.certificateVerification = .none
        case .authority(let authority):
            let certificate = try NIOSSLCertificate(
                bytes: Array(authority.certificatePEM.utf8), format: .pem)
            tls.trustRoots = .certificates([certificate])
            client.dnsOverride = [HubAuthority.serverName: url.host]
        }
        client.tlsConfiguration = tls
    }

    /// Where requests go: with an authority of its own, a hub is known by its one name.
    func place(of url: HubURL) -> String {
        guard url.isEncrypted, case .authority = self else { return url.description }
        return url.named(HubAuthority.serverName)
    }
}
