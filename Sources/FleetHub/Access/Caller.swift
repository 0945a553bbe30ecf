public import Platform

/// What somebody may do, each more than the one before.
public enum OperatorRole: String, Sendable, Hashable, CaseIterable, Comparable {
    /// Reads.
    case viewer
    /// Changes devices and has boards join.
    case `operator`
    /// Makes operators and reads the audit log.
    case admin

    public static func < (one: OperatorRole, other: OperatorRole) -> Bool {
        one.rank < other.rank
    }

    private var rank: Int {
        switch self {
        case .viewer: 0
        case .operator: 1
        case .admin: 2
        }
    }
}

/// Who asks the hub for something, and about which devices.
public struct Caller: Sendable, Hashable {
    /// The operator's name.
    public let name: String
    public let role: OperatorRole
    /// Labels of the devices that exist for this caller; empty for all of them.
    public let scope: [String: String]
    /// The address that the call came from.
    public let origin: String
    /// Ends an event stream that was opened before the token ended.
    public let expires: WallTime?

    public init(
        name: String, role: OperatorRole, scope: [String: String] = [:], origin: String,
        expires: WallTime? = nil
    ) {
        self.name = name
        self.role = role
        self.scope = scope
        self.origin = origin
        self.expires = expires
    }

    /// The program around the hub, which needs no leave and leaves no audit row. The web face
    /// never calls as this.
    public static let hub = Caller(name: "", role: .admin, origin: "")

    var isHub: Bool { self == .hub }

    /// Whether there are devices that this caller may not see.
    public var isScoped: Bool { !scope.isEmpty }

    /// Whether what has these labels exists for this caller.
    func sees(_ labels: [String: String]) -> Bool { Self.sees(scope, labels) }

    static func sees(_ scope: [String: String], _ labels: [String: String]) -> Bool {
        scope.allSatisfy { labels[$0.key] == $0.value }
    }

    /// `site=barn,rack=2`.
    var scopeText: String { Self.text(scope) }

    static func text(_ labels: [String: String]) -> String {
        labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
    }
}
