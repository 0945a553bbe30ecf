public import ArgumentParser
import Platform

/// What lies between boards and hub, for a run to take away: the broker of MQTT, or for CoAP, which
/// needs none, the network.
protocol Uplink: AnyObject {
    /// Where boards go to.
    var port: Int { get }
    func launch() throws
    /// Launches it and waits until it takes part.
    func start() async throws
    func kill()
}

extension Mosquitto: Uplink {}

/// What boards and hub speak in a run.
public enum BenchLink: String, Sendable, CaseIterable, ExpressibleByArgument {
    case mqtt
    /// With certificates of enrolment on both sides.
    case mqttTLS = "mqtt-tls"
    case coap
    /// Over DTLS, with the same certificates.
    case coaps

    /// As the agent's configuration names it.
    var kind: LinkKind {
        switch self {
        case .mqtt, .mqttTLS: .mqtt
        case .coap, .coaps: .coap
        }
    }

    /// Whether boards have to enrol first.
    var isSecured: Bool { self == .mqttTLS || self == .coaps }
}

/// Over what boards and hub speak in a run.
struct LinkOptions: ParsableArguments {
    @Option(help: "The link between boards and hub: mqtt, mqtt-tls, coap or coaps.")
    var link = BenchLink.mqtt
}
