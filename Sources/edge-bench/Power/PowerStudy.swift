import Platform
import PowerManager

/// All governors on all series, summed up under several constants at once.
struct PowerStudy: Sendable {
    struct Variant: Sendable {
        let name: String
        let model: EnergyModel
    }

    let variants: [Variant]
    let scale: Double
    private(set) var residency: [GovernorKind: Residency] = [:]
    private(set) var missed: [GovernorKind: Int] = [:]
    private(set) var bursts = 0
    private(set) var replayedSeconds = 0.0
    /// Joules of the bound by variant.
    private(set) var least: [Double]
    /// Series in which ours missed more, or spent more, than schedutil.
    private(set) var worse = 0

    private init(_ model: EnergyModel, scale: Double) {
        variants =
            [Variant(name: "nominal", model: model)]
            + [0.7, 1.3].flatMap { factor in
                let sign = factor < 1 ? "-30%" : "+30%"
                return [
                    Variant(name: "dynamic\(sign)", model: model.scaled(dynamic: factor)),
                    Variant(name: "leakage\(sign)", model: model.scaled(leakage: factor)),
                    Variant(name: "floor\(sign)", model: model.scaled(floor: factor)),
                ]
            }
        self.scale = scale
        least = Array(repeating: 0, count: variants.count)
    }

    /// Each series is by itself, so they are shared out over the cores; sums are in the order of
    /// the series, and the same in each run.
    static func run(
        _ series: [[Int]], model: EnergyModel, bursts: BurstModel, seed: UInt64
    ) async -> PowerStudy {
        let workers = 4
        let parts = await withTaskGroup(of: [(Int, PowerStudy)].self) { group in
            for worker in 0..<workers {
                group.addTask {
                    stride(from: worker, to: series.count, by: workers).map { index in
                        var random = SplitMix64(seed: seed &+ UInt64(index))
                        var study = PowerStudy(model, scale: bursts.scale)
                        study.add(bursts.expand(series[index], using: &random))
                        return (index, study)
                    }
                }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
        return parts.sorted { $0.0 < $1.0 }.reduce(into: PowerStudy(model, scale: bursts.scale)) {
            $0.merge($1.1)
        }
    }

    private mutating func add(_ trace: BurstTrace) {
        let model = variants[0].model
        let replay = LoadReplay(model: model, trace: trace)
        for kind in GovernorKind.allCases {
            let outcome = replay.run(kind)
            residency[kind] = outcome.residency
            missed[kind] = outcome.missed
        }
        bursts = trace.bursts.count
        replayedSeconds = trace.seconds
        let path = replay.least()
        least = variants.map { path.joules($0.model.hull) }
        let isLater = missed[.ours, default: 0] > missed[.schedutil, default: 0]
        let isDearer = joules(.ours, 0) > joules(.schedutil, 0) * (1 + 1e-9)
        worse = isLater || isDearer ? 1 : 0
    }

    private mutating func merge(_ other: PowerStudy) {
        for (kind, part) in other.residency {
            residency[kind, default: Residency(levels: part.time.count)] += part
            missed[kind, default: 0] += other.missed[kind, default: 0]
        }
        for index in least.indices { least[index] += other.least[index] }
        bursts += other.bursts
        replayedSeconds += other.replayedSeconds
        worse += other.worse
    }

    private func joules(_ kind: GovernorKind, _ variant: Int) -> Double {
        residency[kind].map { variants[variant].model.joules($0) } ?? 0
    }

    /// True where the bound is within 1 % of schedutil.
    var isFlat: Bool { joules(.schedutil, 0) - least[0] < 0.01 * joules(.schedutil, 0) }

    private func gapClosed(_ joules: Double, _ variant: Int) -> Value {
        let start = self.joules(.schedutil, variant)
        // A share of next to nothing would be noise.
        guard start - least[variant] >= 0.001 * start else { return .null }
        return .number((1000 * (start - joules) / (start - least[variant])).rounded() / 1000)
    }

    func lines(variant: Int) -> [ResultLine] {
        let floor = variants[variant].model.floor * replayedSeconds
        let rows =
            GovernorKind.allCases.map { ($0.rawValue, joules($0, variant), missed[$0] ?? 0) }
            // The bound is late where even the highest clock is.
            + [("bound", least[variant], missed[.performance] ?? 0)]
        return rows.map { name, joules, missed in
            var line = ResultLine()
            line.add("policy", name)
            line.add("cpu_j", joules * scale)
            line.add("board_j", (joules + floor) * scale)
            line.add("missed", missed)
            line.add("gap_closed", gapClosed(joules, variant))
            line.add("cpu_mw", 1000 * joules / replayedSeconds)
            line.add("board_mw", 1000 * (joules + floor) / replayedSeconds)
            line.add("bursts", bursts)
            if name == "ours" { line.add("series_worse", worse) }
            line.add("constants", variants[variant].name)
            line.add("kind", "modelled")
            return line
        }
    }

    /// How far ±30 % of each constant moves what is claimed of ours.
    var rangeLine: ResultLine {
        let all = variants.indices
        let shares = all.compactMap { gapClosed(joules(.ours, $0), $0).doubleValue }
        let saved = all.map { 1 - joules(.ours, $0) / joules(.schedutil, $0) }
        let gaps = all.map { 1 - least[$0] / joules(.schedutil, $0) }
        var entries: [(String, Value)] = [
            ("constants", .string("dynamic, leakage and floor, each -30% and +30%"))
        ]
        for (name, values) in [("gap_closed", shares), ("saved_cpu", saved), ("gap_cpu", gaps)] {
            for (end, value) in [("min", values.min()), ("max", values.max())] {
                let rounded = value.map { Value.number(($0 * 1000).rounded() / 1000) }
                entries.append(("\(name)_\(end)", rounded ?? .null))
            }
        }
        var line = ResultLine()
        line.add("sensitivity", .object(entries))
        line.add("kind", "modelled")
        return line
    }
}
