import Placement
import Platform
import TestSupport
import Testing

@Suite struct FleetPlacerTests {
    private let small = BoardResources(milliCPU: 500, memoryKiB: 1_000)

    private func board(
        _ id: String, zone: String = "a", change: (inout FleetBoard) -> Void = { _ in }
    ) -> FleetBoard {
        var board = FleetBoard(
            id: id, zone: zone, resources: BoardResources(milliCPU: 1_000, memoryKiB: 2_000))
        change(&board)
        return board
    }

    private func workload(
        _ name: String = "w", change: (inout FleetWorkload) -> Void = { _ in }
    ) -> FleetWorkload {
        var workload = FleetWorkload(name: name, needs: small)
        change(&workload)
        return workload
    }

    private func subset(_ of: [String], _ generator: inout SeededGenerator) -> Set<String> {
        Set(of.filter { _ in generator.once(in: 3) })
    }

    @Test func decisionsKeepEveryRuleAndMissNoBoard() throws {
        var generator = SeededGenerator.announced(for: "rules")
        var placed = 0
        for _ in 0..<300 {
            let boards = (0..<8).map { index in
                board("b\(index)", zone: ["a", "b"][index % 2]) {
                    $0.architecture = generator.once(in: 3) ? "amd64" : "arm64"
                    $0.devices = subset(["camera", "relay"], &generator)
                    $0.taints = subset(["spot", "lab"], &generator)
                    $0.labels = generator.once(in: 2) ? ["site": "barn"] : [:]
                    $0.acceptsWork = !generator.once(in: 6)
                }
            }
            var placer = FleetPlacer(boards: boards)
            var residents: [String: [FleetWorkload]] = [:]
            for number in 0..<10 {
                let resident = workload("r\(number)") {
                    $0.apartFrom = generator.once(in: 4) ? ["w"] : []
                }
                let home = "b\(Int.random(in: 0..<8, using: &generator))"
                placer.add(resident, to: home)
                residents[home, default: []].append(resident)
            }
            let wanted = workload {
                $0.architectures = generator.once(in: 2) ? ["arm64"] : []
                $0.zones = generator.once(in: 3) ? ["b"] : []
                $0.devices = subset(["camera", "relay"], &generator)
                $0.tolerates = subset(["spot", "lab"], &generator)
                $0.apartFrom = subset(["r0", "r1"], &generator)
            }
            func may(_ board: FleetBoard) -> Bool {
                let there = residents[board.id] ?? []
                return board.acceptsWork
                    && (wanted.architectures.isEmpty
                        || wanted.architectures.contains(board.architecture))
                    && (wanted.zones.isEmpty || wanted.zones.contains(board.zone))
                    && wanted.devices.allSatisfy { board.devices.contains($0) }
                    && board.taints.allSatisfy { wanted.tolerates.contains($0) }
                    && there.allSatisfy {
                        !wanted.apartFrom.contains($0.name) && !$0.apartFrom.contains("w")
                    }
                    && there.count < 2
            }
            let decision = placer.decide(wanted) { Double($0) }
            // The least RTT of those that may is the answer, as nothing else differs.
            #expect(decision.chosen == boards.first(where: may)?.id)
            let refused = decision.refused.values.reduce(0, +)
            #expect(refused == boards.count { !may($0) })
            if decision.chosen != nil { placed += 1 }
        }
        #expect(placed > 30)
    }

    @Test func labelsAndLeasesAreRules() throws {
        let placer = FleetPlacer(boards: [board("x"), board("y") { $0.labels = ["site": "barn"] }])
        let selector = try LabelSelector("site=barn")
        #expect(placer.decide(workload { $0.selector = selector }) { _ in 1 }.chosen == "y")
        #expect(placer.decide(workload(), lease: "y") { _ in 1 }.chosen == "y")
        let nowhere = placer.decide(workload(), lease: "gone") { _ in 1 }
        #expect(nowhere.chosen == nil)
        #expect(nowhere.refused == [.lease: 2])
    }

    @Test func eachWeightCanDecide() {
        func winner(_ change: (inout FleetBoard) -> Void) -> String? {
            FleetPlacer(boards: [board("x", change: change), board("y")])
                .decide(workload()) { $0 == 0 ? 9.0 : 10.0 }.chosen
        }
        #expect(winner { _ in } == "x")
        #expect(winner { $0.temperature = 75 } == "y")
        #expect(winner { $0.battery = 0.2 } == "y")
        #expect(winner { $0.milliwattsPerCore = 4_000 } == "y")
        #expect(winner { $0.temperature = 55 } == "x")
    }

    @Test func spreadAndMovementAreWeighed() {
        var placer = FleetPlacer(boards: [board("x"), board("y"), board("z", zone: "b")])
        placer.add(workload(), to: "x")
        // A second replica goes to the other zone although that is 10 ms farther.
        #expect(placer.decide(workload()) { [1, 1, 11][$0] }.chosen == "z")
        // What runs stays for less than a move is worth, and goes for more.
        #expect(placer.decide(workload(), current: "x") { [9, 1, 9][$0] }.chosen == "x")
        #expect(placer.decide(workload(), current: "x") { [12, 1, 12][$0] }.chosen == "y")
    }

    @Test func explanationsNameTheTermsThatDecided() {
        let boards = [
            board("near"), board("hot") { $0.temperature = 80 }, board("far"), board("off"),
            board("wide"), board("full") { $0.resources = small },
        ]
        var placer = FleetPlacer(boards: boards)
        placer.add(workload("r"), to: "full")
        let decision = placer.decide(workload()) { [5, 5, 60, 70, 80, 1][$0] }
        #expect(decision.candidates.map(\.board) == ["near", "hot", "far", "off"])
        #expect(
            decision.text == """
                w: near, 5.0 ms worth (1 has too little processor or memory left)
                  latency 5.0, energy 0.0, temperature 0.0, battery 0.0, movement 0.0, spread 0.0
                  not hot: temperature +20.0
                  not far: latency +55.0
                  not off: latency +65.0
                """)
        #expect(decision.value["board"] == .string("near"))
        #expect(decision.value["candidates"]?.arrayValue?.count == 4)
        #expect(decision.value["refused"]?["resources"] == .int(1))
    }

    @Test func roomComesBackWithRemoval() {
        var placer = FleetPlacer(boards: [board("x"), board("x")])
        #expect(placer.boards.count == 1)
        let added = [
            placer.add(workload("a"), to: "x"), placer.add(workload("a"), to: "x"),
            placer.add(workload("b"), to: "x"), placer.add(workload("b"), to: "nowhere"),
        ]
        #expect(added == [true, false, true, false])
        #expect(placer.decide(workload("c")) { _ in 1 }.chosen == nil)
        let removed = [placer.remove("a", from: "x"), placer.remove("a", from: "x")]
        #expect(removed == [true, false])
        #expect(placer.decide(workload("c")) { _ in nil }.chosen == "x")
    }
}
