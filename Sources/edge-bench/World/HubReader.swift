import FleetClient
import Platform

/// The hub's API as the harness reads it. The only file here that knows `FleetClient`.
struct HubReader {
    let url: String
    let token: String

    /// A cell of a device's twin at the hub.
    struct Cell {
        let path: String
        let value: Value
        /// `pending`, `applied` or `refused`; nil for what the device reports.
        let status: String?
    }

    /// `store`, `mqtt` and `coap` of `/healthz`; nil while the hub does not answer.
    func health() async throws -> (store: String, mqtt: String, coap: String)? {
        try await ifReachable { client throws(FleetClientError) in
            let health = try await client.health().content
            return (health.store, health.mqtt, health.coap)
        }
    }

    /// A number without labels of `/metrics`; nil while the hub does not answer.
    func metric(_ name: String) async throws -> Int? {
        let text = try await ifReachable { client throws(FleetClientError) in
            try await client.metrics()
        }
        return text.flatMap { Self.metric(name, in: $0) }
    }

    static func metric(_ name: String, in text: String) -> Int? {
        let line = text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
        return line?.split(separator: " ").last.flatMap { Int($0) }
    }

    /// How far the hub has each stream of a device.
    func cursors(_ device: String) async throws -> [HubCursor] {
        try await call { client throws(FleetClientError) in
            try await client.logCursors(device).content.map {
                HubCursor(
                    stream: $0.stream, epoch: $0.epoch, upto: Int($0.upto), rows: Int($0.rows),
                    gapRows: Int($0.gapRows), trimmedRows: Int($0.trimmedRows))
            }
        }
    }

    /// The same; nil while the hub does not answer or does not know the device yet.
    func cursorsIfReachable(_ device: String) async throws -> [HubCursor]? {
        try await ifReachable { client throws(FleetClientError) in
            try await client.logCursors(device).content.map {
                HubCursor(
                    stream: $0.stream, epoch: $0.epoch, upto: Int($0.upto), rows: Int($0.rows),
                    gapRows: Int($0.gapRows), trimmedRows: Int($0.trimmedRows))
            }
        }
    }

    /// All entries of a device's log, of one stream or of all.
    func entries(_ device: String, stream: String? = nil) async throws -> [HubEntry] {
        try await call { client throws(FleetClientError) in
            var entries: [HubEntry] = []
            var after: Int64 = 0
            while true {
                let page = try await client.log(device, stream: stream, after: after).content
                entries += page.rows.map(HubEntry.init)
                // A page that does not lead on would be read for ever.
                guard !page.rows.isEmpty, page.next > after else { return entries }
                after = page.next
            }
        }
    }

    /// The cells whose path begins with `prefix`; none while the hub does not know the device.
    func cells(_ device: String, prefix: String) async throws -> [Cell] {
        let cells = try await ifReachable { client throws(FleetClientError) in
            try await client.twin(device, prefix: prefix).content.map(Cell.init)
        }
        return cells ?? []
    }

    /// One cell; nil where there is none.
    func cell(_ device: String, path: String) async throws -> Cell? {
        try await ifReachable { client throws(FleetClientError) in
            Cell(try await client.cell(device, path).content)
        }
    }

    private func call<Result>(
        _ body: (FleetClient) async throws(FleetClientError) -> Result
    ) async throws -> Result {
        let client = FleetClient(url: try HubURL(url), token: token)
        do {
            let result = try await body(client)
            await client.shutdown()
            return result
        } catch {
            await client.shutdown()
            throw error
        }
    }

    /// The same, with nil for a hub that is down, starting or without the thing asked for.
    private func ifReachable<Result>(
        _ body: (FleetClient) async throws(FleetClientError) -> Result
    ) async throws -> Result? {
        do { return try await call(body) } catch let error as FleetClientError
            where [.unreachable, .unavailable, .notFound].contains(error.code)
        {
            return nil
        }
    }
}

extension HubReader.Cell {
    fileprivate init(_ cell: TwinCell) {
        self.init(path: cell.path, value: cell.value, status: cell.status?.description)
    }
}

extension HubEntry {
    fileprivate init(_ row: LogRow) {
        let content: Content
        switch row.content {
        case .entry(let entry):
            content = .row(
                Row(
                    seq: Int(entry.seq), time: entry.time ?? "", clock: entry.clock,
                    key: entry.key, value: entry.value))
        case .gap(let gap):
            content = .gap(first: Int(gap.first), last: Int(gap.last), reason: gap.reason)
        }
        self.init(stream: row.stream, epoch: row.epoch, content: content)
    }
}
