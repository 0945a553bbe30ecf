import EdgeAgent
import FleetHub
import Foundation
import LinuxPlatform
import Platform
import SQLiteStore
import SyncProtocol

/// A device and a hub with real stores on a disk, and what their frames cost.
final class SyncPair {
    struct Exchange {
        /// Whole frames that carry writes, in the order of sending; true where the device sent it.
        var data: [(bytes: Int, isUp: Bool)] = []
        /// Frames that carry none: greetings, questions, acknowledgements.
        var controlBytes = 0
        /// Trips until both held everything.
        var roundTrips = 0
        /// From a frame's arrival at the hub until its writes were durable there.
        var merge: [Double] = []
    }

    let device: BenchDevice
    let hub: BenchHub
    private(set) var wall = BenchReplicas.start
    private(set) var operations = 0
    private(set) var writeSeconds = 0.0

    static let key = "device"

    init(folder: String, number: Int) throws {
        let compressor = Zstd(prefix: LogBatchCodec.vocabulary)
        device = try BenchDevice(
            key: Self.key, path: "\(folder)/\(number)-device.db",
            entropy: BenchEntropy(rank: 1, seed: UInt64(number) &* 2 &+ 1), compressor: compressor)
        hub = try BenchHub(
            path: "\(folder)/\(number)-hub.db",
            entropy: BenchEntropy(rank: 2, seed: UInt64(number) &* 2 &+ 2), compressor: compressor)
    }

    /// One commit at one side; the cells that it put. Time is the processor's.
    func commit(_ writes: [TwinWrite], at replica: Int) throws -> [Cell] {
        wall = WallTime(milliseconds: wall.milliseconds + 1000)
        device.wall = wall
        hub.wall = wall
        let start = ProcessorTime.now
        let changed: [Cell]
        if replica == 0 {
            changed = try device.write(writes).changed
        } else {
            changed = try hub.write(writes, to: Self.key)
        }
        writeSeconds += ProcessorTime.now - start
        operations += writes.count
        return changed
    }

    func exchange() throws -> Exchange {
        var exchange = Exchange()
        var frames = try device.begin(nil)
        var trips = 0
        for _ in 0..<BenchReplicas.tripsMaximum where !frames.isEmpty {
            trips += 1
            var answers: [[UInt8]] = []
            for frame in frames {
                let start = ContinuousClock.now
                answers += try hub.receive(frame, from: Self.key)
                let seconds = (ContinuousClock.now - start).seconds
                if hub.lastBroughtWrites {
                    exchange.merge.append(seconds)
                    exchange.data.append((frame.count, true))
                } else {
                    exchange.controlBytes += frame.count
                }
            }
            frames = []
            for answer in answers {
                let before = device.joinedFrames
                frames += try device.receive(answer, nil)
                if device.joinedFrames > before {
                    exchange.data.append((answer.count, false))
                } else {
                    exchange.controlBytes += answer.count
                }
            }
            if exchange.roundTrips == 0, try isConverged() { exchange.roundTrips = trips }
        }
        return exchange
    }

    func isConverged() throws -> Bool {
        let mine = try ScriptView.value(.device(device.store, AgentStore.own))
        return try mine == ScriptView.value(.hub(hub.store, Self.key))
    }
}

/// Processor time of this process, in seconds.
enum ProcessorTime {
    static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
