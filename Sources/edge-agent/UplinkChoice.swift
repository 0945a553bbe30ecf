import EdgeAgent
import LinuxPlatform
import Platform

/// The way to the hub that a configuration asks for. Only its library is loaded.
enum UplinkChoice {
    /// Nil for a board that works alone.
    ///
    /// - Throws: `CoAPError` where the link needs a library that is not installed.
    static func link(
        _ configuration: AgentConfiguration, _ entropy: LinuxEntropy
    ) throws -> (any Link)? {
        let uplink = configuration.uplink
        guard uplink.isEnabled else { return nil }
        let first = way(
            uplink.link,
            HubAddress(uplink.host, uplink.port, uplink.isHostNamed, uplink.isPortNamed),
            configuration, entropy)
        guard let fallback = uplink.fallback else { return try first.make() }
        let second = way(
            fallback,
            HubAddress(
                uplink.fallbackHost, uplink.fallbackPort, uplink.isFallbackHostNamed,
                uplink.isFallbackPortNamed),
            configuration, entropy)
        return FallbackLink([first, second], patience: uplink.fallbackAfter) { Output.error($0) }
    }

    private static func way(
        _ kind: LinkKind, _ address: HubAddress, _ configuration: AgentConfiguration,
        _ entropy: LinuxEntropy
    ) -> FallbackLink.Way {
        FallbackLink.Way(kind) {
            switch kind {
            case .mqtt: mosquitto(address, configuration, entropy)
            case .coap, .coaps: try coap(address, configuration, entropy)
            }
        }
    }

    private static func mosquitto(
        _ address: HubAddress, _ configuration: AgentConfiguration, _ entropy: LinuxEntropy
    ) -> MosquittoLink {
        let (uplink, id) = (configuration.uplink, configuration.device.id)
        var settings = MosquittoClient.Settings(
            host: address.host, port: address.port, clientID: "device-\(id)")
        let route = UplinkRoute(.mqtt, address, configuration)
        settings.route = { route.mqtt() }
        settings.keepAliveSeconds = Int(uplink.keepalive.count / 1000)
        settings.reconnectFirst = uplink.reconnectMin
        settings.reconnectMaximum = uplink.reconnectMax
        return MosquittoLink(device: id, settings: settings, entropy: entropy)
    }

    private static func coap(
        _ address: HubAddress, _ configuration: AgentConfiguration, _ entropy: LinuxEntropy
    ) throws -> CoAPLink {
        let uplink = configuration.uplink
        var settings = CoAPLink.Settings(host: address.host, port: address.port)
        let route = UplinkRoute(.coap, address, configuration)
        settings.hubName = MosquittoCredential.serverName
        settings.route = { route.coap() }
        settings.hold = min(settings.hold, uplink.keepalive)
        settings.reconnectFirst = uplink.reconnectMin
        settings.reconnectMaximum = uplink.reconnectMax
        return try CoAPLink(device: configuration.device.id, settings: settings, entropy: entropy)
    }
}
