import Placement
import Platform
import Testing

/// A keeper whose calls may stand in an expectation, which takes no mutating ones.
private final class Keeper {
    private var keeper = FleetKeeper { _, board in Double(board.id.dropFirst()) }

    func join(_ board: FleetBoard, now: MonotonicTime) {
        keeper.join(board, expected: 30_000, now: now)
    }
    func add(_ wish: FleetKeeper.Wish, now: MonotonicTime) -> [FleetKeeper.Directive] {
        keeper.add(wish, now: now)
    }
    func remove(_ workload: String) -> [FleetKeeper.Directive] { keeper.remove(workload) }
    func hear(_ board: String, now: MonotonicTime) -> [FleetKeeper.Directive] {
        keeper.hear(board, now: now)
    }
    func tick(now: MonotonicTime) -> [FleetKeeper.Directive] { keeper.tick(now: now) }
    func leave(_ board: String) -> [FleetKeeper.Directive] { keeper.leave(board) }
    func leaseEnded(
        _ workload: String, on board: String, term: UInt64, now: MonotonicTime
    ) -> [FleetKeeper.Directive] {
        keeper.leaseEnded(workload, on: board, term: term, now: now)
    }
    func recall(
        _ wishes: [FleetKeeper.Wish], _ places: [FleetKeeper.Place],
        terms: [String: (board: String, term: UInt64)], now: MonotonicTime
    ) {
        keeper.recall(wishes, places, terms: terms, now: now)
    }
    func places(of workload: String) -> [FleetKeeper.Place] { keeper.places(of: workload) }
    func missing(of workload: String) -> Int { keeper.missing(of: workload) }
    func explain(_ workload: String, now: MonotonicTime) -> [PlacementDecision] {
        keeper.explain(workload, now: now)
    }
}

@Suite struct FleetKeeperTests {
    private func time(_ seconds: Int) -> MonotonicTime {
        MonotonicTime(milliseconds: Int64(seconds) * 1000)
    }

    private func keeper(_ boards: Int) -> Keeper {
        let keeper = Keeper()
        for board in 0..<boards { join(keeper, board, 0) }
        return keeper
    }

    private func join(_ keeper: Keeper, _ board: Int, _ second: Int) {
        keeper.join(
            FleetBoard(
                id: "b\(board)", resources: BoardResources(milliCPU: 1000, memoryKiB: 1000)),
            now: time(second))
    }

    private func wish(_ name: String, replicas: Int = 1, isSingle: Bool = false)
        -> FleetKeeper.Wish
    {
        FleetKeeper.Wish(
            FleetWorkload(name: name, needs: BoardResources(milliCPU: 100, memoryKiB: 100)),
            replicas: replicas, isSingle: isSingle)
    }

    /// All but the first `silent` boards are heard every 30 s.
    private func pass(
        _ keeper: Keeper, from start: Int, to end: Int, boards: Int, silent: Int
    ) -> [FleetKeeper.Directive] {
        var out: [FleetKeeper.Directive] = []
        for second in stride(from: start, through: end, by: 30) {
            for board in silent..<boards { out += keeper.hear("b\(board)", now: time(second)) }
            out += keeper.tick(now: time(second))
        }
        return out
    }

