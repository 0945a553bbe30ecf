import Foundation

/// What a process grew by while boards connected to it and were idle.
struct Growth {
    let boards: Int
    /// Resident memory in KiB.
    let before: Int
    let after: Int

    /// Each board's share in bytes; nil where there were too few.
    var bytesPerBoard: Int? { boards > 0 ? (after - before) * 1024 / boards : nil }
}

/// What a load led to.
struct IngestFigures {
    let link: String
    let security: String
    let devices: Int
    let batch: Int
    /// Rows that the hub acknowledged, and so had committed, while it was measured; and how long
    /// each frame took from leaving its board to its acknowledgement there.
    let rows: UInt64
    let seconds: Double
    let latencies: [Duration]
    /// The hub's, at the end of the load.
    let memory: MemoryFigures
    /// Before the load.
    let hub: Growth
    /// Nil where there is no broker.
    let broker: Growth?
    /// Until all connections stood, which is not measured time.
    let connectSeconds: Double
    /// At the hub's sockets, over the whole run; nil over MQTT.
    let datagramsLost: Int?
    /// The hub's, in the measured time.
    let processorSeconds: Double
    let commits: Int
    let ceiling: Double

    var perSecond: Double { seconds > 0 ? Double(rows) / seconds : 0 }

    /// Of a share of the frames, the longest time.
    func percentile(_ share: Double) -> Double {
        let sorted = latencies.sorted()
        guard !sorted.isEmpty else { return 0 }
        let place = Int((Double(sorted.count) * share).rounded(.up)) - 1
        return sorted[min(max(place, 0), sorted.count - 1)].seconds * 1000
    }

    var line: ResultLine {
        var line = ResultLine()
        line.add("link", link)
        line.add("security", security)
        line.add("devices", devices)
        line.add("batch", batch)
        line.add("deltas_per_s", Int(perSecond))
        line.add("p50_ms", percentile(0.5))
        line.add("p99_ms", percentile(0.99))
        line.add("hub_rss_kib", memory.rss)
        if let bytes = hub.bytesPerBoard { line.add("bytes_per_board", bytes) }
        if let bytes = broker?.bytesPerBoard { line.add("broker_bytes_per_board", bytes) }
        line.add("connect_s", connectSeconds)
        if let datagramsLost { line.add("datagrams_lost", datagramsLost) }
        line.add("sqlite_rows_per_s", Int(ceiling))
        line.add("share", ceiling > 0 ? perSecond / ceiling : 0)
        line.add("rows_per_commit", commits > 0 ? Double(rows) / Double(commits) : 0)
        line.add("hub_cpu_share", seconds > 0 ? processorSeconds / seconds : 0)
        return line
    }
}
