import Foundation
import Placement
import Platform

/// Single decisions on a planned fleet: a workload is taken off its board and gets one again, with
/// all hard rules looked at and an account of the best four.
struct DecisionTimes {
    /// By the clock, sorted.
    let milliseconds: [Double]
    /// By the processor: what other programs take on a busy machine is no part of it. Sorted.
    let processorMilliseconds: [Double]

    init(
        _ matrix: LatencyMatrix, _ instance: SlotInstance, _ plan: [Int?], _ count: Int,
        seed: UInt64
    ) {
        var placer = FleetPlacer(
            boards: instance.boards.enumerated().map { index, board in
                // A slot is a core here, and sites are zones.
                FleetBoard(
                    id: String(index), zone: String(board.site),
                    resources: BoardResources(milliCPU: board.slots * 1000, memoryKiB: 1 << 20))
            })
        let workloads = instance.workloads.enumerated().map { index, workload in
            FleetWorkload(
                name: String(index),
                needs: BoardResources(milliCPU: workload.size * 1000, memoryKiB: 1))
        }
        for (workload, board) in zip(workloads, plan) {
            if let board { placer.add(workload, to: String(board)) }
        }
        var random = SplitMix64(seed: seed)
        var times: [Double] = []
        var processor: [Double] = []
        for _ in 0..<(workloads.isEmpty ? 0 : count) {
            let chosen = Int.random(in: workloads.indices, using: &random)
            let home = placer.boards(of: String(chosen)).first
            if let home { placer.remove(String(chosen), from: home) }
            let users = instance.workloads[chosen].users
            let start = ContinuousClock.now
            let used = Self.processorTime()
            let rtt = (0..<matrix.sites).map { site in
                users.reduce(0) { $0 + matrix[$1, site] } / Double(users.count)
            }
            let decision = placer.decide(workloads[chosen]) { rtt[instance.boards[$0].site] }
            if let board = decision.chosen { placer.add(workloads[chosen], to: board) }
            times.append((ContinuousClock.now - start).seconds * 1000)
            processor.append((Self.processorTime() - used) * 1000)
        }
        milliseconds = times.sorted()
        processorMilliseconds = processor.sorted()
    }

    /// Seconds that this thread has had.
    private static func processorTime() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    static func quantile(_ sorted: [Double], _ share: Double) -> Double {
        guard !sorted.isEmpty else { return 0 }
        return sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
    }
}
