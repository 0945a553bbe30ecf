import EdgeAgent
import LinuxPlatform
import Platform
import PowerManager

/// `edge-agent power`: the board's power state, why it is in it, and what was set for it.
enum PowerCommand {
    static func run(_ arguments: Arguments) -> Int32 {
        switch LocalAgent.ask(arguments, [("op", .string("power"))]) {
        case .failure(let failure): return failure.code
        case .success(let answer):
            if arguments.isJSON {
                let fields = (answer.mapValue ?? []).filter { $0.key != "ok" }
                Output.line(Value.object(fields.map { ($0.key, $0.value) }).json)
            } else {
                show(answer)
            }
            return ExitCode.done
        }
    }

    private static func show(_ answer: Value) {
        for name in ["state", "reason", "since", "wish", "until", "workload_group"] {
            if let text = answer[name]?.stringValue { line(name, text) }
        }
        for entry in answer["readings"]?.mapValue ?? [] where entry.value != .null {
            line(entry.key, entry.value.json)
        }
        for knob in answer["knobs"]?.arrayValue ?? [] {
            let text = { knob[$0]?.stringValue ?? "" }
            line("set", "\(text("name")) to \(text("set")), found \(text("found"))")
        }
    }

    private static func line(_ name: String, _ text: String) {
        Output.line(name + String(repeating: " ", count: max(1, 17 - name.count)) + text)
    }
}

/// The file that says what kind of board this is.
enum ProfileFile {
    /// What a configuration names; nil where it names none.
    static func read(_ configuration: AgentConfiguration) throws -> BoardProfile? {
        let path = configuration.power.profile
        guard !path.isEmpty else { return nil }
        let bytes = try LinuxFileSystem().read(path, maximumBytes: ConfigurationFile.bytesMaximum)
        return try BoardProfile.read(try YAMLDocument.read(bytes, file: path), file: path)
    }

    /// Refuses a profile of another kind of board, where this one says what it is.
    static func check(_ profile: BoardProfile?) throws(ProfileMismatch) {
        let path = "/proc/device-tree/compatible"
        guard let profile,
            let bytes = try? LinuxFileSystem().read(path, maximumBytes: 4096)
        else { return }
        try profile.check(deviceTree: bytes)
    }
}
