import Images
import Platform
import PowerManager
import SyncProtocol

/// What `desired/workloads/<name>` says, checked.
struct WorkloadSpec: Sendable, Hashable {
    enum Restart: String, Sendable, Hashable { case always, onFailure = "on-failure", never }

    struct Lease: Sendable, Hashable {
        let term: UInt64
        let span: Milliseconds
    }

    struct Fault: Error, Sendable, Hashable, CustomStringConvertible {
        let field: String
        let problem: String
        var description: String { "\(field) \(problem)" }
    }

    /// Empty where a container's image says what to run.
    let command: [String]
    /// Nil for a plain process.
    let container: ContainerSpec?
    let environment: [String: String]
    let workingDirectory: String?
    let restart: Restart
    /// From the stop signal to SIGKILL.
    let stopGrace: Milliseconds
    let kind: WorkloadClass
    /// Within which its work has to be done; power states keep to it where no danger forbids.
    let deadline: Milliseconds?
    /// What the hub adds where it may run on one board of the fleet only.
    let lease: Lease?
    /// Changes when anything above does but the lease, for which nothing restarts.
    let hash: String

    static let argumentsMaximum = 256
    static let nameMaximum = 64

    static func isName(_ name: String) -> Bool {
        (1...nameMaximum).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
                    UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }

    init(_ value: Value) throws(Fault) {
        guard let entries = value.mapValue else {
            throw Fault(field: "spec", problem: "must be a map with at least command or image")
        }
        let known = Self.fields
        for entry in entries where !known.contains(entry.key) {
            throw Fault(
                field: entry.key, problem: "is no field; use \(known.joined(separator: ", "))")
        }
        let container = try Self.container(value)
        self.container = container
        command = try Self.command(value["command"], isNeeded: container == nil)
        var environment: [String: String] = [:]
        guard let variables = (value["environment"] ?? .map([])).mapValue else {
            throw Fault(field: "environment", problem: "must be a map of names to texts")
        }
        for entry in variables {
            guard !entry.key.isEmpty, !entry.key.contains("=") else {
                throw Fault(field: "environment", problem: "has a name that is empty or holds =")
            }
            environment[entry.key] = try Self.text(entry.value, "environment.\(entry.key)")
        }
        self.environment = environment
        workingDirectory = try value["working_directory"].map { path throws(Fault) in
            let text = try Self.text(path, "working_directory")
            guard text.hasPrefix("/") else {
                throw Fault(field: "working_directory", problem: "must be an absolute path")
            }
            return text
        }
        let policy = (value["restart"] ?? .string(Restart.always.rawValue)).stringValue
        guard let restart = policy.flatMap({ Restart(rawValue: $0) }) else {
            throw Fault(field: "restart", problem: "must be always, on-failure or never")
        }
        self.restart = restart
        let grace = value["stop_grace_ms"].map { $0.intValue } ?? 10_000
        guard let grace, (0...600_000).contains(grace) else {
            throw Fault(field: "stop_grace_ms", problem: "must be a number from 0 to 600000")
        }
        stopGrace = Milliseconds(grace)
        deadline = try value["deadline_ms"].map { value throws(Fault) in
            guard let span = value.intValue, (1...86_400_000).contains(span) else {
                throw Fault(field: "deadline_ms", problem: "must be a number from 1 to 86400000")
            }
            return Milliseconds(span)
        }
        // Who has a deadline is not to be held up unless it says so.
        let standard = deadline == nil ? WorkloadClass.normal : .urgent
        let word = (value["class"] ?? .string(standard.rawValue)).stringValue
        guard let kind = word.flatMap({ WorkloadClass(rawValue: $0) }) else {
            throw Fault(field: "class", problem: "must be urgent, normal or background")
        }
        self.kind = kind
        lease = try value["lease"].map { value throws(Fault) in
            guard let term = value["term"]?.intValue, term > 0,
                let span = value["span_ms"]?.intValue, (1...86_400_000).contains(span)
            else {
                throw Fault(
                    field: "lease", problem: "must have a term above 0 and span_ms to 86400000")
            }
            return Lease(term: UInt64(term), span: Milliseconds(span))
        }
        let bytes = ValueCodec.encode(.map(entries.filter { $0.key != "lease" }))
        // Two checksums, one over the reverse: 64 bits against a spec that changed by accident.
        let halves = [CRC32C.checksum(bytes), CRC32C.checksum(bytes.reversed() + [1])]
        hash = halves.map { String($0, radix: 16) }.joined(separator: "-")
    }

    /// All fields of a specification, in order.
    static let fields =
        ([
            "class", "command", "deadline_ms", "environment", "lease", "restart", "stop_grace_ms",
            "working_directory",
        ] + ContainerSpec.fields).sorted()

    private static func container(_ value: Value) throws(Fault) -> ContainerSpec? {
        let container: ContainerSpec?
        do throws(ContainerSpec.Fault) {
            container = try ContainerSpec.read(value)
        } catch {
            throw Fault(field: error.field, problem: error.problem)
        }
        guard let container else { return nil }
        do throws(ImageError) {
            _ = try ImageReference(container.image)
        } catch {
            throw Fault(field: "image", problem: "is none: \(error)")
        }
        return container
    }

    private static func command(_ value: Value?, isNeeded: Bool) throws(Fault) -> [String] {
        if value == nil, !isNeeded { return [] }
        guard let words = value?.arrayValue, (1...argumentsMaximum).contains(words.count) else {
            throw Fault(
                field: "command", problem: "must be a list of 1 to \(argumentsMaximum) strings")
        }
        return try words.map { word throws(Fault) in try text(word, "command") }
    }

    private static func text(_ value: Value, _ field: String) throws(Fault) -> String {
        guard let text = value.stringValue, !text.utf8.contains(0) else {
            throw Fault(field: field, problem: "must be text")
        }
        return text
    }
}
