import LinuxPlatform
import Platform

/// `edge-agent rules`: every rule of the board with its state, and where it stands.
enum RulesCommand {
    static func run(_ arguments: Arguments) -> Int32 {
        switch LocalAgent.ask(arguments, [("op", .string("rules"))]) {
        case .failure(let failure): return failure.code
        case .success(let answer):
            let rules = answer["rules"] ?? .array([])
            if arguments.isJSON {
                Output.line(Value.object([("rules", rules)]).json)
            } else {
                for rule in rules.arrayValue ?? [] { show(rule) }
                if rules.arrayValue?.isEmpty ?? true {
                    Output.line("no rules; write one under rules: in the configuration")
                }
            }
            return ExitCode.done
        }
    }

    private static func show(_ rule: Value) {
        let word = { (key: String) in rule[key]?.stringValue ?? "" }
        let actions = rule["actions"]?.intValue ?? 0
        let times = actions == 1 ? "acted once" : "acted \(actions) times"
        let state = word("state") == "refused" ? "refused" : "\(word("state")), \(times)"
        Output.line("\(word("name")) \(state), of the \(word("from"))")
        Output.line("  \(rule["rule"].map { $0.stringValue ?? $0.json } ?? "")")
        if let reason = rule["reason"]?.stringValue { Output.line("  \(reason)") }
    }
}
