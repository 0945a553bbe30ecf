import FleetClient
import Platform
import Yams

/// Reads a manifest file. JSON is YAML, so one reader does for both.
enum ManifestFile {
    /// YAML's aliases can make a short file stand for a huge value; this bounds it.
    private static let nodesMax = 10_000

    /// - Parameter path: a file, or `-` for standard input.
    static func read(_ path: String) throws(FleetClientError) -> WorkloadManifest {
        try WorkloadManifest(try value(of: path))
    }

    /// What is in a file, not looked at yet.
    static func value(of path: String) throws(FleetClientError) -> Value {
        let bytes = try Console.read(path, maximumBytes: WorkloadManifest.fileBytesMax)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw invalid(path, "it is not UTF-8")
        }
        let node: Node?
        do {
            node = try Yams.compose(yaml: text, .default, .default, .utf8)
        } catch {
            throw invalid(path, reason(error))
        }
        guard let node else { throw invalid(path, "it is empty") }
        var budget = nodesMax
        return try value(node, depth: 0, budget: &budget, path)
    }

    private static func value(
        _ node: Node, depth: Int, budget: inout Int, _ path: String
    ) throws(FleetClientError) -> Value {
        budget -= 1
        guard budget > 0 else { throw invalid(path, "it has more than \(nodesMax) values") }
        guard depth <= Value.maximumDepth else {
            throw invalid(path, "it is nested deeper than \(Value.maximumDepth) levels")
        }
        switch node {
        case .scalar(let scalar):
            return scalar.style == .plain ? plain(scalar.string) : .string(scalar.string)
        case .sequence(let sequence):
            var items: [Value] = []
            for item in sequence {
                items.append(try value(item, depth: depth + 1, budget: &budget, path))
            }
            return .array(items)
        case .mapping(let mapping):
            var entries: [(String, Value)] = []
            for (key, item) in mapping {
                guard let name = key.scalar?.string else {
                    throw invalid(path, "it has a key that is no text")
                }
                entries.append((name, try value(item, depth: depth + 1, budget: &budget, path)))
            }
            return .object(entries)
        case .alias:
            throw invalid(path, "it has an alias without an anchor")
        }
    }

    /// A scalar without quotes, by the core schema of YAML 1.2 (§10.3.2): there `on`, `yes` and
    /// `no` are text, while YAML 1.1 would make `on:` the key `true`.
    private static func plain(_ text: String) -> Value {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        default: break
        }
        if let number = Int64(text) { return .int(number) }
        let isDecimal = text.utf8.allSatisfy { byte in
            0x30...0x39 ~= byte || "+-.eE".utf8.contains(byte)
        }
        if isDecimal, let number = Double(text), number.isFinite { return .number(number) }
        return .string(text)
    }

    private static func reason(_ error: any Error) -> String {
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            "line \(mark.line), column \(mark.column): \(problem)"
        case .duplicatedKeysInMapping(let duplicates, _):
            "the key `\(duplicates.first ?? "")` is there twice"
        default: "it is not YAML"
        }
    }

    private static func invalid(_ path: String, _ reason: String) -> FleetClientError {
        FleetClientError(
            .usage, "\(path == "-" ? "Standard input" : path) is no manifest: \(reason)",
            hint: "`fleet apply --help` shows one")
    }
}
