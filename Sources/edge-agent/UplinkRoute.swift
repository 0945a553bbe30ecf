import EdgeAgent
import LinuxPlatform
import Platform

/// Where a way to the hub leads, and whether the configuration says so or its defaults do.
struct HubAddress {
    let host: String
    let port: Int
    let isHostNamed: Bool
    let isPortNamed: Bool

    init(_ host: String, _ port: Int, _ isHostNamed: Bool, _ isPortNamed: Bool) {
        self.host = host
        self.port = port
        self.isHostNamed = isHostNamed
        self.isPortNamed = isPortNamed
    }
}

/// The way over MQTT, from what the board's identity is at the time: it may enrol or renew while
/// the agent runs.
final class UplinkRoute: Sendable {
    private let address: HubAddress
    private let device: String
    private let tls: AgentConfiguration.UplinkTLS
    private let identity: IdentityFiles
    private let isPlainTold = Locked(false)

    init(_ address: HubAddress, _ configuration: AgentConfiguration) {
        self.address = address
        device = configuration.device.id
        tls = configuration.uplink.tls
        identity = IdentityFiles(in: configuration.state.directory, files: LinuxFileSystem())
    }

    func next() -> MosquittoRoute {
        guard tls != .off else { return plain }
        guard let enrolled = identity.load() else {
            guard tls == .automatic, AgentConfiguration.isLoopback(address.host) else {
                return .none(
                    reason: "this board has not enrolled, and a link to \(address.host) needs its "
                        + "certificate; run edge-agent enroll with a token of the hub")
            }
            return plain
        }
        guard enrolled.facts.commonName == device else {
            return .none(
                reason: "the certificate is of \(enrolled.facts.commonName ?? "nobody"), and this "
                    + "board is \(device); enrol it again")
        }
        guard let key = identity.keyBytes else {
            return .none(reason: "the key in \(identity.key) cannot be read; enrol the board again")
        }
        return .tls(
            host: address.isHostNamed ? address.host : enrolled.place.host,
            port: address.isPortNamed ? address.port : LinkKind.mqtt.securePort,
            MosquittoCredential(
                authority: enrolled.authority, certificate: enrolled.certificate, key: key,
                end: enrolled.facts.notAfter))
    }

    private var plain: MosquittoRoute {
        let isTold = isPlainTold.with { told in
            defer { told = true }
            return told
        }
        if !isTold {
            Output.error(
                "warning uplink: PLAIN MQTT to \(address.host) port \(address.port): whoever is on "
                    + "this machine can read it and speak in its name; enrol this board for TLS")
        }
        return .plain(host: address.host, port: address.port)
    }
}
