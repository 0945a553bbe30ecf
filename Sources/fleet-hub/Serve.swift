import ArgumentParser
import FleetHub
import FleetHubAPI
import Foundation
import LinuxPlatform
import Logging
import Platform
import SQLiteStore
import ServiceLifecycle
import SyncProtocol

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Serve a fleet.")

    @Option(name: .customLong("data"), help: "The directory that fleet-hub init made.")
    var data: String

    @Option(
        name: .customLong("listen"),
        help: "Where the API is served. Plain HTTP on a loopback address, else over TLS.")
    var listen = "127.0.0.1:8080"

    @OptionGroup var tls: APITLSOptions

    @Option(
        name: .customLong("mqtt"),
        help: ArgumentHelp(
            "The broker between boards and hub, or off.",
            discussion: """
                HOST:PORT is plain and on this machine only; tls:HOST:PORT is by TLS; \
                managed[:HOST:PORT] is a mosquitto that this hub runs and that listens there with \
                TLS, by default at 0.0.0.0:8883.
                """))
    var mqtt = "127.0.0.1:1883"

    @Option(
        name: .customLong("broker-files"),
        help: "What fleet-hub broker-config wrote, to be kept true, for --mqtt tls:HOST:PORT.")
    var brokerFiles: String?

    @Option(
        name: .customLong("coap"),
        help: "Where boards without a broker are served, by CoAP over UDP, or off. Loopback only.")
    var coap = HubLinks.off

    @Option(
        name: .customLong("coaps"),
        help: "Where boards that enrolled are served, by CoAP over DTLS, or off: 0.0.0.0:5684.")
    var coaps = HubLinks.off

    @Option(
        name: .customLong("coap-ports"),
        help: "CoAP ports, from those of --coap and --coaps on. Each serves 1,000 boards.")
    var coapPorts = 1

    @Option(
        name: .customLong("coap-keys"),
        help: "File of 'DEVICE HEX' lines: keys of boards too small to enrol, for --coaps.")
    var coapKeys: String?

    @Option(
        name: .customLong("boards"),
        help: "Where boards enrol and renew, over TLS, such as 0.0.0.0:8443. Not served without.")
    var boards: String?

    @Option(
        name: .customLong("boards-name"),
        help: "HOST[:PORT] by which boards reach that, for enrolment tokens. Default: --boards.")
    var boardsName: String?

    @Option(
        name: .customLong("packages"),
        help: "A folder of packages, for new boards and for apt. Default: packages in --data.")
    var packages: String?

    @Option(name: .customLong("log-rows-max"), help: "Log rows kept per device.")
    var logRowsMax = 200_000

    func run() async throws {
        let directory = DataDirectory(path: URL(fileURLWithPath: data).path)
        try directory.requireInitialised()
        let links = try HubLinks(
            mqtt: mqtt, coap: coap, coaps: coaps, coapPorts: coapPorts, coapKeys: coapKeys)
        guard logRowsMax >= 1000 else {
            throw HubCommandError(
                description: "--log-rows-max \(logRowsMax) is too small; give 1000 or more",
                exitCode: 2)
        }
        var settings = FleetHub.Settings()
        settings.logRowsMaximum = logRowsMax
        settings.version = Release.version
        let place = try boards.map { (text) throws(HubCommandError) in
            try BoardsPlace(text, name: boardsName)
        }
        settings.boardsPlace = place.map { ($0.name, $0.namedPort) }
        let now = LinuxTimekeeper().now().wall
        let authority = try AuthorityFiles(directory).open(at: now)
        let endpoint = try links.endpoint(authority, at: now)
        let api = try APIPlace(listen, tls, authority: authority, at: now)
        let hub = try FleetHub(
            store: directory.open(), endpoint: endpoint, timekeeper: LinuxTimekeeper(),
            executor: ThreadExecutor(name: "hub"), settings: settings,
            compressor: Zstd(prefix: LogBatchCodec.vocabulary), authority: authority)
        var logger = Logger(label: "fleet-hub") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .warning
        let server = try makeHubApplication(
            service: hub, host: api.host, port: api.port, tls: api.credential,
            onReady: { port in
                let line = "ready api=\(api.url(port: port))\(links.text)\n"
                FileHandle.standardOutput.write(Data(line.utf8))
            }, logger: logger)
        for warning in links.warnings {
            FileHandle.standardError.write(Data((warning + "\n").utf8))
        }
        if let notice = api.notice {
            FileHandle.standardError.write(Data("fleet-hub: \(notice)\n".utf8))
        }
        var services: [ServiceGroupConfiguration.ServiceConfiguration] = [
            .init(service: HubRunner(hub: hub, endpoint: endpoint)),
            .init(service: LinkLog(hub: hub, logger: logger)),
            .init(
                service: server, successTerminationBehavior: .gracefullyShutdownGroup,
                failureTerminationBehavior: .cancelGroup),
        ]
        if let place {
            let boards = try place.service(
                of: hub, authority: authority, packages: packages ?? directory.packages, at: now,
                logger)
            services.append(
                .init(
                    service: boards, successTerminationBehavior: .gracefullyShutdownGroup,
                    failureTerminationBehavior: .cancelGroup))
        }
        services =
            try await links.brokerServices(
                hub, authority, directory, named: brokerFiles, at: now, logger) + services
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services,
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        do {
            try await group.run()
        } catch let error as HubServerError {
            throw HubCommandError(description: "\(error)")
        }
    }
}

/// The hub as a service: it ends when its endpoint is closed.
private struct HubRunner: Service {
    let hub: FleetHub
    let endpoint: any HubEndpoint

    func run() async throws {
        await withTaskCancellationOrGracefulShutdownHandler {
            await hub.run(
                timer: LinuxWakeTimer(name: "hub-timer"),
                paceTimer: LinuxWakeTimer(name: "hub-pace"))
        } onCancelOrGracefulShutdown: {
            endpoint.close()
        }
    }
}

/// `HOST:PORT` of an option.
struct HostPort {
    let host: String
    let port: Int

    /// - Parameter isSecured: Whether the link may leave this machine.
    /// - Throws: for an address that other machines reach, where it may not.
    init(_ text: String, option: String, isSecured: Bool = false) throws(HubCommandError) {
        (host, port) = try Self.split(text, option: option)
        guard isSecured || LoopbackAddress(host) != nil else {
            throw HubCommandError(
                description: "\(option) \(text) is not on this machine. Plain links carry "
                    + "everything readable and unproved, so until TLS is set up only 127.0.0.1, "
                    + "::1 and localhost are allowed.",
                exitCode: 2)
        }
    }

    static func split(
        _ text: String, option: String
    ) throws(HubCommandError) -> (host: String, port: Int) {
        let separator = text.lastIndex(of: ":")
        let name = separator.map { String(text[..<$0]) } ?? ""
        guard let separator, let port = Int(text[text.index(after: separator)...]),
            0...65535 ~= port, !name.isEmpty
        else {
            throw HubCommandError(
                description: "\(option) \(text) is no HOST:PORT, such as 127.0.0.1:1883",
                exitCode: 2)
        }
        return (name.hasPrefix("[") ? String(name.dropFirst().dropLast()) : name, port)
    }

    func client() -> MosquittoClient.Settings {
        var settings = MosquittoClient.Settings(
            host: host, port: port, clientID: "fleet-hub-\(getpid())")
        settings.reconnectMaximum = 5000
        return settings
    }

    func text(port: Int) -> String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
