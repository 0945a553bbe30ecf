import EdgeAgent
import LinuxPlatform
import Platform

/// Asks the running agent over its socket.
enum LocalAgent {
    /// The agent's answer, or the code to exit with after its error was shown.
    static func ask(_ arguments: Arguments, _ request: [(String, Value)]) -> Result<Value, Failure>
    {
        do {
            let answer = try ControlSocket.ask(socket(arguments), .object(request))
            guard answer["ok"]?.boolValue == true else {
                Output.error("edge-agent: \(answer["error"]?.stringValue ?? "refused")")
                return .failure(Failure(code: Int32(answer["exit"]?.intValue ?? 1)))
            }
            return .success(answer)
        } catch {
            Output.error("edge-agent: \(error)")
            return .failure(Failure(code: ExitCode.unreachable))
        }
    }

    struct Failure: Error { let code: Int32 }

    private static func socket(_ arguments: Arguments) -> String {
        if let socket = arguments.socket { return socket }
        if let path = arguments.config, let configuration = ConfigurationFile.read(path) {
            return configuration.control.socket
        }
        return AgentConfiguration.defaults(hostName: ConfigurationFile.hostName()).control.socket
    }
}

enum StatusCommand {
    static func run(_ arguments: Arguments) -> Int32 {
        switch LocalAgent.ask(arguments, [("op", .string("status"))]) {
        case .failure(let failure): return failure.code
        case .success(let answer):
            let status = answer["status"] ?? .null
            Output.line(arguments.isJSON ? status.json : text(status))
            return ExitCode.done
        }
    }

    private static func text(_ status: Value) -> String {
        var lines: [String] = []
        for entry in status.mapValue ?? [] {
            if let inner = entry.value.mapValue {
                let parts = inner.map { "\($0.key) \(plain($0.value))" }
                lines.append(pad(entry.key) + parts.joined(separator: ", "))
            } else if let list = entry.value.arrayValue {
                if list.isEmpty { lines.append(pad(entry.key) + "none") }
                for item in list {
                    let parts = (item.mapValue ?? []).map { "\($0.key) \(plain($0.value))" }
                    lines.append(pad(entry.key) + parts.joined(separator: ", "))
                }
            } else {
                lines.append(pad(entry.key) + plain(entry.value))
            }
        }
        return lines.joined(separator: "\n")
    }

    private static func plain(_ value: Value) -> String { value.stringValue ?? value.json }

    private static func pad(_ name: String) -> String {
        name + String(repeating: " ", count: max(1, 14 - name.count))
    }
}

enum TwinCommand {
    static func run(_ arguments: Arguments) -> Int32 {
        let op = arguments.words.first ?? "get"
        return op == "get" ? get(arguments) : write(op, arguments)
    }

    private static func get(_ arguments: Arguments) -> Int32 {
        let path = arguments.words.count > 1 ? arguments.words[1] : ""
        switch LocalAgent.ask(arguments, [("op", .string("get")), ("path", .string(path))]) {
        case .failure(let failure): return failure.code
        case .success(let answer):
            let cells = answer["cells"] ?? .array([])
            if arguments.isJSON {
                Output.line(Value.object([("cells", cells)]).json)
            } else {
                for cell in cells.arrayValue ?? [] {
                    let value = cell["value"] ?? .null
                    Output.line("\(cell["path"]?.stringValue ?? "") = \(value.json)")
                }
            }
            return ExitCode.done
        }
    }

    private static func write(_ op: String, _ arguments: Arguments) -> Int32 {
        let path = arguments.words[1]
        var request: [(String, Value)] = [("op", .string(op)), ("path", .string(path))]
        if arguments.words.count > 2 {
            let text = arguments.words[2]
            request.append(("value", (try? JSONReader.read(text)) ?? .string(text)))
        } else if op == "inc" {
            request.append(("value", .int(1)))
        }
        switch LocalAgent.ask(arguments, request) {
        case .failure(let failure): return failure.code
        case .success(let answer):
            Output.line("\(path) = \((answer["value"] ?? .null).json)")
            return ExitCode.done
        }
    }
}
