import Platform
import SyncProtocol

/// One line of a script.
struct ScriptLine {
    enum Step {
        case new(role: Epoch.Role)
        case write(TwinWrite)
        case log(key: String, value: Value, milliseconds: Int64?)
        case sync(to: String)
        case send(to: String, frame: String)
        case deliver(frame: String)
        case corrupt(frame: String, byte: Int, xor: UInt8)
        case clock(milliseconds: Int64)
        case crash
        case backup(name: String)
        case restore(name: String)
        case clone(name: String)
        case wipe
        case value
        case events
        case stats
    }

    let number: Int
    /// The replica that the line is about; empty where it is about a frame.
    let at: String
    let step: Step
    /// A shared document's name; nil for a device's own.
    let document: String?
    /// Which device's own document, at a hub with several.
    let device: String?

    /// The lines that are not empty.
    static func read(_ bytes: [UInt8]) throws -> [ScriptLine] {
        var lines: [ScriptLine] = []
        for (index, text) in bytes.split(
            separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false
        ).enumerated() {
            guard text.contains(where: { $0 != 0x20 && $0 != 0x09 && $0 != 0x0D }) else { continue }
            var reader = ScriptLineReader(number: index + 1, text: Array(text))
            lines.append(try reader.line())
        }
        return lines
    }
}

/// Reads one line and complains about what it does not understand.
private struct ScriptLineReader {
    let number: Int
    let text: [UInt8]
    private var fields: [(key: String, value: Value)] = []
    private var used: Set<String> = ["do"]

    init(number: Int, text: [UInt8]) {
        self.number = number
        self.text = text
    }

    mutating func line() throws -> ScriptLine {
        let object: Value
        do {
            object = try JSONReader.read(text)
        } catch {
            throw fault("not JSON: \(error)")
        }
        guard case .map(let entries) = object else { throw fault("not a JSON object") }
        fields = entries.map { ($0.key, $0.value) }
        let verb = try string("do")
        let (at, step) = try step(verb)
        let document = try optionalString("document")
        let device = try optionalString("device")
        if let unknown = fields.first(where: { !used.contains($0.key) }) {
            throw fault("\(verb) has no field \(unknown.key)")
        }
        return ScriptLine(
            number: number, at: at, step: step, document: document, device: device)
    }

    private mutating func step(_ verb: String) throws -> (String, ScriptLine.Step) {
        switch verb {
        case "sync": return (try string("from"), .sync(to: try string("to")))
        case "send":
            return (
                try string("from"), .send(to: try string("to"), frame: try string("as"))
            )
        case "deliver": return ("", .deliver(frame: try string("frame")))
        case "corrupt":
            let byte = try integer("byte")
            guard let xor = UInt8(exactly: try integer("xor")) else {
                throw fault("xor is a byte")
            }
            guard byte >= 0 else { throw fault("byte is a place in the frame") }
            return ("", .corrupt(frame: try string("frame"), byte: Int(byte), xor: xor))
        default: break
        }
        let at = try string("at")
        switch verb {
        case "new": return (at, .new(role: try role()))
        case "set", "put":
            return (at, .write(.set(try path(), try value())))
        case "delete": return (at, .write(.delete(try path())))
        case "add": return (at, .write(.add(try path(), try value())))
        case "remove": return (at, .write(.remove(try path(), try value())))
        case "inc":
            let by = field("by") == nil ? 1 : try integer("by")
            return (at, .write(.increment(try path(), by: by)))
        case "log":
            let key = try string("key")
            guard key.hasPrefix("log/"), key.utf8.count <= 128 else {
                throw fault("a log's key begins with log/")
            }
            let time = field("ms") == nil ? nil : try integer("ms")
            return (at, .log(key: key, value: try value(), milliseconds: time))
        case "clock": return (at, .clock(milliseconds: try integer("ms")))
        case "crash": return (at, .crash)
        case "backup": return (at, .backup(name: try string("as")))
        case "restore": return (at, .restore(name: try string("from")))
        case "clone": return (at, .clone(name: try string("as")))
        case "wipe": return (at, .wipe)
        case "value": return (at, .value)
        case "events": return (at, .events)
        case "stats": return (at, .stats)
        default: throw fault("nothing is called \(verb)")
        }
    }

    private mutating func role() throws -> Epoch.Role {
        switch try string("role") {
        case "hub": return .hub
        case "device": return .device
        case let other: throw fault("a role is hub or device, not \(other)")
        }
    }

    private mutating func path() throws -> TwinPath {
        let key = try string("key")
        do {
            return try TwinPath(key)
        } catch {
            throw fault("key \(key): \(error)")
        }
    }

    private mutating func value() throws -> Value {
        guard let value = field("value") else { throw fault("value is missing") }
        do {
            return try ScriptValue.read(value)
        } catch {
            throw fault("value: \(error)")
        }
    }

    private mutating func string(_ key: String) throws -> String {
        guard let text = try optionalString(key) else { throw fault("\(key) is missing") }
        guard !text.isEmpty else { throw fault("\(key) is empty") }
        return text
    }

    private mutating func optionalString(_ key: String) throws -> String? {
        guard let value = field(key) else { return nil }
        guard let text = value.stringValue else { throw fault("\(key) is not a string") }
        return text
    }

    private mutating func integer(_ key: String) throws -> Int64 {
        guard let value = field(key) else { throw fault("\(key) is missing") }
        guard let number = value.intValue else { throw fault("\(key) is not a whole number") }
        return number
    }

    private mutating func field(_ key: String) -> Value? {
        used.insert(key)
        return fields.first { $0.key == key }?.value
    }

    private func fault(_ reason: String) -> ScriptFault {
        ScriptFault(line: number, reason: reason)
    }
}
