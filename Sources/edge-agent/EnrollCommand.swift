import EdgeAgent
import Glibc
import Identity
import LinuxPlatform
import Platform

/// `edge-agent enroll`: makes the board's key and has the hub certify it.
enum EnrollCommand {
    /// Seconds to wait for an operator or a hub that is away, unless told otherwise.
    private static let waitDefault: Int64 = 600
    private static let waitMax: Int64 = 604_800

    static func run(_ arguments: Arguments) -> Int32 {
        do {
            let token = try EnrolmentToken(word(arguments))
            return enroll(token, arguments)
        } catch let error as EnrolmentTokenError {
            Output.error("edge-agent: \(error)")
        } catch {
            Output.error("edge-agent: no token on standard input")
        }
        return ExitCode.usage
    }

    private static func enroll(_ token: EnrolmentToken, _ arguments: Arguments) -> Int32 {
        guard let configuration = configuration(arguments) else { return ExitCode.usage }
        guard let name = DeviceName(configuration.device.id) else {
            Output.error(
                "edge-agent: \(configuration.device.id) is no device id; set device.id in the "
                    + "configuration to 1 to 64 of a-z A-Z 0-9 . _ - that begin with none of . and -"
            )
            return ExitCode.usage
        }
        guard let wait = wait(arguments) else {
            Output.error("edge-agent: --wait takes a number of seconds up to \(waitMax)")
            return ExitCode.usage
        }
        let files = IdentityFiles(in: configuration.state.directory, files: LinuxFileSystem())
        guard StateOwner.become(of: configuration.state.directory) else { return ExitCode.failed }
        do {
            try files.makeFolder()
            let signer = try key(files, isNew: arguments.isNewKey)
            let request = try CertificateRequest(name: name, signer: signer)
            let digests = try LibcryptoDigests()
            let exchange = CertificateExchange(
                place: HubPlace(token), name: name, publicKey: signer.publicKey, request: request,
                purpose: .enroll(
                    EnrolmentRequest(request, token: token, digests: digests).credential),
                digests: digests)
            let identity = try carry(exchange, HubPlace(token), patience: wait)
            try files.keep(identity, isNextKey: arguments.isNewKey)
            // The hub is authenticated now, so what its certificate says is a time that was.
            var floor = files.clockFloor(build: Release.date)
            if floor.onAuthenticated(identity.facts.notBefore) { try files.keep(floor) }
            let until = RFC3339.text(identity.facts.notAfter)
            Output.line("enrolled device=\(name.text) until=\(until)")
            return ExitCode.done
        } catch let error as HubContactError {
            Output.error("edge-agent: \(error)")
            return error.code == .unreachable
                ? ExitCode.unreachable
                : error.code == .notTheHub ? ExitCode.refused : ExitCode.failed
        } catch let error as CertificateExchangeError {
            Output.error("edge-agent: \(error)")
            return error.code == .refused ? ExitCode.refused : ExitCode.failed
        } catch {
            Output.error("edge-agent: \(error)")
            return ExitCode.failed
        }
    }

    /// The key that is there, or a new one. One that was made to replace it and led to nothing yet
    /// is taken up again: the hub may know it already.
    private static func key(_ files: IdentityFiles, isNew: Bool) throws -> FileSigner {
        let path = isNew ? files.nextKey : files.key
        return files.has(path)
            ? try FileSigner(file: path, files: LinuxFileSystem())
            : try FileSigner.make(file: path, files: LinuxFileSystem())
    }

    private static func carry(
        _ exchange: CertificateExchange, _ place: HubPlace, patience: Milliseconds
    ) throws -> EnrolledIdentity {
        let timekeeper = LinuxTimekeeper()
        let deadline = timekeeper.now().monotonic + patience
        let contact = PinnedHubContact()
        var exchange = exchange
        var told = ""
        var step = exchange.begin()
        while true {
            switch step {
            case .keep(let identity): return identity
            case .fail(let error): throw error
            case .send(let bytes):
                step = exchange.onAnswer(
                    try contact.exchange(
                        bytes, host: place.host, port: place.port, pin: place.pin,
                        maximumBytes: ESTAnswer.bytesMax))
            case .wait(let span, let reason):
                guard timekeeper.now().monotonic + span <= deadline else {
                    throw HubContactError(
                        .unreachable,
                        "gave up waiting: \(reason). Run the same command again; its token stays "
                            + "this board's")
                }
                if reason != told { Output.error("info enroll: waiting: \(reason)") }
                told = reason
                sleep(UInt32(clamping: max(span.count / 1000, 1)))
                step = exchange.begin()
            }
        }
    }

    private static func configuration(_ arguments: Arguments) -> AgentConfiguration? {
        let standard = ConfigurationFile.standardPath
        let isStandard = LinuxFileSystem().size(standard) != nil
        guard let path = arguments.config ?? (isStandard ? standard : nil) else {
            return AgentConfiguration.defaults(hostName: ConfigurationFile.hostName())
        }
        return ConfigurationFile.read(path)
    }

    private static func wait(_ arguments: Arguments) -> Milliseconds? {
        guard let text = arguments.wait else { return .seconds(waitDefault) }
        guard let seconds = Int64(text), 0...waitMax ~= seconds else { return nil }
        return .seconds(seconds)
    }

    /// The token of the command line, or of standard input for `-`: a command line can be read by
    /// every user of the board while the command runs.
    private static func word(_ arguments: Arguments) throws -> String {
        let word = arguments.words.first ?? "-"
        guard word == "-" else { return word }
        guard let line = readLine() else { throw UsageError(description: "no token") }
        return line
    }
}
