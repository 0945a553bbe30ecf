/// Why the words on the command line cannot be followed.
struct UsageError: Error, CustomStringConvertible {
    let description: String
}

/// The command line: a command, words, and options. Written out, as a parser library would cost
/// the agent more memory than all of its own code.
struct Arguments {
    private static let withValue = [
        "--config", "--socket", "--wait", "--store", "--name", "--platform", "--ca", "--pin",
        "--auth", "--mirror", "--setuid", "--quota", "--files-max", "--layer-bytes-max",
    ]
    private static let flags = ["--json", "--new-key", "--plain-http", "--repair", "--watch"]
    private static let commands = [
        "run", "enroll", "check", "config", "doctor", "status", "devices", "power", "rules", "i2c",
        "image", "twin", "version", "--version", "help", "--help", "-h",
    ]

    let command: String
    let words: [String]
    private let options: [String: String]

    init(_ arguments: [String]) throws(UsageError) {
        guard let command = arguments.first else { throw UsageError(description: "no command") }
        guard Self.commands.contains(command) else {
            throw UsageError(description: "edge-agent has no command \(command)")
        }
        self.command = command
        var words: [String] = []
        var options: [String: String] = [:]
        var rest = arguments.dropFirst()
        while let word = rest.popFirst() {
            if word == "--" {
                words += rest
                break
            } else if Self.withValue.contains(word) {
                guard let value = rest.popFirst() else {
                    throw UsageError(description: "\(word) needs a value")
                }
                options[word] = value
            } else if Self.flags.contains(word) {
                options[word] = ""
            } else if word.hasPrefix("--") {
                throw UsageError(description: "edge-agent \(command) has no option \(word)")
            } else {
                words.append(word)
            }
        }
        self.words = words
        self.options = options
        try check()
    }

    var isJSON: Bool { options["--json"] != nil }
    var config: String? { options["--config"] }
    var isNewKey: Bool { options["--new-key"] != nil }
    var isWatch: Bool { options["--watch"] != nil }
    var wait: String? { options["--wait"] }
    var socket: String? { options["--socket"] }
    var isPlainHTTP: Bool { options["--plain-http"] != nil }
    var isRepair: Bool { options["--repair"] != nil }

    /// The value of an option, with its dashes.
    subscript(option: String) -> String? { options[option] }

    private func check() throws(UsageError) {
        switch command {
        case "run", "check":
            guard config != nil else {
                throw UsageError(description: "edge-agent \(command) needs --config FILE")
            }
            try expect(words.isEmpty)
        case "i2c":
            guard words.first == "scan", words.count <= 2 else {
                throw UsageError(
                    description: "edge-agent i2c is followed by scan and perhaps a bus")
            }
        case "image":
            switch words.first {
            case "list", "verify": try expect(words.count == 1)
            case "pull", "load", "remove": try expect(words.count == 2)
            default:
                throw UsageError(
                    description:
                        "edge-agent image is followed by pull, load, list, remove or verify")
            }
        case "enroll":
            guard words.count == 1 else {
                throw UsageError(
                    description: "edge-agent enroll needs one TOKEN, or - to read it from standard "
                        + "input")
            }
        case "twin":
            switch words.first {
            case "get": try expect(words.count <= 2)
            case "set", "add", "remove": try expect(words.count == 3)
            case "inc": try expect(2...3 ~= words.count)
            case "delete": try expect(words.count == 2)
            default:
                throw UsageError(
                    description:
                        "edge-agent twin is followed by get, set, add, remove, inc or delete")
            }
        default: try expect(words.isEmpty)
        }
    }

    private func expect(_ isRight: Bool) throws(UsageError) {
        guard isRight else {
            throw UsageError(description: "edge-agent \(command): too many or too few words")
        }
    }
}
