import Foundation
import Platform
import PowerManager

/// Writes what a replay did, step by step, for a checker that shares no code with it.
///
/// A line of JSON with the board's figures, then `burst ARRIVAL WORK`, then for each governor
/// `governor NAME`, a line of runs `LEVEL:STEPS …`, and `claim CPU_J MISSED`; at the end `bound J`.
enum PowerDump {
    static func write(_ replay: LoadReplay, profile: BoardProfile, to path: String) throws {
        guard let model = profile.energyModel else { return }
        let power = profile.power
        var header = ResultLine()
        header.add("step_s", .double(0.01))
        header.add("deadline_s", .double(replay.trace.deadline))
        header.add("idle_w", .double(power.idle?.value ?? 0))
        header.add("full_w", .double(power.full?.value ?? 0))
        header.add("leakage_w", .double(power.leakage?.value ?? 0))
        let levels = power.levels.map {
            Value.array([.int(Int64($0.megahertz)), .double($0.volts)])
        }
        header.add("levels", .array(levels))
        header.add("steps", replay.stepCount)
        var lines = [header.json]
        lines += replay.trace.bursts.map { "burst \($0.arrival) \($0.work)" }
        for kind in GovernorKind.allCases {
            var runs: [(level: Int, count: Int)] = []
            let outcome = replay.run(kind) { step in
                if let last = runs.indices.last, runs[last].level == step.level {
                    runs[last].count += 1
                } else {
                    runs.append((step.level, 1))
                }
            }
            lines.append("governor \(kind.rawValue)")
            lines.append(runs.map { "\($0.level):\($0.count)" }.joined(separator: " "))
            lines.append("claim \(model.joules(outcome.residency)) \(outcome.missed)")
        }
        lines.append("bound \(replay.least().joules(model.hull))")
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: path))
    }
}
