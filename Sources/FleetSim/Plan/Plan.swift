import EdgeAgent
import Platform
import Simulator

/// All that is to happen in one world, from one seed.
struct Plan: Sendable {
    let seed: UInt64
    var devices: Int
    /// How long the troubled part lasts.
    var span: Milliseconds
    /// Small frames and few removal records, so that answers take several parts.
    var isNarrow: Bool
    /// Whether boards run programs. They are looked after every second, so worlds with them take
    /// longer than all that this is about; and each of two boards with one key would report its
    /// own for ever.
    var hasWorkloads: Bool
    /// The longest way of a frame in good times.
    var delay: Milliseconds
    var steps: [Step]
    /// Where a failing run tells what it does.
    var trace: (@Sendable (String) -> Void)?
    #if EDGE_MUTANTS
        var agentMutant: Mutant?
    #endif

    /// The plan with some of its steps alone.
    func only(_ numbers: Set<Int>) -> Plan {
        var plan = self
        plan.steps = steps.filter { numbers.contains($0.number) }
        return plan
    }

    /// Removal records that the hub keeps of a document.
    var removalsMaximum: Int64 { isNarrow ? 3 : 512 }

    var faults: [String: Int] {
        steps.reduce(into: [:]) { counts, step in
            if let name = step.act.faultName { counts[name, default: 0] += 1 }
        }
    }
}

/// Makes plans.
struct Planner {
    /// Nil takes what the seed says.
    var devices: Int?
    var hours = 6
    var operations = 300
    var faults = 5
    /// Each seed leaves a part of all kinds of operations and faults out: what crashes hide is
    /// found where nothing crashes.
    var isSwarm = false

    private static let operationKinds = 9
    private static let faultKinds = 16
    private static let cloneKind = 12

    func plan(seed: UInt64) -> Plan {
        var random = SimRandom(seed: seed ^ 0x5EED_F1EE_7000_0000)
        let count = devices ?? 3 + random.below(6)
        let span = Milliseconds(Int64(hours) * 3_600_000)
        var operationKinds = Array(0..<Self.operationKinds)
        var faultKinds = Array(0..<Self.faultKinds)
        if isSwarm {
            operationKinds = operationKinds.filter { _ in random.chance(percent: 60) }
            if operationKinds.isEmpty { operationKinds = [0, 1] }
            // One seed in eight knows no fault at all.
            let share = random.chance(percent: 12) ? 0 : 50
            faultKinds = faultKinds.filter { _ in random.chance(percent: share) }
        }
        var plan = Plan(
            seed: seed, devices: count, span: span, isNarrow: random.chance(percent: 50),
            hasWorkloads: random.chance(percent: 20), delay: [1, 50, 2000][random.below(3)],
            steps: [])
        if plan.hasWorkloads { faultKinds.removeAll { $0 == Self.cloneKind } }
        var drawn: [(time: Milliseconds, act: Act)] = []
        if !faultKinds.isEmpty {
            for _ in 0..<faults {
                let time = random.span(
                    Milliseconds(span.count / 40), Milliseconds(span.count * 9 / 10))
                let kind = faultKinds[random.below(faultKinds.count)]
                drawn += fault(kind, at: time, boards: count, &random)
            }
        }
        // From numbers of their own, so that all other steps of a seed are what they were.
        var chance = SimRandom(seed: seed ^ 0xDA3A_6ED0_CE11_0000)
        let damage =
            !faultKinds.isEmpty && chance.chance(percent: 30)
            ? Self.damage(span, boards: count, &chance) : nil
        let moments = drawn.filter(\.act.isFault).map(\.time)
        var kept: [(number: Int, board: Int, path: String, value: Value)] = []
        for number in 0..<operations {
            let time = moment(moments, span, &random)
            let board = random.below(count)
            let kind = operationKinds[random.below(operationKinds.count)]
            let act = operation(
                kind, hasWorkloads: plan.hasWorkloads, number: number, board: board, &kept, &random)
            drawn.append((time, act))
        }
        if let damage { drawn.append(damage) }
        // Stable: what is drawn for one moment happens in the order of drawing.
        let ordered = drawn.enumerated().sorted {
            ($0.element.time, $0.offset) < ($1.element.time, $1.offset)
        }
        plan.steps = ordered.map {
            Step(number: $0.offset, time: $0.element.time, act: $0.element.act)
        }
        return plan
    }

    /// Half of all that is done is done near a fault, where it matters.
    private func moment(
        _ faults: [Milliseconds], _ span: Milliseconds, _ random: inout SimRandom
    ) -> Milliseconds {
        guard !faults.isEmpty, random.chance(percent: 50) else {
            return random.span(5000, Milliseconds(span.count * 95 / 100))
        }
        let fault = faults[random.below(faults.count)]
        let around: Milliseconds = random.chance(percent: 30) ? 2000 : 180_000
        return max(5000, fault - around + random.span(0, around * 2))
    }
}
