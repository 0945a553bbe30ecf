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

/// The way to the hub, from what the board's identity is at the time: it may enrol or renew while
/// the agent runs.
final class UplinkRoute: Sendable {
    private enum Way {
        case plain
        case secured(host: String, port: Int, EnrolledIdentity, key: [UInt8])
        case none(reason: String)
    }

    private let kind: LinkKind
    private let address: HubAddress
    private let device: String
    private let tls: AgentConfiguration.UplinkTLS
    private let identity: IdentityFiles
    private let isPlainTold = Locked(false)

    init(_ kind: LinkKind, _ address: HubAddress, _ configuration: AgentConfiguration) {
        self.kind = kind
        self.address = address
        device = configuration.device.id
        tls = configuration.uplink.tls
        identity = IdentityFiles(in: configuration.state.directory, files: LinuxFileSystem())
    }

    func mqtt() -> MosquittoRoute {
        switch next() {
        case .none(let reason): return .none(reason: reason)
        case .plain:
            warn()
            return .plain(host: address.host, port: address.port)
        case .secured(let host, let port, let enrolled, let key):
            return .tls(
                host: host, port: port,
                MosquittoCredential(
                    authority: enrolled.authority, certificate: enrolled.certificate, key: key,
                    end: enrolled.facts.notAfter))
        }
    }

    func coap() -> CoAPRoute {
        switch next() {
        case .none(let reason): return .none(reason: reason)
        case .plain:
            warn()
            return .hub(host: address.host, port: address.port, .none)
        case .secured(let host, let port, let enrolled, let key):
            return .hub(
                host: host, port: port,
                .certificates(
                    CoAPCredential(
                        authority: PEM.text("CERTIFICATE", enrolled.authority),
                        certificate: PEM.text("CERTIFICATE", enrolled.certificate),
                        key: PEM.text("PRIVATE KEY", key))))
        }
    }

    /// Where it leads now; nil where it leads nowhere yet.
    var place: (host: String, port: Int)? {
        switch next() {
        case .plain: (address.host, address.port)
        case .secured(let host, let port, _, _): (host, port)
        case .none: nil
        }
    }

    private func next() -> Way {
        guard tls != .off else { return .plain }
        guard let enrolled = identity.load() else {
            guard tls == .automatic, AgentConfiguration.isLoopback(address.host) else {
                return .none(
                    reason: "this board has not enrolled, and a link to \(address.host) needs its "
                        + "certificate; run edge-agent enroll with a token of the hub")
            }
            return .plain
        }
        guard enrolled.facts.commonName == device else {
            return .none(
                reason: "the certificate is of \(enrolled.facts.commonName ?? "nobody"), and this "
                    + "board is \(device); enrol it again")
        }
        guard let key = identity.keyBytes else {
            return .none(reason: "the key in \(identity.key) cannot be read; enrol the board again")
        }
        return .secured(
            host: address.isHostNamed ? address.host : enrolled.place.host,
            port: address.isPortNamed ? address.port : kind.securePort, enrolled, key: key)
    }

    /// Once a run, not at each connection.
    private func warn() {
        let isTold = isPlainTold.with { told in
            defer { told = true }
            return told
        }
        guard !isTold else { return }
        let name = kind == .mqtt ? "MQTT" : "CoAP"
        Output.error(
            "warning uplink: PLAIN \(name) to \(address.host) port \(address.port): whoever is on "
                + "this machine can read it and speak in its name; enrol this board for TLS")
    }
}
