import Platform
import SQLiteStore
import SyncProtocol

/// What a user sees of a replica's document and logs.
enum ScriptView {
    enum Source {
        case hub(HubStore, String)
        case device(AgentStore, String)
    }

    static func value(_ source: Source) throws -> Value {
        switch source {
        case .hub(let store, let name):
            return .object(try twin(store.twin.document(name)) + logs(store, name))
        case .device(let store, let name):
            let logs = name == AgentStore.own ? try logs(store) : []
            return .object(try twin(store.twin.document(name)) + logs)
        }
    }

    private static func twin(_ document: TwinDocument) throws -> [(String, Value)] {
        var entries: [(String, Value)] = []
        var rest = try document.cells()[...]
        while let first = rest.first {
            let cells = Array(rest.prefix { $0.path == first.path })
            rest = rest.dropFirst(cells.count)
            guard let value = TwinView.value(cells) else { continue }
            if case .array(let items) = value, !first.kind.isRegister {
                entries.append((first.path.text, ScriptValue.sorted(items)))
            } else {
                entries.append((first.path.text, ScriptValue.write(value)))
            }
        }
        return entries
    }

    /// One stream over all epochs of its board.
    private struct Log {
        var count: UInt64 = 0
        var first: UInt64?
        var last: UInt64 = 0
        var gaps: [Value] = []

        var value: Value {
            .object([
                ("count", .int(Int64(clamping: count))),
                ("first", first.map { .int(Int64(clamping: $0)) } ?? .null),
                ("last", .int(Int64(clamping: last))), ("gaps", .array(gaps)),
            ])
        }

        mutating func add(_ gap: LogGap, of epoch: Epoch) {
            gaps.append(
                .array([
                    .string(epoch.text), .int(Int64(clamping: gap.first)),
                    .int(Int64(clamping: gap.last)),
                ]))
        }
    }

    private static func logs(_ store: HubStore, _ device: String) throws -> [(String, Value)] {
        var logs: [String: Log] = [:]
        for cursor in try store.log.cursors(device) where cursor.sequence.stream.hasPrefix("log/") {
            var log = logs[cursor.sequence.stream] ?? Log()
            log.count += cursor.rows
            if cursor.upto > 0 { log.first = 1 }
            log.last = max(log.last, cursor.upto)
            logs[cursor.sequence.stream] = log
        }
        for entry in try store.log.page(device, stream: nil, after: 0, limit: .max) {
            guard case .gap(let gap) = entry.item else { continue }
            logs[entry.sequence.stream]?.add(gap, of: entry.sequence.epoch)
        }
        return entries(logs)
    }

    private static func logs(_ store: AgentStore) throws -> [(String, Value)] {
        var logs: [String: Log] = [:]
        for (stream, finished) in try store.outbox.finished() where stream.hasPrefix("log/") {
            var log = Log()
            log.count = finished.rows
            log.first = 1
            log.last = finished.last
            logs[stream] = log
        }
        for stream in store.outbox.streams.values where stream.sequence.stream.hasPrefix("log/") {
            var log = logs[stream.sequence.stream] ?? Log()
            let gaps = try store.outbox.gaps(stream, from: 1)
            log.count += stream.last - gaps.reduce(0) { $0 + $1.count }
            if stream.last > 0 { log.first = 1 }
            log.last = max(log.last, stream.last)
            for gap in gaps { log.add(gap, of: stream.sequence.epoch) }
            logs[stream.sequence.stream] = log
        }
        return entries(logs)
    }

    private static func entries(_ logs: [String: Log]) -> [(String, Value)] {
        logs.sorted { $0.key < $1.key }.map { ($0.key, $0.value.value) }
    }
}