    @Test func replicasGoToTheBestBoardsAndASubstituteGoesAgain() {
        let fleet = keeper(8)
        #expect(
            fleet.add(wish("web", replicas: 2), now: time(0)) == [
                .start(.init(workload: "web", board: "b0")),
                .start(.init(workload: "web", board: "b1")),
            ])
        #expect(
            pass(fleet, from: 30, to: 3_000, boards: 8, silent: 1) == [
                .start(.init(workload: "web", board: "b2", substitutes: "b0"))
            ])
        #expect(fleet.hear("b0", now: time(3_001)) == [.stop(workload: "web", board: "b2")])
        #expect(fleet.places(of: "web").map(\.board) == ["b0", "b1"])
        #expect(
            Set(fleet.remove("web")) == [
                .stop(workload: "web", board: "b0"), .stop(workload: "web", board: "b1"),
            ])
    }

    /// A substitute that fell silent itself had one of its own; both go.
    @Test func aChainOfSubstitutesGoesAsAWhole() {
        let fleet = keeper(12)
        _ = fleet.add(wish("web"), now: time(0))
        _ = pass(fleet, from: 30, to: 3_000, boards: 12, silent: 1)
        let second = pass(fleet, from: 3_030, to: 6_000, boards: 12, silent: 2)
        #expect(second == [.start(.init(workload: "web", board: "b2", substitutes: "b1"))])
        #expect(
            fleet.hear("b0", now: time(6_001)) == [
                .stop(workload: "web", board: "b1"), .stop(workload: "web", board: "b2"),
            ])
    }

    @Test func aSingleOneMovesOnceItsLeaseIsOver() {
        let fleet = keeper(8)
        #expect(
            fleet.add(wish("db", isSingle: true), now: time(0)) == [
                .start(.init(workload: "db", board: "b0", term: 1))
            ])
        #expect(
            pass(fleet, from: 30, to: 3_000, boards: 8, silent: 1) == [
                .stop(workload: "db", board: "b0"),
                .start(.init(workload: "db", board: "b1", term: 2)),
            ])
        #expect(fleet.hear("b0", now: time(3_001)).isEmpty)
        #expect(fleet.places(of: "db").map(\.board) == ["b1"])
    }

    @Test func whoLetsALeaseEndAndIsStillWantedGetsANewOne() {
        let fleet = keeper(4)
        _ = fleet.add(wish("db", isSingle: true), now: time(0))
        #expect(fleet.leaseEnded("db", on: "b0", term: 7, now: time(10)).isEmpty)
        #expect(fleet.leaseEnded("db", on: "b1", term: 1, now: time(10)).isEmpty)
        #expect(
            fleet.leaseEnded("db", on: "b0", term: 1, now: time(10)) == [
                .start(.init(workload: "db", board: "b0", term: 2))
            ])
        // It was silent beyond its lease and nobody else had it yet.
        #expect(
            fleet.hear("b0", now: time(200)) == [
                .start(.init(workload: "db", board: "b0", term: 3))
            ])
    }

    @Test func whatARemovedBoardHadGoesElsewhere() {
        let fleet = keeper(4)
        _ = fleet.add(wish("db", isSingle: true), now: time(0))
        _ = fleet.add(wish("web"), now: time(0))
        #expect(fleet.leave("b0").count == 2)
        #expect(
            fleet.tick(now: time(1)) == [.start(.init(workload: "web", board: "b1"))])
        // Whoever runs it may do so until its lease is over.
        #expect(fleet.tick(now: time(64)).isEmpty)
        #expect(
            fleet.tick(now: time(65)) == [
                .start(.init(workload: "db", board: "b1", term: 2))
            ])
    }

    @Test func afterARestartALeaseCountsAsJustProlonged() {
        let fleet = keeper(4)
        fleet.recall(
            [wish("db", isSingle: true)], [.init(workload: "db", board: "b2", term: 5)],
            terms: ["db": ("b2", 5), "gone": ("b1", 3)], now: time(0))
        #expect(fleet.tick(now: time(1)).isEmpty)
        #expect(fleet.hear("b2", now: time(2)).isEmpty)
        // One of a name that was removed may still run somewhere.
        #expect(fleet.add(wish("gone", isSingle: true), now: time(3)).isEmpty)
        #expect(fleet.missing(of: "gone") == 1)
        #expect(
            fleet.tick(now: time(65)) == [
                .start(.init(workload: "gone", board: "b0", term: 4))
            ])
    }

    @Test func whatNoBoardCanHaveWaits() {
        let fleet = keeper(1)
        _ = fleet.add(wish("web", replicas: 2), now: time(0))
        #expect(fleet.missing(of: "web") == 1)
        #expect(fleet.tick(now: time(10)).isEmpty)
        join(fleet, 5, 20)
        #expect(fleet.tick(now: time(20)) == [.start(.init(workload: "web", board: "b5"))])
        #expect(fleet.explain("web", now: time(20)).map(\.chosen) == ["b0", "b5"])
    }
}
