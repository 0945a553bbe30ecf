import Identity
import Placement
import Platform
import SQLiteStore
import SyncProtocol

/// Drives the `FleetKeeper`: frames of boards and time in, wishes in twins out.
extension FleetHub {
    /// By the holder's clock. An idle board asks every five minutes, so that two questions may be
    /// lost before its lease ends.
    static let leaseSpan: Milliseconds = 900_000
    /// Of clocks whose rates differ: a twentieth, where crystals differ by some ten thousandths.
    static let leaseMargin: Milliseconds = 45_000
    /// How often a board is expected to be heard, until it shows its own habit.
    static let boardInterval: Milliseconds = 300_000
    /// What is known of all boards is looked at so often; what one says itself, at once.
    private static let joinTicks = 60
    /// What a board has that does not say so by its labels.
    private static let standardMilliCPU = 4000
    private static let standardMemoryMiB = 1024

    static func newKeeper() -> FleetKeeper {
        FleetKeeper(
            policy: FailurePolicy(leases: LeaseBook(span: leaseSpan, margin: leaseMargin)))
    }

    private static let workloadPrefix = "desired/workloads/"
    static func workloadPath(_ name: String) -> String { workloadPrefix + name }

    /// The workload that is wished for there.
    static func workload(at path: TwinPath) -> String? {
        guard path.text.hasPrefix(workloadPrefix) else { return nil }
        return String(path.text.dropFirst(workloadPrefix.count))
    }

    /// Begins from what is stored: at the hub's start, and after a write that failed.
    func recallPlacements() throws(SQLiteError) {
        let records = try store.placements.all().map { PlacementRequest($0) }
        keeper = Self.newKeeper()
        placementSpecs = Dictionary(
            records.map { ($0.name, $0.spec) }, uniquingKeysWith: { _, last in last })
        isPlacementStale = false
        let terms = try store.placements.leases()
        guard !records.isEmpty || !terms.isEmpty else { return }
        joinBoards()
        keeper.recall(
            records.compactMap { try? $0.wish() },
            try store.placements.places().map {
                FleetKeeper.Place(
                    workload: $0.workload, board: $0.device, substitutes: $0.substitutes,
                    term: $0.term)
            },
            terms: terms.mapValues { (board: $0.device, term: $0.term) },
            now: timekeeper.now().monotonic)
    }

    /// Tells the keeper of all boards as they are now.
    func joinBoards() {
        let now = timekeeper.now()
        for device in devices.values where device.state == .active {
            keeper.join(
                fleetBoard(device, now.wall), expected: Self.boardInterval, now: now.monotonic)
        }
    }

    private func fleetBoard(_ device: DeviceRecord, _ now: WallTime) -> FleetBoard {
        let labels = labels(of: device)
        let milliCPU = labels["cpu_m"].flatMap { Int($0) } ?? Self.standardMilliCPU
        let memory = labels["memory_mib"].flatMap { Int($0) } ?? Self.standardMemoryMiB
        var board = FleetBoard(
            id: device.id, zone: labels["zone"] ?? "", architecture: labels["arch"] ?? "arm64",
            labels: labels,
            taints: Set((labels["taints"] ?? "").split(separator: "+").map(String.init)),
            resources: BoardResources(
                milliCPU: min(max(milliCPU, 0), 1 << 30),
                memoryKiB: min(max(memory, 0), 1 << 30) << 10))
        let isThere = online.contains(device.id) || now - device.lastSeen < Self.leaseSpan
        board.acceptsWork = isThere && identityRefusal(of: device.id) == nil
        return board
    }

    /// Frames of these boards were dealt with.
    func hearPlacements(_ boards: Set<String>) {
        guard !keeper.isEmpty, !isPlacementStale else { return }
        let now = timekeeper.now().monotonic
        var directives: [FleetKeeper.Directive] = []
        for board in boards.sorted() {
            directives += keeper.hear(board, now: now)
            for place in keeper.leased(on: board) where isOver(place) {
                directives += keeper.leaseEnded(
                    place.workload, on: board, term: place.term ?? 0, now: now)
            }
        }
        carryOutAlone(directives)
    }

