import EdgeAgent
import Glibc
import LinuxPlatform
import Platform

/// `edge-agent doctor`: what keeps this board from working, and the line that mends it.
enum DoctorCommand {
    static func run(_ arguments: Arguments) -> Int32 {
        let path = arguments.config ?? ConfigurationFile.standardPath
        let (configuration, fault) = configuration(path, isNamed: arguments.config != nil)
        let known = configuration ?? .defaults(hostName: ConfigurationFile.hostName())
        let files = LinuxFileSystem()
        var around = Surroundings(file: path, configuration: known)
        around.fault = fault
        around.isFileMissing = configuration == nil && fault == nil
        // As its owner: what root may write tells nothing of the service.
        guard StateOwner.become(of: known.state.directory) else { return ExitCode.failed }
        look(&around, files)
        let buses = Set(known.devices.compactMap(\.bus))
        let findings = around.findings() + BoardDoctor(files: files, buses: buses).findings()
        let isWell = !findings.contains { $0.result == .fail }
        if arguments.isJSON {
            Output.line(
                Value.object([
                    ("ok", .bool(isWell)), ("checks", .array(findings.map(\.value))),
                ]).json)
        } else {
            for finding in findings { show(finding) }
        }
        return isWell ? ExitCode.done : ExitCode.failed
    }

    /// A board without a file has the defaults, unless the file was named.
    private static func configuration(
        _ path: String, isNamed: Bool
    ) -> (AgentConfiguration?, fault: String?) {
        let files = LinuxFileSystem()
        guard isNamed || files.size(path) != nil else { return (nil, nil) }
        do {
            return (try ConfigurationFile.load(path), nil)
        } catch {
            return (nil, "\(error)")
        }
    }

    private static func look(_ around: inout Surroundings, _ files: LinuxFileSystem) {
        let configuration = around.configuration
        let identity = IdentityFiles(in: configuration.state.directory, files: files)
        let floor = identity.clockFloor(build: Release.date).time
        around.clock = LinuxTimekeeper().now().quality(floor: floor)
        around.capacity = files.capacity(configuration.state.directory)
        around.writing = writingFault(configuration.state.directory, files)
        let answer = try? ControlSocket.ask(
            configuration.control.socket, .object([("op", .string("status"))]))
        around.status = answer?["status"]
        let uplink = configuration.uplink
        let route = UplinkRoute(
            uplink.link,
            HubAddress(uplink.host, uplink.port, uplink.isHostNamed, uplink.isPortNamed),
            configuration)
        let place = route.place
        around.hub = place.map { "\($0.host) port \($0.port)" } ?? uplink.host
        guard around.status == nil else { return }
        let broker = configuration.localBroker
        if broker.isEnabled {
            around.brokerAnswers = TCPProbe.answers(host: broker.host, port: broker.port)
        }
        // CoAP is UDP: nobody answers there but to a greeting.
        if uplink.isEnabled, uplink.link == .mqtt, let place {
            around.hubAnswers = TCPProbe.answers(host: place.host, port: place.port)
        }
    }

    private static func writingFault(_ directory: String, _ files: LinuxFileSystem) -> FileError? {
        let path = directory + "/.doctor-\(getpid())"
        do throws(FileError) {
            try files.replace(path, with: [0], mode: 0o600)
            try files.remove(path)
            return nil
        } catch {
            return error
        }
    }

    private static func show(_ finding: Finding) {
        let word = finding.result.rawValue
        let head = word + String(repeating: " ", count: 6 - word.count)
        let name =
            finding.check + String(repeating: " ", count: max(1, 11 - finding.check.count))
        let lines = finding.detail.split(separator: "\n").map(String.init)
        Output.line(head + name + (lines.first ?? ""))
        let indent = String(repeating: " ", count: 17)
        for line in lines.dropFirst() { Output.line(indent + line) }
        if !finding.advice.isEmpty { Output.line(indent + "-> " + finding.advice) }
    }
}
