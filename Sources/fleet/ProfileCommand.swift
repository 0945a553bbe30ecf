import ArgumentParser
import FleetClient
import Platform
import PowerManager
import Yams

/// `fleet profile`: what works on the profiles of boards, without a hub.
struct ProfileCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "profile", abstract: "Checks profiles of boards.",
        subcommands: [ProfileLintCommand.self])
}

/// `fleet profile lint FILE…`.
struct ProfileLintCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lint", abstract: "Checks firmware profiles and names each fault's line.")

    @Argument(help: "Profiles, as in firmware-profiles.")
    var files: [String]

    func run() async throws {
        var faults: [String] = []
        for file in files {
            do {
                let profile = try BoardProfile.read(try ProfileFile.read(file), file: file)
                let model = profile.energyModel == nil ? "no energy model" : "energy model"
                Console.line("\(file): \(profile.name), \(model)")
            } catch let error as ConfigurationErrors {
                faults.append(error.description)
            }
        }
        guard faults.isEmpty else {
            throw FleetClientError(
                .usage, faults.joined(separator: "\n"), hint: "Mend the lines named")
        }
    }
}

/// Reads a profile into a tree that knows its lines.
enum ProfileFile {
    private static let bytesMax = 1 << 18
    private static let nodesMax = 10_000

    static func read(_ path: String) throws -> ConfigurationNode {
        let bytes = try Console.read(path, maximumBytes: bytesMax)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw fault(path, 1, "the file is not UTF-8")
        }
        do {
            guard let node = try Yams.compose(yaml: text, .default, .default, .utf8) else {
                throw fault(path, 1, "the file is empty")
            }
            var budget = nodesMax
            return try convert(node, depth: 0, &budget, path)
        } catch let error as YamlError {
            throw fault(path, 1, "the file is not YAML: \(error)")
        }
    }

    private static func convert(
        _ node: Node, depth: Int, _ budget: inout Int, _ path: String
    ) throws -> ConfigurationNode {
        let line = node.mark?.line ?? 1
        budget -= 1
        guard budget > 0, depth <= Value.maximumDepth else {
            throw fault(path, line, "the file is nested too deep or has too many values")
        }
        let kind: ConfigurationNode.Kind
        switch node {
        case .scalar(let scalar):
            kind = .scalar(scalar.string, isQuoted: scalar.style != .plain)
        case .sequence(let sequence):
            kind = .sequence(
                try sequence.map { try convert($0, depth: depth + 1, &budget, path) })
        case .mapping(let mapping):
            kind = .mapping(
                try mapping.map { key, value in
                    guard let name = key.scalar?.string else {
                        throw fault(path, key.mark?.line ?? line, "a key is no text")
                    }
                    return (
                        key: name, keyLine: key.mark?.line ?? line,
                        value: try convert(value, depth: depth + 1, &budget, path)
                    )
                })
        case .alias:
            throw fault(path, line, "an alias has no anchor")
        }
        return ConfigurationNode(line: line, column: node.mark?.column ?? 1, kind: kind)
    }

    private static func fault(_ path: String, _ line: Int, _ message: String) -> ConfigurationErrors
    {
        ConfigurationErrors([
            ConfigurationError(
                file: path, line: line, field: nil, message: message,
                hint: "firmware-profiles/README.md says how a profile looks.")
        ])
    }
}
