import Platform

/// What an image says of the process that runs in it (OCI image specification, config.md,
/// `config`). All of it is somebody else's word: it is bounded, and decides nothing but what the
/// workload's specification leaves open.
public struct ImageProcess: Sendable, Hashable {
    /// Entrypoint and Cmd in one.
    public let command: [String]
    public let environment: [String: String]
    /// Absolute; nil for the root.
    public let workingDirectory: String?
    /// `user`, `user:group`, by name or number; nil for root.
    public let user: String?

    static let argumentsMax = 256
    static let variablesMax = 256
    /// execve(2) takes no single text longer than 32 pages, and all of them in a quarter of the
    /// stack's limit.
    static let textBytesMax = 128 << 10
    private static let pathBytesMax = 4096
    private static let userBytesMax = 129

    public init(
        command: [String], environment: [String: String] = [:], workingDirectory: String? = nil,
        user: String? = nil
    ) {
        self.command = command
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.user = user
    }

    /// Reads an image's configuration. Total: any bytes give one or an error.
    public init(_ bytes: [UInt8]) throws(ImageError) {
        let value = try ImageDocument.value(bytes, "configuration")
        let config = value["config"] ?? .null
        guard config == .null || config.mapValue != nil else {
            throw ImageError.manifest("its configuration's config is no map")
        }
        command =
            try Self.words(config["Entrypoint"], "Entrypoint")
            + Self.words(config["Cmd"], "Cmd")
        guard command.count <= Self.argumentsMax else {
            throw ImageError.manifest("its command has more than \(Self.argumentsMax) words")
        }
        environment = try Self.variables(config["Env"])
        let folder = try Self.text(config["WorkingDir"], "WorkingDir", Self.pathBytesMax)
        guard folder.isEmpty || folder.hasPrefix("/") else {
            throw ImageError.manifest("its WorkingDir is no absolute path")
        }
        workingDirectory = folder.isEmpty ? nil : folder
        let user = try Self.text(config["User"], "User", Self.userBytesMax)
        self.user = user.isEmpty ? nil : user
    }

    private static func text(
        _ value: Value?, _ field: String, _ bytesMax: Int
    ) throws(ImageError) -> String {
        guard let value, value != .null else { return "" }
        guard let text = value.stringValue, !text.utf8.contains(0) else {
            throw ImageError.manifest("its \(field) is no text")
        }
        guard text.utf8.count <= bytesMax else {
            throw ImageError.manifest("its \(field) has more than \(bytesMax) bytes")
        }
        return text
    }

    private static func words(_ value: Value?, _ field: String) throws(ImageError) -> [String] {
        guard let value, value != .null else { return [] }
        guard let items = value.arrayValue else {
            throw ImageError.manifest("its \(field) is no list")
        }
        guard items.count <= argumentsMax else {
            throw ImageError.manifest("its \(field) has more than \(argumentsMax) words")
        }
        return try items.map { item throws(ImageError) in
            guard item != .null else { throw ImageError.manifest("its \(field) has no text") }
            return try text(item, field, textBytesMax)
        }
    }

    private static func variables(_ value: Value?) throws(ImageError) -> [String: String] {
        guard let value, value != .null else { return [:] }
        guard let items = value.arrayValue, items.count <= variablesMax else {
            throw ImageError.manifest("its Env is no list of at most \(variablesMax)")
        }
        var variables: [String: String] = [:]
        for item in items {
            let pair = try text(item, "Env", textBytesMax)
            guard let equals = pair.firstIndex(of: "="), equals > pair.startIndex else {
                throw ImageError.manifest("its Env has \(Shown.text(pair)), not NAME=value")
            }
            variables[String(pair[..<equals])] = String(pair[pair.index(after: equals)...])
        }
        return variables
    }
}
