import Glibc
import LinuxPlatform
import Platform

/// `edge-agent`: reads its arguments and hands them on.
@main
enum EdgeAgentMain {
    static func main() async {
        let words = CommandWords.read()
        do throws(UsageError) {
            let arguments = try Arguments(words)
            // Without exit handlers: those of OpenSSL would take from under a link's thread what it
            // is using. Nothing is left to flush, as all output goes straight to its descriptor.
            _exit(await run(arguments))
        } catch {
            Output.error("\(error)\n\n\(usage)")
            _exit(ExitCode.usage)
        }
    }

    private static func run(_ arguments: Arguments) async -> Int32 {
        switch arguments.command {
        case "run": await RunCommand.run(arguments)
        case "enroll": EnrollCommand.run(arguments)
        case "check": CheckCommand.run(arguments)
        case "config": ReferenceCommand.run()
        case "status": StatusCommand.run(arguments)
        case "doctor": DoctorCommand.run(arguments)
        case "devices": DevicesCommand.run(arguments)
        case "rules": RulesCommand.run(arguments)
        case "power": PowerCommand.run(arguments)
        case "i2c": ScanCommand.run(arguments)
        case "image": ImageCommand.run(arguments)
        case "twin": TwinCommand.run(arguments)
        case "version", "--version": version()
        default: help()
        }
    }

    private static func version() -> Int32 {
        Output.line("edge-agent \(Release.version)")
        return ExitCode.done
    }

    private static func help() -> Int32 {
        Output.line(usage)
        return ExitCode.done
    }

    static let usage = """
        usage: edge-agent run --config FILE
               edge-agent enroll TOKEN|- [--config FILE] [--new-key] [--wait SECONDS]
               edge-agent check --config FILE
               edge-agent config
               edge-agent doctor [--json] [--config FILE]
               edge-agent status [--json] [--socket PATH | --config FILE]
               edge-agent devices [--json] [--watch] [--socket PATH | --config FILE]
               edge-agent rules [--json] [--socket PATH | --config FILE]
               edge-agent power [--json] [--socket PATH | --config FILE]
               edge-agent i2c scan [BUS] [--json]
               edge-agent image pull REFERENCE [IMAGE OPTIONS]
               edge-agent image load FILE [--name REFERENCE] [IMAGE OPTIONS]
               edge-agent image list [--json] [--store DIR]
               edge-agent image remove REFERENCE [--store DIR]
               edge-agent image verify [--repair] [--json] [--store DIR]
               edge-agent twin get [PATH] [--json] [--socket PATH | --config FILE]
               edge-agent twin set PATH VALUE [--socket PATH | --config FILE]
               edge-agent twin add|remove PATH VALUE [--socket PATH | --config FILE]
               edge-agent twin inc PATH [NUMBER] [--socket PATH | --config FILE]
               edge-agent twin delete PATH [--socket PATH | --config FILE]
               edge-agent version

        enroll makes this board's key and joins the hub of TOKEN, which fleet token create
        prints; - reads it from standard input. --new-key gives the board another key.
        config prints every field of a configuration file with its default, unit and reason.
        doctor looks for what keeps a board from working, and says how to mend it.
        devices prints the declared chips and sensors with their readings, and others that
        are there; with --watch again whenever something changes. rules prints the rules that
        run here with their states; i2c scan asks all addresses of the buses, as i2cdetect does.
        image keeps container images below --store, else /var/lib/edge-images, as root. IMAGE
        OPTIONS are --store DIR, --platform OS/ARCH, --setuid strip|keep|refuse, --quota BYTES,
        --files-max N, --layer-bytes-max BYTES, --json; and to pull --mirror HOST,…, --ca FILE,
        --pin KEY, --auth FILE, --plain-http.
        power prints the board's power state with its reason, and what was set for it.
        VALUE is JSON; what is no JSON is taken as text. set writes desired/, config/ and
        notes/; add and remove change sets/, inc adds NUMBER (else 1) to counters/.
        exit: 0 done, 1 failed, 2 usage or configuration, 3 not found, 4 no agent, 5 refused
        """
}

/// The exit codes that all our programs share.
enum ExitCode {
    static let done: Int32 = 0
    static let failed: Int32 = 1
    static let usage: Int32 = 2
    static let notFound: Int32 = 3
    static let unreachable: Int32 = 4
    static let refused: Int32 = 5
}

enum Output {
    static func line(_ text: String) { put(text, 1) }

    static func error(_ text: String) { put(text, 2) }

    private static func put(_ text: String, _ descriptor: Int32) {
        var rest = Array((text + "\n").utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
