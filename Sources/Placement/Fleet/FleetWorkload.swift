public import Platform

/// A workload as placement sees it: what it must have, all of it, and nothing of what would be
/// nice.
public struct FleetWorkload: Sendable {
    public let name: String
    public var needs: BoardResources
    /// Empty is any.
    public var architectures: Set<String> = []
    /// Empty is any.
    public var zones: Set<String> = []
    public var selector: LabelSelector?
    public var devices: Set<String> = []
    public var tolerates: Set<String> = []
    /// Workloads that must not be on its board; it holds both ways.
    public var apartFrom: Set<String> = []

    public init(name: String, needs: BoardResources) {
        self.name = name
        self.needs = needs
    }

    /// Why `board` cannot have it, nil where it can.
    ///
    /// - Parameters:
    ///   - free: What the board has left.
    ///   - residents: What is there.
    func refusal(
        _ board: FleetBoard, free: BoardResources, residents: [FleetWorkload]
    ) -> PlacementRefusal? {
        if !board.acceptsWork { return .unavailable }
        if !architectures.isEmpty, !architectures.contains(board.architecture) {
            return .architecture
        }
        if !zones.isEmpty, !zones.contains(board.zone) { return .zone }
        if let selector, !selector.matches(board.labels) { return .labels }
        if !devices.isSubset(of: board.devices) { return .devices }
        if !board.taints.isSubset(of: tolerates) { return .taint }
        for other in residents {
            if other.name == name { return .replica }
            if apartFrom.contains(other.name) || other.apartFrom.contains(name) {
                return .antiAffinity
            }
        }
        return free.covers(needs) ? nil : .resources
    }
}

/// The rule that keeps a workload off a board.
public enum PlacementRefusal: String, Sendable, Hashable, CaseIterable {
    case unavailable, architecture, zone, labels, devices, taint, replica, antiAffinity, resources
    case lease

    var text: String {
        switch self {
        case .unavailable: "takes no work now"
        case .architecture: "has another architecture"
        case .zone: "is in another zone"
        case .labels: "lacks a label"
        case .devices: "lacks a device"
        case .taint: "has a taint that is not tolerated"
        case .replica: "has a replica already"
        case .antiAffinity: "runs what must be apart"
        case .resources: "has too little processor or memory left"
        case .lease: "must wait for the lease of another board"
        }
    }
}

/// What a unit of each good is worth in milliseconds of round-trip time, so that terms add up and
/// an explanation can name them.
public struct PlacementWeights: Sendable {
    /// Of each millisecond of mean RTT to users and data.
    public var latency = 1.0
    /// Of each watt that the workload's cores cost.
    public var energy = 2.0
    /// Of each degree above `comfort`.
    public var temperature = 1.0
    /// Degrees Celsius: throttling begins at 80, so heat counts well before.
    public var comfort = 60.0
    /// Of a whole battery that is missing.
    public var battery = 20.0
    /// Of leaving the board where it runs: a restart, and what its users notice.
    public var movement = 10.0
    /// Of each replica that is in the same zone already.
    public var spread = 15.0
    /// Of a board whose RTT nobody can tell.
    public var unknownLatency = 500.0

    public init() {}
}
