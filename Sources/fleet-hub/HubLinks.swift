import FleetHub
import Foundation
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
    private let coapPorts: Int

    init(mqtt: String, coap: String, coapPorts: Int) throws {
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
        self.coapPorts = coapPorts
        guard self.mqtt != nil || broker != nil || self.coap != nil else {
            throw HubCommandError(
                description: "no board could reach a hub without --mqtt and without --coap: "
                    + "give one of them HOST:PORT", exitCode: 2)
        }
        guard 1...64 ~= coapPorts else {
            throw HubCommandError(
                description: "--coap-ports \(coapPorts) is not from 1 to 64", exitCode: 2)
        }
        guard let coap = self.coap else { return }
        guard coap.port > 0, coap.port + coapPorts <= 65_536 else {
            throw HubCommandError(
                description: "--coap \(coap.text(port: coap.port)) leaves no room for "
                    + "\(coapPorts) ports from 1 to 65535", exitCode: 2)
        }
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
        if let coap {
            var settings = CoAPHubEndpoint.Settings()
            settings.host = coap.host
            settings.port = coap.port
            settings.shards = coapPorts
            endpoints.append(try CoAPHubEndpoint(settings: settings, entropy: LinuxEntropy()))
        }
        return endpoints.count == 1 ? endpoints[0] : MergedHubEndpoint(endpoints)
    }

    /// The key is born with the process and dies with it.
    private static let credentialLife = Milliseconds.seconds(10 * 365 * 86_400)

    /// For the ready line: ` mqtt=HOST:PORT coap=HOST:PORT`, without those that are off.
    var text: String {
        let parts = [("mqtt", mqtt), ("coap", coap)].compactMap { name, address in
            address.map { " \(name)=\($0.text(port: $0.port))" }
        }
        return (broker.map { " mqtt=tls:\($0.text)" } ?? "") + parts.joined()
    }
}
