public import ArgumentParser
public import Platform

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

extension LinkKind: ExpressibleByArgument {}

/// Over what boards and hub speak in a run.
struct LinkOptions: ParsableArguments {
    @Option(help: "The link between boards and hub: mqtt or coap.")
    var link = LinkKind.mqtt
}
