import FleetHub
import Foundation
import Identity
import LinuxPlatform
import Platform

/// The links of a hub, as its options name them.
struct HubLinks {
    /// What switches a link off.
    static let off = "off"

    /// What begins the name of a broker that the hub runs itself, and of one that it reaches by TLS.
    private static let managed = "managed"
    private static let tls = "tls:"

    /// A plain broker on this machine.
    let mqtt: HostPort?
    /// A broker with TLS.
    let broker: BrokerPlace?
    /// Whether the hub runs it.
    let isManaged: Bool
    let coap: HostPort?
    let coaps: HostPort?
    private let coapPorts: Int
    private let keys: [String: [UInt8]]

    init(
        mqtt: String, coap: String, coaps: String = HubLinks.off, coapPorts: Int,
        coapKeys: String? = nil
    ) throws {
        isManaged = mqtt == Self.managed || mqtt.hasPrefix(Self.managed + ":")
        if isManaged {
            let named = mqtt.dropFirst(Self.managed.count + 1)
            broker = try BrokerPlace(named.isEmpty ? "0.0.0.0" : String(named), option: "--mqtt")
        } else if mqtt.hasPrefix(Self.tls) {
            let named = String(mqtt.dropFirst(Self.tls.count))
            broker = try BrokerPlace(named, option: "--mqtt")
        } else {
            broker = nil
        }
        let isPlain = mqtt != Self.off && broker == nil
        self.mqtt = isPlain ? try HostPort(mqtt, option: "--mqtt") : nil
        self.coap = coap == Self.off ? nil : try HostPort(coap, option: "--coap")
        self.coaps =
            coaps == Self.off ? nil : try HostPort(coaps, option: "--coaps", isSecured: true)
        self.coapPorts = coapPorts
        guard self.mqtt != nil || broker != nil || self.coap != nil || self.coaps != nil else {
            throw HubCommandError(
                description: "no board could reach a hub without --mqtt, --coap and --coaps: "
                    + "give one of them HOST:PORT", exitCode: 2)
        }
        guard 1...64 ~= coapPorts else {
            throw HubCommandError(
                description: "--coap-ports \(coapPorts) is not from 1 to 64", exitCode: 2)
        }
        try Self.checkRoom(self.coap, "--coap", coapPorts)
        try Self.checkRoom(self.coaps, "--coaps", coapPorts)
        if let coap = self.coap, let coaps = self.coaps, abs(coap.port - coaps.port) < coapPorts {
            throw HubCommandError(
                description: "--coap and --coaps share a port of their \(coapPorts): give them "
                    + "ports that are further apart", exitCode: 2)
        }
        guard let coapKeys else {
            keys = [:]
            return
        }
        guard self.coaps != nil else {
            throw HubCommandError(
                description: "--coap-keys is for boards at --coaps, which is off", exitCode: 2)
        }
        keys = try KeyFile(coapKeys).keys
    }

    private static func checkRoom(
        _ place: HostPort?, _ option: String, _ ports: Int
    ) throws(HubCommandError) {
        guard let place, place.port <= 0 || place.port + ports > 65_536 else { return }
        throw HubCommandError(
            description: "\(option) \(place.text(port: place.port)) leaves no room for "
                + "\(ports) ports from 1 to 65535", exitCode: 2)
    }

    /// One endpoint of all of them.
    ///
    /// - Throws: `CoAPError` where libcoap is not installed.
    func endpoint(_ authority: CertificateAuthority, at now: WallTime) throws -> any HubEndpoint {
        var endpoints: [any HubEndpoint] = []
        if let mqtt {
            endpoints.append(
                MosquittoHubEndpoint(settings: mqtt.client(), entropy: LinuxEntropy()))
        }
        if let broker {
            let made = try authority.clientCredential(
                name: CertificateAuthority.hubName, life: Self.credentialLife, at: now)
            var settings = MosquittoClient.Settings(
                host: broker.inner, port: broker.port, clientID: CertificateAuthority.hubName)
            settings.reconnectMaximum = 5000
            let route = MosquittoRoute.tls(
                host: broker.inner, port: broker.port,
                MosquittoCredential(
                    authority: authority.certificate, certificate: made.certificate, key: made.key))
            settings.route = { route }
            endpoints.append(MosquittoHubEndpoint(settings: settings, entropy: LinuxEntropy()))
        }
        if let coap { endpoints.append(try coapEndpoint(coap)) }
        if let coaps {
            let credential = try authority.serverCredential(names: [], at: now)
            endpoints.append(
                try coapEndpoint(coaps) { settings in
                    settings.kind = .coaps
                    settings.security = .certificates(
                        CoAPCredential(
                            authority: authority.certificatePEM,
                            certificate: credential.chainPEM, key: credential.keyPEM),
                        keys: keys)
                    settings.resolve = CoAPPeer.proved
                    settings.readCertificate = { Self.certificate($0) }
                })
        }
        return endpoints.count == 1 ? endpoints[0] : MergedHubEndpoint(endpoints)
    }

    private func coapEndpoint(
        _ place: HostPort, _ adjust: (inout CoAPHubEndpoint.Settings) -> Void = { _ in }
    ) throws -> CoAPHubEndpoint {
        var settings = CoAPHubEndpoint.Settings()
        settings.host = place.host
        settings.port = place.port
        settings.shards = coapPorts
        adjust(&settings)
        return try CoAPHubEndpoint(settings: settings, entropy: LinuxEntropy())
    }

    private static func certificate(_ der: [UInt8]) -> BoardCertificate? {
        guard let facts = try? CertificateFacts(der: der), let name = facts.commonName else {
            return nil
        }
        return BoardCertificate(
            name: name, key: CryptoDigests().sha256(facts.publicKey), end: facts.notAfter)
    }

    /// The key is born with the process and dies with it.
    private static let credentialLife = Milliseconds.seconds(10 * 365 * 86_400)

    /// What has to be said loudly: who listens to, or speaks on, links without proof.
    var warnings: [String] {
        [("MQTT", mqtt), ("CoAP", coap)].compactMap { name, address in
            address.map {
                "warning links: PLAIN \(name) at \($0.text(port: $0.port)): whoever is on this "
                    + "machine can read it and speak for any board; use "
                    + (name == "MQTT" ? "--mqtt managed" : "--coaps") + " for TLS"
            }
        }
    }

    /// For the ready line: ` mqtt=HOST:PORT coap=HOST:PORT coaps=HOST:PORT`, without those that are
    /// off.
    var text: String {
        let parts = [("mqtt", mqtt), ("coap", coap), ("coaps", coaps)].compactMap { name, address in
            address.map { " \(name)=\($0.text(port: $0.port))" }
        }
        return (broker.map { " mqtt=tls:\($0.text)" } ?? "") + parts.joined()
    }
}
