/// What of a workload's specification makes it a container: its image, and what it sees of the
/// board. Read in one place for the board and for the command line, so that both say the same.
public struct ContainerSpec: Sendable, Hashable {
    /// What is wrong with which field.
    public struct Fault: Error, Sendable, Hashable, CustomStringConvertible {
        public let field: String
        /// To follow the field's name.
        public let problem: String

        public init(_ field: String, _ problem: String) {
            self.field = field
            self.problem = problem
        }

        public var description: String { "\(field) \(problem)" }
    }

    /// What of the network it sees.
    public enum Network: String, Sendable, Hashable, CaseIterable {
        /// Nothing but itself.
        case none
        /// All that the board sees.
        case host
    }

    /// What it may take; nil leaves it to the kernel.
    public struct Limits: Sendable, Hashable {
        public var memoryMebibytes: Int64?
        /// Processes and threads.
        public var processes: Int64?
        /// Of one processor; 250 is two and a half.
        public var cpuPercent: Int64?

        public init() {}

        public var isEmpty: Bool { self == Limits() }
    }

    /// As written; which registry a short name means is the image store's to say.
    public let image: String
    public let volumes: [ContainerVolume]
    public let network: Network
    /// Whether its root cannot be written to. What it writes there is gone when it ends anyway.
    public let isReadOnly: Bool
    /// `user`, `user:group`, by name or number; nil is the image's own.
    public let user: String?
    public let limits: Limits

    public static let fields = ["image", "limits", "network", "read_only", "user", "volumes"]
    public static let limitFields = ["cpu_percent", "memory_mib", "pids"]
    /// An image's reference is at most so many bytes.
    public static let imageBytesMax = 800
    public static let memoryRange: ClosedRange<Int64> = 4...1_048_576
    public static let processesRange: ClosedRange<Int64> = 1...4_194_304
    public static let cpuRange: ClosedRange<Int64> = 1...25_600
    static let nameBytesMax = 64

    /// Reads the fields of a container from a workload's specification.
    ///
    /// - Returns: nil where there is no `image`: then it is a plain process.
    /// - Throws: the first field that is not right, also one that only a container has.
    public static func read(_ spec: Value) throws(Fault) -> ContainerSpec? {
        guard let image = spec["image"] else {
            if let field = fields.first(where: { spec[$0] != nil }) {
                throw Fault(field, "is for containers: add image, or leave it out")
            }
            return nil
        }
        guard let reference = image.stringValue,
            1...imageBytesMax ~= reference.utf8.count, reference.utf8.allSatisfy({ $0 > 0x20 })
        else { throw Fault("image", "must be an image's name, such as hub.example/app:1.2") }
        return try ContainerSpec(image: reference, spec)
    }

    private init(image: String, _ spec: Value) throws(Fault) {
        self.image = image
        volumes = try ContainerVolume.read(spec["volumes"])
        let word = (spec["network"] ?? .string(Network.none.rawValue)).stringValue
        guard let network = word.flatMap({ Network(rawValue: $0) }) else {
            throw Fault("network", "must be none or host")
        }
        self.network = network
        guard let isReadOnly = (spec["read_only"] ?? .bool(false)).boolValue else {
            throw Fault("read_only", "must be true or false")
        }
        self.isReadOnly = isReadOnly
        user = try spec["user"].map { value throws(Fault) in
            guard let text = value.stringValue, Self.isUser(text) else {
                throw Fault(
                    "user", "must be text such as \"1000\", \"1000:1000\" or \"app:app\"")
            }
            return text
        }
        limits = try Self.limits(spec["limits"])
    }

    private static func limits(_ value: Value?) throws(Fault) -> Limits {
        guard let value else { return Limits() }
        guard let entries = value.mapValue else {
            throw Fault("limits", "must be a map of \(limitFields.joined(separator: ", "))")
        }
        if let entry = entries.first(where: { !limitFields.contains($0.key) }) {
            throw Fault(
                "limits.\(entry.key)", "is no field; use \(limitFields.joined(separator: ", "))")
        }
        func number(_ name: String, _ range: ClosedRange<Int64>) throws(Fault) -> Int64? {
            guard let field = value[name] else { return nil }
            guard let number = field.intValue, range.contains(number) else {
                throw Fault(
                    "limits.\(name)",
                    "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
            }
            return number
        }
        var limits = Limits()
        limits.memoryMebibytes = try number("memory_mib", memoryRange)
        limits.processes = try number("pids", processesRange)
        limits.cpuPercent = try number("cpu_percent", cpuRange)
        return limits
    }

    /// Names as useradd(8) makes them, or numbers; perhaps a group after a colon.
    private static func isUser(_ text: String) -> Bool {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        return 1...2 ~= parts.count
            && parts.allSatisfy { part in
                1...nameBytesMax ~= part.utf8.count && part.utf8.allSatisfy(isNameByte)
            }
    }

    static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
