import Placement
public import Platform
import SQLiteStore

extension FleetHub {
    static let placementsMaximum = 10_000

    public func addPlacement(
        _ request: PlacementRequest, as caller: Caller = .hub
    ) throws(HubError) -> Value {
        try audited(caller, "addPlacement", request.name, "place \(request.rules.json)") {
            () throws(HubError) in try add(request)
        }
    }

    private func add(_ request: PlacementRequest) throws(HubError) -> Value {
        let wish = try check(request)
        joinBoards()
        placementSpecs[request.name] = request.spec
        let now = timekeeper.now()
        let record = PlacementRecord(
            name: request.name, wish: request.value, created: now.wall)
        let directives = keeper.add(wish, now: now.monotonic)
        do {
            try carryOut(directives) { () throws(SQLiteError) in try store.placements.put(record) }
        } catch {
            placementSpecs[request.name] = nil
            throw error
        }
        return summary(ofPlacement: request.name)
    }

    /// - Throws: `conflict` also for a name that an operator applied by hand: the hub would overwrite
    ///   it on one board and leave it on others.
    private func check(_ request: PlacementRequest) throws(HubError) -> FleetKeeper.Wish {
        let wish = try request.wish()
        let path = try twinPath(Self.workloadPath(request.name))
        guard keeper.wishes[request.name] == nil else {
            throw HubError(
                .conflict, "\(request.name) is placed already.",
                hint: "Remove it first: fleet place remove \(request.name)")
        }
        guard keeper.wishes.count < Self.placementsMaximum else {
            throw HubError(
                .unavailable, "The hub has \(keeper.wishes.count) placements already.",
                hint: "Remove some: fleet place list")
        }
        let byHand = devices.keys.sorted().first { device in
            ((try? store.twin.document(device).register(path)) ?? nil)?.value ?? .null != .null
        }
        if let byHand {
            throw HubError(
                .conflict, "\(request.name) was applied to \(byHand) by hand.",
                hint:
                    "Delete it there, fleet twin delete \(byHand) \(path.text), or take another name"
            )
        }
        return wish
    }

    /// What would become of a placement, and why. Nothing changes.
    public func planPlacement(
        _ request: PlacementRequest, as caller: Caller = .hub
    ) throws(HubError) -> Value {
        try audited(caller, "planPlacement", request.name) { () throws(HubError) in
            let wish = try check(request)
            joinBoards()
            let now = timekeeper.now().monotonic
            var plan = keeper
            _ = plan.add(wish, now: now)
            return account(of: request.name, plan, now)
        }
    }

    public func placements(as caller: Caller = .hub) -> Value {
        let list = keeper.wishes.keys.sorted().map { summary(ofPlacement: $0) }
        return .object([("placements", .array(list))])
    }

    public func placement(_ name: String, as caller: Caller = .hub) throws(HubError) -> Value {
        guard keeper.wishes[name] != nil else { throw Self.unknown(placement: name) }
        return account(of: name, keeper, timekeeper.now().monotonic)
    }

    public func removePlacement(_ name: String, as caller: Caller = .hub) throws(HubError) {
        try audited(caller, "removePlacement", name) { () throws(HubError) in
            guard keeper.wishes[name] != nil else { throw Self.unknown(placement: name) }
            try carryOut(keeper.remove(name)) { () throws(SQLiteError) in
                try store.placements.remove(name)
            }
            placementSpecs[name] = nil
        }
    }

    private static func unknown(placement name: String) -> HubError {
        HubError(
            .notFound, "There is no placement \(name).",
            hint: "List the placements with: fleet place list")
    }

    private func summary(ofPlacement name: String) -> Value {
        .object(Self.fields(of: name, keeper))
    }

    private static func fields(of name: String, _ keeper: FleetKeeper) -> [(String, Value)] {
        let places = keeper.places(of: name).map { place in
            var fields: [(String, Value)] = [("device", .string(place.board))]
            if let silent = place.substitutes { fields.append(("substitutes", .string(silent))) }
            if let term = place.term { fields.append(("term", .int(Int64(clamping: term)))) }
            return Value.object(fields)
        }
        let wish = keeper.wishes[name]
        return [
            ("name", .string(name)), ("replicas", .int(Int64(wish?.replicas ?? 0))),
            ("single", .bool(wish?.isSingle ?? false)), ("places", .array(places)),
            ("missing", .int(Int64(keeper.missing(of: name)))),
        ]
    }

    private func account(
        of name: String, _ keeper: FleetKeeper, _ now: MonotonicTime
    ) -> Value {
        let decisions = keeper.explain(name, now: now)
        return .object(
            Self.fields(of: name, keeper) + [
                ("decisions", .array(decisions.map(\.value))),
                ("explanation", .string(decisions.map(\.text).joined(separator: "\n"))),
            ])
    }
}