    /// Whether the board says that it let this very lease end.
    private func isOver(_ place: FleetKeeper.Place) -> Bool {
        guard let path = try? TwinPath("reported/leases/" + place.workload),
            let cell = (try? store.twin.document(place.board).register(path)) ?? nil
        else { return false }
        return cell.value["state"] == .string("ended")
            && cell.value["term"]?.intValue == place.term.map { Int64(clamping: $0) }
    }

    func tickPlacements() {
        if isPlacementStale {
            guard (try? recallPlacements()) != nil else { return }
        }
        guard !keeper.isEmpty else { return }
        placementTicks += 1
        if placementTicks % Self.joinTicks == 0 { joinBoards() }
        carryOutAlone(keeper.tick(now: timekeeper.now().monotonic))
    }

    func leavePlacements(_ board: String) {
        guard keeper.boardNames.contains(board) else { return }
        carryOutAlone(keeper.leave(board))
    }

    /// By nobody's order; where it cannot be written it is decided anew.
    private func carryOutAlone(_ directives: [FleetKeeper.Directive]) {
        if !directives.isEmpty { try? carryOut(directives) { () throws(SQLiteError) in } }
    }

    /// Writes directives and what caused them in one step, then tells the boards.
    func carryOut(
        _ directives: [FleetKeeper.Directive], _ cause: () throws(SQLiteError) -> Void
    ) throws(HubError) {
        var written: [(board: String, path: TwinPath, outcome: JoinOutcome)] = []
        do {
            written = try write { () throws(SQLiteError) in
                try cause()
                var written: [(board: String, path: TwinPath, outcome: JoinOutcome)] = []
                for directive in directives {
                    if auditDraft == nil { try appendAudit(directive) }
                    guard let (board, change) = try store(directive),
                        case .success(let outcome) = try store.apply(
                            change, to: board, now: timekeeper.now().wall)
                    else { continue }
                    written.append((board, change.path, outcome))
                }
                return written
            }
        } catch {
            // What the keeper believes was never told to anybody.
            isPlacementStale = true
            throw error
        }
        for write in written { try publishWrite(write.board, write.path, write.outcome) }
    }

    /// - Returns: What to write where; nil for a board that is no more.
    private func store(
        _ directive: FleetKeeper.Directive
    ) throws(SQLiteError) -> (String, TwinWrite)? {
        let (board, workload): (String, String)
        var spec: Value?
        switch directive {
        case .start(let place):
            (board, workload) = (place.board, place.workload)
            spec = placementSpecs[workload].map { Self.spec($0, place.term) }
            try store.placements.put(
                PlaceRecord(
                    device: board, workload: workload, substitutes: place.substitutes,
                    term: place.term))
        case .stop(let name, let device):
            (board, workload) = (device, name)
            try store.placements.removePlace(workload, on: board)
        }
        guard devices[board]?.state == .active,
            let path = try? TwinPath(Self.workloadPath(workload))
        else { return nil }
        return (board, spec.map { .set(path, $0) } ?? .delete(path))
    }

    /// The spec with the lease that the board runs it by.
    private static func spec(_ spec: Value, _ term: UInt64?) -> Value {
        guard let term, case .map(let fields) = spec else { return spec }
        let lease = Value.object([
            ("span_ms", .int(leaseSpan.count)), ("term", .int(Int64(clamping: term))),
        ])
        return .map(fields + [Value.MapEntry("lease", lease)])
    }

    /// What the hub moves by itself is told as what an operator does.
    private func appendAudit(_ directive: FleetKeeper.Directive) throws(SQLiteError) {
        let now = timekeeper.now().wall
        let (board, detail) =
            switch directive {
            case .start(let place):
                (
                    place.board,
                    "start \(place.workload)"
                        + (place.substitutes.map { " for \($0), which is silent" } ?? "")
                        + (place.term.map { " by lease \($0)" } ?? "")
                )
            case .stop(let workload, let board): (board, "stop \(workload)")
            }
        try store.audit.append(by: CryptoDigests()) {
            AuditRow(
                number: $0, time: now, who: "hub", role: "hub", origin: "", action: "place",
                target: board, detail: detail, result: "done")
        }
    }
}
