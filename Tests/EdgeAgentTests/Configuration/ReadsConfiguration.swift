import LinuxPlatform
import Platform

@testable import EdgeAgent

/// Configuration files as text, for the suites that read them.
protocol ReadsConfiguration {}

extension ReadsConfiguration {
    var host: String { "board-1" }
    var defaults: AgentConfiguration { .defaults(hostName: host) }

    func read(_ text: String, hostName: String = "board-1") throws -> AgentConfiguration {
        let node = try YAMLDocument.read(Array(text.utf8), file: "agent.yaml")
        return try AgentConfiguration.read(node, file: "agent.yaml", hostName: hostName)
    }

    /// What is wrong with a file whose YAML is good; empty where nothing is.
    func errors(_ text: String, hostName: String = "board-1") throws -> [ConfigurationError] {
        let node = try YAMLDocument.read(Array(text.utf8), file: "agent.yaml")
        do {
            _ = try AgentConfiguration.read(node, file: "agent.yaml", hostName: hostName)
            return []
        } catch {
            return error.errors
        }
    }

    /// One field, in line 2.
    func file(_ field: ConfigurationField, _ value: String) -> String {
        "\(field.section):\n  \(field.name): \(value)\n"
    }
}
