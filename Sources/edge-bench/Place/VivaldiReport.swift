import Placement
import Platform

/// The line of one seed.
struct VivaldiReport {
    let line: ResultLine
    let median: Double

    init(_ matrix: LatencyMatrix, _ probes: Int, _ rehearsals: Int, _ seed: UInt64) {
        var line = ResultLine()
        var replay = VivaldiReplay(matrix, probes: probes, rehearsals: rehearsals, seed: seed)
        var course: [(String, Value)] = []
        let shown: Set<Int> = [1, 2, 5, 10, 15, 20, 30, 40, 50, 100, 200, 500, 1000]
        for probe in 1...probes {
            replay.step()
            if shown.contains(probe), probe < probes {
                course.append(("\(probe)", Self.share(replay.errors(), 0.5)))
            }
        }
        let errors = replay.errors()
        median = VivaldiReplay.quantile(errors, 0.5)
        line.add("seed", Int(seed))
        line.add("nodes", matrix.sites)
        line.add("probes", probes)
        line.add("pairs", errors.count)
        line.add("median", Self.share(errors, 0.5))
        line.add("p90", Self.share(errors, 0.9))
        line.add(
            "convergence",
            .array(course.map { .array([.int(Int64($0.0) ?? 0), $0.1]) }))
        let gone = replay.replace(0.2)
        for _ in 0..<10 { replay.step() }
        line.add("churn_new_after_10", Self.share(replay.errors(of: gone), 0.5))
        line.add("churn_all_after_10", Self.share(replay.errors(), 0.5))
        for _ in 0..<10 { replay.step() }
        line.add("churn_new_after_20", Self.share(replay.errors(of: gone), 0.5))

        var paper = VivaldiReplay(matrix, probes: probes, rehearsals: 0, seed: seed)
        for _ in 0..<probes { paper.step() }
        line.add("paper_median", Self.share(paper.errors(), 0.5))
        self.line = line
    }

    private static func share(_ errors: [Double], _ at: Double) -> Value {
        .number((VivaldiReplay.quantile(errors, at) * 10_000).rounded() / 10_000)
    }
}
