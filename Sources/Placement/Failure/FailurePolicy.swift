public import Platform

/// What becomes of the workloads of boards that fall silent, and of boards that come back.
public struct FailurePolicy: Sendable {
    /// What is to be done.
    public enum Directive: Sendable, Hashable {
        /// One more replica elsewhere; those on `silent` are left alone.
        case addReplica(workload: String, silent: String)
        /// A single-instance workload whose lease has ended may start elsewhere.
        case placeAgain(workload: String, silent: String)
        /// The board is back before anything was done: nothing restarts.
        case keep(workload: String, board: String)
        /// The board is back and there is one replica too many: the substitute goes, for what came
        /// back never stopped.
        case retireSubstitute(workload: String, board: String)
        /// The board is back, but its single-instance workload runs elsewhere by a newer lease.
        case stop(workload: String, board: String)
    }

    public struct Settings: Sendable {
        /// Above, a board gets nothing new.
        public var phiSuspect = 3.0
        /// Above, a silence counts where it is asked whether it is common to many: boards with other
        /// habits reach `phiReplace` later, and are as silent. One in ten is so by chance.
        public var phiOverdue = 1.0
        /// Above, its replicas are made up for: a silence of 18 mean intervals.
        public var phiReplace = 8.0
        /// No less than this, whatever the phi: a reboot takes as long.
        public var silenceMin: Milliseconds = 120_000
        /// Where so great a share of all boards falls silent within one `silenceMin`, the network is
        /// at fault, not the boards; then only leases count.
        public var commonShare = 0.25
        /// A common silence that lasts so long is acted upon: somebody has to do the work.
        public var commonPatience: Milliseconds = 1_800_000
        /// Below so many boards a share says nothing.
        public var commonBoardsMin = 4

        public init() {}
    }

    struct Board: Sendable {
        var suspicion: Suspicion
        /// Workloads there; true where the workload may run once only.
        var workloads: [String: Bool] = [:]
        /// What was done about its silence.
        var replaced: Set<String> = []
    }

    private let settings: Settings
    private var boards: [String: Board] = [:]
    public private(set) var leases: LeaseBook

    public init(_ settings: Settings = Settings(), leases: LeaseBook = LeaseBook()) {
        self.settings = settings
        self.leases = leases
    }

    /// A board that is part of the fleet from now on.
    public mutating func join(_ board: String, expected: Milliseconds, now: MonotonicTime) {
        guard boards[board] == nil else { return }
        boards[board] = Board(suspicion: Suspicion(expected: expected, now: now))
    }

    /// A workload was started there. A single one needs a lease: false while another holds it.
    public mutating func start(
        _ workload: String, on board: String, isSingle: Bool, now: MonotonicTime
    ) -> Bool {
        guard boards[board] != nil else { return false }
        if isSingle, leases.grant(workload, to: board, now: now) == nil { return false }
        boards[board]?.workloads[workload] = isSingle
        return true
    }

    /// A workload belongs on a board no more, whatever runs there. Its lease ends by the clock.
    public mutating func forget(_ workload: String, on board: String) {
        boards[board]?.workloads[workload] = nil
        boards[board]?.replaced.remove(workload)
    }

    /// A board that is no part of the fleet any more.
    public mutating func leave(_ board: String) { boards[board] = nil }

    /// The holder says that its lease is over; nil where it is not the holder, else its new lease.
    public mutating func renew(
        _ workload: String, on board: String, after term: UInt64, now: MonotonicTime
    ) -> LeaseBook.Lease? {
        guard boards[board]?.workloads[workload] == true,
            leases.release(workload, by: board, term: term)
        else { return nil }
        return leases.grant(workload, to: board, now: now)
    }

    /// A lease that an earlier run of the hub gave. Nobody knows when its holder was last heard, so
    /// it counts as prolonged just now.
    mutating func recallLease(
        _ workload: String, of board: String, term: UInt64, now: MonotonicTime
    ) {
        leases.recall(workload, board: board, term: term, now: now)
    }

    /// What an earlier run had started there.
    mutating func recall(_ workload: String, on board: String, isSingle: Bool) {
        boards[board]?.workloads[workload] = isSingle
    }

    public func isSuspected(_ board: String, now: MonotonicTime) -> Bool {
        boards[board].map { $0.suspicion.phi(now: now) > settings.phiSuspect } ?? true
    }

    /// A sign of life, which prolongs the board's leases.
    public mutating func hear(_ name: String, now: MonotonicTime) -> [Directive] {
        guard var board = boards[name] else { return [] }
        let wasSuspected = board.suspicion.phi(now: now) > settings.phiSuspect
        board.suspicion.hear(now: now)
        var out: [Directive] = []
        for (workload, isSingle) in board.workloads.sorted(by: { $0.key < $1.key }) {
            if isSingle, leases.grant(workload, to: name, now: now) == nil {
                board.workloads[workload] = nil
                out.append(.stop(workload: workload, board: name))
            } else if board.replaced.contains(workload), !isSingle {
                out.append(.retireSubstitute(workload: workload, board: name))
            } else if wasSuspected {
                out.append(.keep(workload: workload, board: name))
            }
        }
        board.replaced = []
        boards[name] = board
        return out
    }

    /// Looks at all boards; each silence is acted upon once.
    public mutating func tick(now: MonotonicTime) -> [Directive] {
        let silent = boards.filter { isSilent($0.value, now) }
        let starts =
            silent.isEmpty
            ? []
            : boards.values.map(\.suspicion).filter { isOverdue($0, now) }.map(\.heard).sorted()
        var out: [Directive] = []
        for (name, board) in silent.sorted(by: { $0.key < $1.key }) {
            for (workload, isSingle) in board.workloads.sorted(by: { $0.key < $1.key })
            where !board.replaced.contains(workload) {
                if isSingle {
                    guard leases.holder(of: workload, now: now) == nil else { continue }
                    out.append(.placeAgain(workload: workload, silent: name))
                } else {
                    if isCommon(board, among: starts, now) { continue }
                    out.append(.addReplica(workload: workload, silent: name))
                }
                boards[name]?.replaced.insert(workload)
            }
        }
        return out
    }

    /// True where so many boards fell silent with this one that the network is the likelier cause.
    private func isCommon(
        _ board: Board, among starts: [MonotonicTime], _ now: MonotonicTime
    ) -> Bool {
        let heard = board.suspicion.heard
        guard boards.count >= settings.commonBoardsMin, now - heard < settings.commonPatience else {
            return false
        }
        let first = Self.index(of: heard + Milliseconds(-settings.silenceMin.count), in: starts)
        let end = Self.index(of: heard + settings.silenceMin + 1, in: starts)
        return Double(end - first) >= settings.commonShare * Double(boards.count)
    }

    /// The first place in sorted times that is not before `time`.
    private static func index(of time: MonotonicTime, in times: [MonotonicTime]) -> Int {
        var (low, high) = (0, times.count)
        while low < high {
            let middle = (low + high) / 2
            if times[middle] < time { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private func isOverdue(_ suspicion: Suspicion, _ now: MonotonicTime) -> Bool {
        now - suspicion.heard >= settings.silenceMin
            && suspicion.phi(now: now) > settings.phiOverdue
    }

    private func isSilent(_ board: Board, _ now: MonotonicTime) -> Bool {
        now - board.suspicion.heard >= settings.silenceMin
            && board.suspicion.phi(now: now) > settings.phiReplace
    }
}
