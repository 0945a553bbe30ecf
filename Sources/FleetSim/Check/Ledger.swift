import Platform
import SyncProtocol

/// What was promised to whom, and what a fault took away that no one else had.
struct Ledger {
    /// An element or a value that only one step writes.
    struct Item {
        let device: String
        let path: TwinPath
        let value: Value
        /// Someone who saw it took it back, and was told that it is gone.
        var isRemoved = false
        /// Lost with the only store that had it.
        var isExcused = false
        /// What said that it is removed was lost.
        var mayReturn = false
    }

    struct Counter {
        var told: Int64 = 0
        var tried: Int64 = 0
        /// Lost with the only store that had it.
        var excused: Int64 = 0
    }

    struct Key: Hashable {
        let device: String
        let path: TwinPath
    }

    /// By number.
    var items: [Int: Item] = [:]
    var counters: [Key: Counter] = [:]
    /// Messages of local devices, by number: the device's name and the row's key.
    var published: [Int64: String] = [:]
    var excusedMessages: Set<Int64> = []
    /// The highest number that each sequence was seen to have.
    private(set) var sequences: [String: [LogSequence: UInt64]] = [:]
    /// Up to where a sequence must be known where less than that is left of it.
    private(set) var limits: [LogSequence: UInt64] = [:]
    var cloned: Set<String> = []
    var hubLosses = 0
    /// Devices of whose twin one database lost cells.
    var damaged: Set<String> = []
    var boardsRestored: Set<String> = []
    var clocksAhead: Set<String> = []
    /// Wishes that a board took while its clock was far ahead.
    var ahead: [(device: String, station: String, path: String)] = []
    /// Frames that one side would not take, which no fault here explains.
    var refused: [String] = []
    /// Events that must come, with how many of them had come before.
    private(set) var expected: [Expectation: Int] = [:]

    struct Expectation: Hashable {
        let device: String
        let event: String
    }

    mutating func written(_ device: String, _ sequence: LogSequence, _ last: UInt64) {
        let known = sequences[device]?[sequence] ?? 0
        sequences[device, default: [:]][sequence] = max(known, last)
    }

    mutating func expect(_ event: String, of device: String, after count: Int) {
        expected[Expectation(device: device, event: event)] = count
    }

    mutating func forget(_ event: String, of device: String) {
        expected[Expectation(device: device, event: event)] = nil
    }

    /// A store of a device is replaced; `left` is what all others have.
    mutating func excuse(_ device: String, isHub: Bool, lost: Holding, left: [Holding]) {
        for (number, item) in items where item.device == device {
            let carriers = left.compactMap { $0.shows(item.path, item.value) }
            if lost.shows(item.path, item.value) != nil, carriers.isEmpty {
                items[number]?.isExcused = true
            }
            guard item.isRemoved, let carrier = carriers.first else { continue }
            let isKnown = left.contains {
                $0.shows(item.path, item.value) == nil && $0.context.covers(carrier.dot)
            }
            if !isKnown { items[number]?.mayReturn = true }
        }
        for cell in lost.cells where cell.kind == .counter {
            let key = Key(device: device, path: cell.path)
            let best =
                left.flatMap(\.cells)
                .filter { $0.path == cell.path && $0.dot.epoch == cell.dot.epoch }
                .compactMap(\.value.intValue).max() ?? 0
            counters[key, default: Counter()].excused += max(0, (cell.value.intValue ?? 0) - best)
        }
        // What the hub had, boards were allowed to release.
        let kept = left.reduce(into: Set<Int64>()) { $0.formUnion($1.messages) }
        excusedMessages.formUnion(isHub ? lost.messages : lost.messages.subtracting(kept))
        for sequence in lost.sequences.keys {
            let best = left.compactMap { $0.sequences[sequence] }.max() ?? 0
            limits[sequence] = min(limits[sequence] ?? .max, best)
        }
    }
}
