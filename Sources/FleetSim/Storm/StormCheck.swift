import Placement
import Platform

/// Holds a storm to its promises, from what truly runs where.
struct StormCheck {
    /// No silence that is shorter moves anything.
    private static let blip = 120
    /// A board that died within a common silence waits as long as that may.
    private static let placeMax = 45 * 60

    var report: StormReport
    var isInitial = true
    private var wishes: [String: FleetKeeper.Wish] = [:]
    /// By workload, the boards that run it and since when.
    private var running: [String: [Int: Int]] = [:]
    /// By workload and board, whom it makes up for.
    private var substitutes: [String: [String: String]] = [:]
    private var awaited: [String: [(board: String, died: Int)]] = [:]

    init(seed: UInt64) { report = StormReport(seed: seed) }

    mutating func add(_ wish: FleetKeeper.Wish) {
        wishes[wish.workload.name] = wish
        report.workloads += 1
    }

    /// The hub has placed a replica.
    mutating func placed(
        _ place: FleetKeeper.Place, _ second: Int, heard: (index: Int, value: Int)?,
        _ died: [Int: Int]
    ) {
        substitutes[place.workload, default: [:]][place.board] = place.substitutes
        guard !isInitial else { return }
        report.moves += 1
        guard let heard else { return }
        if died[heard.index] != nil { return report.movesForDeaths += 1 }
        let silence = second - heard.value
        if silence < Self.blip {
            report.find(second, "\(place.workload) moved for a blip of \(silence) s")
        }
        if heard.index % 3 == 0, silence <= StormWeather.commonLength,
            StormWeather.commonStarts.contains(where: {
                ($0..<$0 + StormWeather.commonLength).contains(second)
            })
        {
            report.find(second, "\(place.workload) moved for a silence of the network")
        }
    }

    /// The board that is told to stop: with a mutant the one that came back.
    func target(_ workload: String, _ board: String, _ mutant: StormMutant?) -> String {
        guard mutant == .stopsTheOriginal else { return board }
        return substitutes[workload]?[board] ?? board
    }

    mutating func died(_ board: Int, _ name: String, _ workloads: Set<String>, _ second: Int) {
        report.deaths += 1
        for workload in workloads {
            running[workload]?[board] = nil
            awaited[workload, default: []].append((name, second))
        }
    }

    mutating func note(
        _ board: Int, _ name: String, _ change: StormBoard.Change, _ second: Int
    ) {
        switch change {
        case .started(let workload): started(workload, board, name, second)
        case .leaseEnded(let workload):
            running[workload]?[board] = nil
            report.leaseEnds += 1
        case .stopped(let workload): stopped(workload, board, name, second)
        }
    }

    private mutating func started(_ workload: String, _ board: Int, _ name: String, _ second: Int) {
        guard let wish = wishes[workload] else { return }
        if wish.isSingle, let other = running[workload]?.keys.first {
            report.leaseViolations += 1
            report.find(second, "\(workload) runs on b\(other) and on \(name)")
        }
        running[workload, default: [:]][board] = second
        let index = awaited[workload]?.firstIndex {
            wish.isSingle || substitutes[workload]?[name] == $0.board
        }
        guard let index, let death = awaited[workload]?.remove(at: index) else { return }
        let seconds = second - death.died
        if wish.isSingle {
            report.singleSeconds.append(seconds)
        } else {
            report.replicaSeconds.append(seconds)
        }
        if seconds > Self.placeMax {
            report.find(second, "\(workload) waited \(seconds) s after a death")
        }
    }

    /// By the hub's word. That is right for one of too many, and the youngest; never for one whose
    /// lease goes on, or without which there are too few.
    private mutating func stopped(_ workload: String, _ board: Int, _ name: String, _ second: Int) {
        guard let wish = wishes[workload], let since = running[workload]?.removeValue(forKey: board)
        else { return }
        let older = (running[workload] ?? [:]).values.count { $0 <= since }
        guard wish.isSingle || older < wish.replicas else { return }
        report.needlessRestarts += 1
        report.find(second, "\(workload) was stopped on \(name) without need")
    }

    /// All has been quiet for long.
    mutating func end(_ second: Int, _ keeper: FleetKeeper) {
        for (name, wish) in wishes.sorted(by: { $0.key < $1.key }) {
            let count = running[name]?.count ?? 0
            guard count != wish.replicas else { continue }
            report.find(second, "\(name) runs \(count) times at the end, not \(wish.replicas)")
        }
        let missing = wishes.keys.reduce(0) { $0 + keeper.missing(of: $1) }
        if missing > 0 {
            report.find(second, "\(missing) replicas wait for a board at the end")
        }
    }
}
