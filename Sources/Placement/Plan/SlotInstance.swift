public import Platform

/// Boards with slots at sites, and workloads with users at sites: the plain placement problem that
/// other solvers understand too.
public struct SlotInstance: Sendable {
    public struct Board: Sendable, Hashable {
        /// The column of the latency matrix.
        public let site: Int
        public let slots: Int

        public init(site: Int, slots: Int) {
            self.site = site
            self.slots = slots
        }
    }

    public struct Workload: Sendable, Hashable {
        /// Rows of the latency matrix; one that is named twice counts twice.
        public let users: [Int]
        /// In slots.
        public let size: Int

        public init(users: [Int], size: Int = 1) {
            self.users = users
            self.size = size
        }
    }

    /// Why an instance cannot be used, and where.
    public struct Fault: Error, Sendable, Hashable, CustomStringConvertible {
        public let description: String
    }

    public static let boardsMax = 200_000
    public static let workloadsMax = 100_000
    public static let slotsMax = 1_000_000

    public let boards: [Board]
    public let workloads: [Workload]

    /// - Parameter sites: The size of the matrix that sites refer to.
    public init(boards: [Board], workloads: [Workload], sites: Int) throws(Fault) {
        guard boards.count <= Self.boardsMax, workloads.count <= Self.workloadsMax else {
            throw Fault(
                description: "\(boards.count) boards and \(workloads.count) workloads; at most "
                    + "\(Self.boardsMax) and \(Self.workloadsMax) are planned at once")
        }
        for (index, board) in boards.enumerated() {
            try Self.check(board.site, below: sites, "boards[\(index)].site")
            try Self.check(board.slots, below: Self.slotsMax + 1, "boards[\(index)].slots")
        }
        for (index, workload) in workloads.enumerated() {
            guard !workload.users.isEmpty else {
                throw Fault(description: "workloads[\(index)].users is empty; name a site at least")
            }
            for user in workload.users {
                try Self.check(user, below: sites, "workloads[\(index)].users")
            }
            guard workload.size >= 1 else {
                throw Fault(
                    description: "workloads[\(index)].size is \(workload.size); write 1 or more")
            }
            try Self.check(workload.size, below: Self.slotsMax + 1, "workloads[\(index)].size")
        }
        self.boards = boards
        self.workloads = workloads
    }

    private static func check(_ number: Int, below end: Int, _ place: String) throws(Fault) {
        guard 0..<end ~= number else {
            throw Fault(description: "\(place) is \(number); it must be 0 to \(end - 1)")
        }
    }

    /// Reads `{"boards":[{"site":…,"slots":…}],"workloads":[{"users":[…],"size":…}]}`; a size that
    /// is left out is 1.
    public init(_ value: Value, sites: Int) throws(Fault) {
        guard let boards = value["boards"]?.arrayValue else {
            throw Fault(description: "the instance has no list \"boards\"")
        }
        guard let workloads = value["workloads"]?.arrayValue else {
            throw Fault(description: "the instance has no list \"workloads\"")
        }
        var read: ([Board], [Workload]) = ([], [])
        for (index, board) in boards.enumerated() {
            read.0.append(
                Board(
                    site: try Self.whole(board["site"], "boards[\(index)].site"),
                    slots: try Self.whole(board["slots"], "boards[\(index)].slots")))
        }
        for (index, workload) in workloads.enumerated() {
            guard let users = workload["users"]?.arrayValue else {
                throw Fault(description: "workloads[\(index)] has no list \"users\"")
            }
            var sites: [Int] = []
            for user in users { sites.append(try Self.whole(user, "workloads[\(index)].users")) }
            let size = workload["size"]
            read.1.append(
                Workload(
                    users: sites,
                    size: size == nil ? 1 : try Self.whole(size, "workloads[\(index)].size")))
        }
        try self.init(boards: read.0, workloads: read.1, sites: sites)
    }

    private static func whole(_ value: Value?, _ place: String) throws(Fault) -> Int {
        guard let value else { throw Fault(description: "\(place) is missing") }
        guard let number = value.doubleValue, let whole = Int(exactly: number) else {
            throw Fault(description: "\(place) is \(value.json.prefix(40)); write a whole number")
        }
        return whole
    }
}
