import ArgumentParser
import Foundation
import Platform
import SyncProtocol

/// `edge-bench sync`: replays the traces that other engines replay too.
struct SyncCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sync",
        abstract: "Replays sync traces through the real engine and prints a row for each.",
        discussion: """
            The traces are text files, a_batch, a_each, b, c1, c2 and d, of two replicas. Bytes \
            are whole frames as a link gets them; greetings, questions and acknowledgements stand \
            apart as control_bytes. encode_us and apply_us are of frames in memory, merge_ms until \
            the writes are durable at the hub, write_us_per_op processor time.
            """)

    @Argument(help: "The folder with the traces.")
    var folder: String

    @Option(help: "Only these rows, with commas between.")
    var rows = "a_batch,a_each,b,c1,c2,d"

    @Flag(help: "Accepted for uniformity; the result is always one JSON line a row.")
    var json = false

    func run() throws {
        let scratch = FileManager.default.temporaryDirectory
            .appendingPathComponent("edge-sync-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: scratch) }
        do {
            for name in rows.split(separator: ",") {
                let trace = try SyncTrace.read(String(name), in: folder)
                let rows = scratch.appendingPathComponent(trace.name)
                try FileManager.default.createDirectory(
                    at: rows, withIntermediateDirectories: true)
                var replay = SyncReplay(trace: trace, folder: rows.path)
                Terminal.print(try replay.run().json)
            }
        } catch let fault as SyncTrace.Fault {
            Terminal.say("\(fault)")
            throw ExitCode(2)
        }
    }
}

/// One trace through the engine.
struct SyncReplay {
    let trace: SyncTrace
    let folder: String
    private var documents = 0
    private var converged = 0
    private var bytes: [Double] = []
    private var controlBytes = 0
    private var uplink = 0
    private var trips: [Double] = []
    private var merges: [Double] = []
    private var encode: [Double] = []
    private var apply: [Double] = []
    private var operations = 0
    private var writeSeconds = 0.0
    private var disk: Int?
    private var loadSeconds: Double?

    init(trace: SyncTrace, folder: String) {
        self.trace = trace
        self.folder = folder
    }

    /// The first exchange seeds a document and is not counted, except where it is the subject.
    private var seedsUncounted: Int { trace.name == "b" ? 0 : 1 }

    mutating func run() throws -> ResultLine {
        var pair: SyncPair?
        var steps: [MemoryPair.Step] = []
        var pending: [[TwinWrite]] = [[], []]
        var exchanges = 0
        for step in trace.steps {
            switch step {
            case .document:
                if let pair { try finish(pair, exchanges, steps) }
                documents += 1
                steps = []
                exchanges = 0
                pending = [[], []]
                pair = try SyncPair(folder: folder, number: documents)
            case .write(let replica, let write): pending[replica].append(write)
            case .commit(let replica):
                guard let pair else { continue }
                let writes = Self.coalesced(pending[replica])
                pending[replica] = []
                steps.append(.take(try pair.commit(writes, at: replica), replica: replica))
            case .exchange:
                guard let pair else { continue }
                let isCounted = exchanges >= seedsUncounted
                try exchange(pair, isCounted)
                steps.append(.exchange(isCounted: isCounted))
                exchanges += 1
            }
        }
        if let pair { try finish(pair, exchanges, steps) }
        return row()
    }

    /// Of several values set at one key in one commit only the last is written, as the agent does.
    private static func coalesced(_ writes: [TwinWrite]) -> [TwinWrite] {
        var places: [TwinPath: Int] = [:]
        var kept: [TwinWrite] = []
        for write in writes {
            if case .set = write, let place = places[write.path] {
                kept[place] = write
                continue
            }
            places[write.path] = kept.count
            kept.append(write)
        }
        return kept
    }

    private mutating func exchange(_ pair: SyncPair, _ isCounted: Bool) throws {
        let exchange = try pair.exchange()
        guard isCounted else { return }
        bytes += exchange.data.map { Double($0.bytes) }
        controlBytes += exchange.controlBytes
        uplink = exchange.data.filter(\.isUp).reduce(0) { $0 + $1.bytes }
        trips.append(Double(exchange.roundTrips))
        merges += exchange.merge
    }

    private mutating func finish(
        _ pair: SyncPair, _ exchanges: Int, _ steps: [MemoryPair.Step]
    ) throws {
        operations += pair.operations
        writeSeconds += pair.writeSeconds
        if exchanges > 0 {
            converged += try pair.isConverged() ? 1 : 0
            let memory = MemoryPair()
            try memory.run(steps)
            encode += memory.encode
            apply += memory.apply
            return
        }
        try pair.device.store.checkpoint()
        let attributes = try FileManager.default.attributesOfItem(atPath: pair.device.path)
        disk = (attributes[.size] as? NSNumber)?.intValue
        let start = ContinuousClock.now
        try pair.device.reopen()
        _ = try pair.device.store.document.count()
        loadSeconds = (ContinuousClock.now - start).seconds
    }

    private func row() -> ResultLine {
        var line = ResultLine()
        line.add("row", trace.name)
        line.add("docs", documents)
        if !bytes.isEmpty {
            line.add("converged", converged)
            line.add("delta_bytes_median", Self.percentile(bytes, 50))
            line.add("delta_bytes_p95", Self.percentile(bytes, 95))
            line.add("control_bytes", controlBytes)
            line.add("encode_us", Self.percentile(encode, 50) * 1e6)
            line.add("apply_us", Self.percentile(apply, 50) * 1e6)
            line.add("merge_ms", Self.percentile(merges, 50) * 1e3)
            line.add("round_trips", Self.percentile(trips, 100))
        }
        line.add("write_us_per_op", writeSeconds * 1e6 / Double(max(operations, 1)))
        if let disk { line.add("disk_bytes", disk) }
        if let loadSeconds { line.add("load_ms", loadSeconds * 1e3) }
        if trace.name == "d" { line.add("uplink_bytes", uplink) }
        return line
    }

    static func percentile(_ values: [Double], _ percent: Int) -> Double {
        guard !values.isEmpty else { return 0 }
        let sorted = values.sorted()
        guard percent == 50, sorted.count % 2 == 0 else {
            return sorted[min(sorted.count - 1, sorted.count * percent / 100)]
        }
        return (sorted[sorted.count / 2 - 1] + sorted[sorted.count / 2]) / 2
    }
}
