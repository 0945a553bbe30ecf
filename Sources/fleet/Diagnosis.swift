import FleetClient
import Platform

/// What `fleet doctor` found.
struct Diagnosis: Sendable {
    enum Result: String, Sendable {
        case ok
        case warn
        case fail

        var tone: Table.Tone {
            switch self {
            case .ok: .good
            case .warn: .caution
            case .fail: .bad
            }
        }
    }

    struct Check: Sendable {
        let name: String
        let result: Result
        let detail: String
        let advice: String
    }

    private(set) var checks: [Check] = []
    /// That of the first failure.
    private(set) var exitCode: Int32?

    mutating func add(_ name: String, _ result: Result, _ detail: String, advice: String = "") {
        checks.append(Check(name: name, result: result, detail: detail, advice: advice))
    }

    mutating func add(_ name: String, _ error: FleetClientError) {
        add(name, .fail, error.message, advice: error.hint)
        exitCode = exitCode ?? error.exitCode
    }

    var object: Value {
        let items = checks.map { check in
            Value.object([
                ("check", .string(check.name)), ("result", .string(check.result.rawValue)),
                ("detail", .string(check.detail)), ("advice", .string(check.advice)),
            ])
        }
        return .object([("ok", .bool(exitCode == nil)), ("checks", .array(items))])
    }
}
