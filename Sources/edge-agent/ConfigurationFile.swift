import EdgeAgent
import Glibc
import LinuxPlatform

/// The configuration from a file, or what is wrong with it.
enum ConfigurationFile {
    static let bytesMaximum = 2 << 20
    /// Where the package puts it, and the service reads it.
    static let standardPath = "/etc/edge-agent/edge-agent.yaml"

    static func read(_ path: String) -> AgentConfiguration? {
        do {
            return try load(path)
        } catch {
            Output.error("edge-agent: \(error)")
            return nil
        }
    }

    static func load(_ path: String) throws -> AgentConfiguration {
        let bytes = try LinuxFileSystem().read(absolute(path), maximumBytes: bytesMaximum)
        let node = try YAMLDocument.read(bytes, file: path)
        return try AgentConfiguration.read(node, file: path, hostName: hostName())
    }

    static func hostName() -> String {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, 255)
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    private static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let directory = getcwd(nil, 0) else { return path }
        defer { free(directory) }
        return String(cString: directory) + "/" + path
    }
}

enum CheckCommand {
    static func run(_ arguments: Arguments) -> Int32 {
        guard let path = arguments.config, let configuration = ConfigurationFile.read(path) else {
            return ExitCode.usage
        }
        do {
            _ = try ProfileFile.read(configuration)
        } catch {
            Output.error(
                "edge-agent: power.profile: \(error)\nName a file as in firmware-profiles, or leave the "
                    + "line out.")
            return ExitCode.usage
        }
        Output.line("\(path): ok")
        return ExitCode.done
    }
}

enum ReferenceCommand {
    static func run() -> Int32 {
        Output.line(AgentConfiguration.reference())
        return ExitCode.done
    }
}
