import Platform
import PowerManager
import TestSupport
import Testing

/// Boards and traces of the tests.
enum Energy {
    static func model(_ levels: [(Int, Double)], leakage: Double = 0.3) throws -> EnergyModel {
        try #require(
            EnergyModel(
                levels: levels.map { .init(megahertz: $0.0, volts: $0.1) }, idle: 2.6, full: 5.8,
                leakage: leakage, halt: 0.01))
    }

    static func steep() throws -> EnergyModel {
        try model([(600, 0.7), (1200, 0.75), (1800, 0.82), (2400, 0.9)])
    }

    static func trace(_ random: inout some RandomNumberGenerator) -> BurstTrace {
        let count = Int.random(in: 1...8, using: &random)
        let bursts = (0..<count).map { _ in
            Burst(
                arrival: Double.random(in: 0..<1, using: &random),
                work: Double.random(in: 0.005...0.1, using: &random))
        }
        return BurstTrace(bursts: bursts, deadline: 0.25, seconds: 1)
    }
}

@Suite struct EnergyTests {
    @Test func theModelGivesBackItsAnchors() throws {
        let model = try Energy.steep()
        let top = model.levels.count - 1
        #expect(abs(model.floor + model.leakageWatts(0) - 2.6) < 1e-9)
        #expect(
            abs(model.floor + model.leakageWatts(top) + model.dynamicWatts(top) - 5.8) < 1e-9)
    }

    @Test func figuresThatContradictEachOtherGiveNoModel() {
        let level = EnergyModel.Level(megahertz: 1000, volts: 0.8)
        let swapped = EnergyModel(levels: [level], idle: 5, full: 2, leakage: 0, halt: 0)
        #expect(swapped == nil)
        #expect(EnergyModel(levels: [], idle: 1, full: 2, leakage: 0, halt: 0) == nil)
        let twice = EnergyModel(levels: [level, level], idle: 1, full: 2, leakage: 0, halt: 0)
        #expect(twice == nil)
        let leaky = EnergyModel(levels: [level], idle: 1, full: 2, leakage: 3, halt: 0)
        #expect(leaky == nil)
    }

    @Test func theHullIsConvexAndBelowEveryLevel() throws {
        // The second level is worse than taking turns between its neighbours.
        let model = try Energy.model([(1000, 0.7), (1200, 0.86), (2000, 0.88)])
        let corners = model.hull.corners
        #expect(!corners.contains { abs($0.speed - 0.6) < 1e-9 })
        for level in model.levels.indices {
            let watts = model.dynamicWatts(level) + model.leakageWatts(level)
            #expect(model.hull.watts(model.speed(level)) <= watts + 1e-12)
        }
    }

    @Test func atOneVoltageNoClockSavesEnergy() throws {
        let model = try Energy.model([(600, 0.9), (1200, 0.9), (1800, 0.9)])
        var random = SeededGenerator(seed: 5)
        let trace = BurstModel(replayedSeconds: 5).expand([10, 40, 20], using: &random)
        let replay = LoadReplay(model: model, trace: trace)
        let least = replay.least().joules(model.hull)
        let spent = model.joules(replay.run(.performance).residency)
        #expect(abs(spent - least) < 1e-6 * spent)
    }

    /// Yao, Demers and Shenker by the definition: the densest interval first.
    private static func densestFirst(
        _ bursts: [Burst], due: [Double], end: Double, hull: PowerHull
    ) -> Double {
        var jobs = zip(bursts, due).map { (from: $0.arrival, to: $1, work: $0.work) }
        var (joules, left) = (0.0, end)
        while !jobs.isEmpty {
            var best = (density: -1.0, from: 0.0, to: 0.0)
            for from in jobs.map(\.from) {
                for to in jobs.map(\.to) where to > from {
                    let work = jobs.reduce(0.0) {
                        $1.from >= from && $1.to <= to ? $0 + $1.work : $0
                    }
                    if work / (to - from) > best.density { best = (work / (to - from), from, to) }
                }
            }
            let (density, from, to) = best
            joules += (to - from) * hull.watts(density)
            left -= to - from
            jobs.removeAll { $0.from >= from && $0.to <= to }
            func moved(_ time: Double) -> Double {
                time <= from ? time : max(from, time - (to - from))
            }
            jobs = jobs.map { (moved($0.from), moved($0.to), $0.work) }
        }
        return joules + left * hull.watts(0)
    }

    @Test func theBoundIsThatOfTheDefinition() throws {
        let model = try Energy.steep()
        for seed in 1...300 as ClosedRange<UInt64> {
            var random = SeededGenerator(seed: seed)
            let trace = Energy.trace(&random)
            let replay = LoadReplay(model: model, trace: trace)
            let earliest = LeastEnergy.earliest(trace.bursts)
            let due = zip(trace.bursts, earliest).map { max($0.arrival + trace.deadline, $1) }
            let path = replay.least()
            let end = path.pieces.reduce(0) { $0 + $1.seconds }
            let slow = Self.densestFirst(trace.bursts, due: due, end: end, hull: model.hull)
            let fast = path.joules(model.hull)
            #expect(abs(slow - fast) < 1e-6 * slow, "seed \(seed): \(slow) and \(fast)")
        }
    }

    /// No grid of speeds does better: each burst alone, all splits of its time into twentieths.
    @Test func noScheduleOnAGridIsCheaper() throws {
        let model = try Energy.steep()
        let (step, speeds) = (0.05, model.levels.indices.map(model.speed))
        for seed in 1...30 as ClosedRange<UInt64> {
            var random = SeededGenerator(seed: seed)
            let count = Int.random(in: 1...2, using: &random)
            let bursts = (0..<count).map { _ in
                Burst(
                    arrival: Double(Int.random(in: 0...3, using: &random)) * step,
                    work: Double.random(in: 0.01...0.08, using: &random))
            }.sorted { $0.arrival < $1.arrival }
            let due = bursts.map { $0.arrival + 0.2 }
            let end = 0.4
            let least = LeastEnergy(bursts: bursts, due: due, end: end).joules(model.hull)
            var cheapest = Double.infinity
            func search(_ slot: Int, _ done: Double, _ joules: Double) {
                let time = Double(slot) * step
                let must = zip(bursts, due).reduce(0.0) {
                    $1.1 <= time + 1e-9 ? $0 + $1.0.work : $0
                }
                guard done >= must - 1e-9, joules < cheapest else { return }
                if slot == Int(end / step + 0.5) {
                    cheapest = joules
                    return
                }
                let may = bursts.reduce(0.0) { $1.arrival <= time + 1e-9 ? $0 + $1.work : $0 }
                for (level, speed) in speeds.enumerated() {
                    let work = min(speed * step, may - done)
                    let busy = work / speed
                    search(
                        slot + 1, done + work,
                        joules + busy * model.dynamicWatts(level) + step * model.leakageWatts(level)
                    )
                }
            }
            search(0, 0, 0)
            #expect(least <= cheapest * (1 + 1e-9), "seed \(seed): \(least) above \(cheapest)")
        }
    }

    @Test func nobodyWhoIsInTimeBeatsTheBound() throws {
        let model = try Energy.steep()
        var inTime = 0
        for seed in 1...200 as ClosedRange<UInt64> {
            var random = SeededGenerator(seed: seed)
            let replay = LoadReplay(model: model, trace: Energy.trace(&random))
            let least = replay.least().joules(model.hull)
            for kind in GovernorKind.allCases {
                let outcome = replay.run(kind)
                guard outcome.missed == 0 else { continue }
                inTime += 1
                let joules = model.joules(outcome.residency)
                #expect(joules >= least * (1 - 1e-9), "seed \(seed): \(kind.rawValue)")
            }
        }
        #expect(inTime > 200)
    }

    /// The check above can fail: who is late may spend less than the bound.
    @Test func whoIsLateMayBeCheaper() throws {
        let model = try Energy.steep()
        let bursts = (0..<8).map { Burst(arrival: Double($0) / 10, work: 0.06) }
        let trace = BurstTrace(bursts: bursts, deadline: 0.1, seconds: 3)
        let replay = LoadReplay(model: model, trace: trace)
        let outcome = replay.run(.powersave)
        #expect(outcome.missed > 0)
        #expect(model.joules(outcome.residency) < replay.least().joules(model.hull))
    }

    @Test func allGovernorsDoAllOfTheWork() throws {
        let model = try Energy.steep()
        var random = SeededGenerator(seed: 11)
        let trace = BurstModel(replayedSeconds: 2).expand([30, 100, 5, 60], using: &random)
        let work = trace.bursts.reduce(0) { $0 + $1.work }
        #expect(abs(work - 1.95 * 2) < 1e-6)
        for kind in GovernorKind.allCases {
            let busy = LoadReplay(model: model, trace: trace).run(kind).residency.busy
            let done = busy.indices.reduce(0.0) { $0 + busy[$1] * model.speed($1) }
            #expect(abs(done - work) < 1e-6, "\(kind.rawValue) did \(done) of \(work)")
        }
    }

    @Test func noGovernorSeesTheStepToCome() throws {
        // Two traces are alike up to a moment; so must be the levels.
        let model = try Energy.steep()
        var random = SeededGenerator(seed: 3)
        let whole = BurstModel(replayedSeconds: 10).expand([50], using: &random)
        let cut = BurstTrace(
            bursts: whole.bursts.filter { $0.arrival < 5 }, deadline: whole.deadline, seconds: 10)
        for kind in GovernorKind.allCases {
            var levels: [[Int]] = [[], []]
            for (index, trace) in [whole, cut].enumerated() {
                _ = LoadReplay(model: model, trace: trace).run(kind) {
                    levels[index].append($0.level)
                }
            }
            #expect(levels[0].prefix(500) == levels[1].prefix(500), "\(kind.rawValue)")
        }
    }

    @Test func consolidationIsThatOfTwoBoardsByHand() throws {
        let model = try Energy.model([(1000, 0.8)], leakage: 0)
        let fleet = FleetConsolidation([[20], [20]], model: model)
        #expect(abs(fleet.allOn - (2.6 + 3.2 * 0.2)) < 1e-9)
        #expect(abs(fleet.consolidated - (2.6 + 0.01 + 3.2 * 0.4) / 2) < 1e-9)
    }
}
