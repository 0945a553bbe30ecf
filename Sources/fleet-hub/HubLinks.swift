import Foundation
import LinuxPlatform
import Platform

/// The links of a hub, as its options name them.
struct HubLinks {
    /// What switches a link off.
    static let off = "off"

    let mqtt: HostPort?
    let coap: HostPort?
    private let coapPorts: Int

    init(mqtt: String, coap: String, coapPorts: Int) throws {
        self.mqtt = mqtt == Self.off ? nil : try HostPort(mqtt, option: "--mqtt")
        self.coap = coap == Self.off ? nil : try HostPort(coap, option: "--coap")
        self.coapPorts = coapPorts
        guard self.mqtt != nil || self.coap != nil else {
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
    func endpoint() throws -> any HubEndpoint {
        var endpoints: [any HubEndpoint] = []
        if let mqtt {
            endpoints.append(
                MosquittoHubEndpoint(settings: mqtt.client(), entropy: LinuxEntropy()))
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

    /// For the ready line: ` mqtt=HOST:PORT coap=HOST:PORT`, without those that are off.
    var text: String {
        let parts = [("mqtt", mqtt), ("coap", coap)].compactMap { name, address in
            address.map { " \(name)=\($0.text(port: $0.port))" }
        }
        return parts.joined()
    }
}
