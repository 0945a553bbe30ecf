import Platform
import SQLiteStore
import SyncProtocol

extension Agent {
    /// Answers a tool on the board: an object with `ok` true and the answer's fields, or `error`
    /// and `exit` (the code that the tool ends with).
    func answer(_ request: Value) -> Value {
        switch request["op"]?.stringValue {
        case "status": return .object([("ok", .bool(true)), ("status", status())])
        case "get": return get(request["path"]?.stringValue ?? "")
        case "set":
            guard let path = request["path"]?.stringValue, let value = request["value"] else {
                return refusal("set needs path and value", exit: 2)
            }
            return set(path, value)
        default: return refusal("the agent knows status, get and set", exit: 2)
        }
    }

    private func refusal(_ message: String, exit: Int64) -> Value {
        .object([("ok", .bool(false)), ("error", .string(message)), ("exit", .int(exit))])
    }

    private func get(_ prefix: String) -> Value {
        do {
            let all = try store.twin.cells(store.device)
            let cells = all.filter { cell in
                let text = cell.path.text
                return prefix.isEmpty || text == prefix || text.hasPrefix(prefix + "/")
                    || prefix.hasSuffix("/") && text.hasPrefix(prefix)
            }
            guard prefix.isEmpty || !cells.isEmpty else {
                return refusal("there is nothing at \(prefix)", exit: 3)
            }
            let list = cells.map { cell in
                Value.object([("path", .string(cell.path.text)), ("value", cell.value)])
            }
            return .object([("ok", .bool(true)), ("cells", .array(list))])
        } catch {
            return refusal("the store cannot be read: \(error)", exit: 1)
        }
    }

    /// The operator at the board: durable before the answer.
    private func set(_ text: String, _ value: Value) -> Value {
        let path: TwinPath
        do {
            path = try TwinPath(text)
        } catch {
            return refusal("\(error)", exit: 2)
        }
        guard path.kind == .lastWriterWins, path.answer != nil else {
            return refusal(
                "\(text) is the agent's to write; set something under desired/ or config/", exit: 5)
        }
        let earlier = stage.staged(path)
        write(path, value, .alarm)
        commit()
        guard stage.staged(path) == nil else {
            // Else it would come true later, against what the operator was told.
            stage.takeBack(path, to: earlier)
            return refusal("the store cannot be written now; nothing changed", exit: 1)
        }
        return .object([("ok", .bool(true)), ("path", .string(text)), ("value", value)])
    }

    private func status() -> Value {
        // Acknowledgements that wait for a commit count as done.
        if !stage.acknowledgements.isEmpty { commit() }
        let reading = world.timekeeper.now()
        let totals = store.totals
        let pending = (try? store.unacknowledged(session.acknowledged, bytes: 1 << 20))
        let cells = (try? store.twin.count(store.device)) ?? 0
        return .object([
            ("device", .string(store.device)), ("version", .string(version)),
            ("epoch", .string(store.epoch.text)),
            ("uptime_ms", .int((reading.monotonic - started.monotonic).count)),
            ("uplink", uplinkStatus(reading)),
            (
                "local_broker",
                .object([
                    (
                        "state",
                        .string(
                            world.bus == nil
                                ? "disabled" : bus.isConnected ? "connected" : "disconnected")
                    ),
                    ("messages_received", .int(Int64(bus.messages))),
                    ("messages_acknowledged", .int(Int64(bus.acknowledged))),
                    ("unreadable", .int(Int64(bus.unreadable))),
                    ("dropped", .int(Int64(bus.dropped))),
                ])
            ),
            (
                "log",
                .object([
                    ("written", .int(Int64(totals.written))),
                    ("acked", .int(Int64(totals.acknowledged))),
                    ("gap", .int(Int64(totals.dropped))),
                    ("pending", .int(Int64(totals.pending))),
                    ("bytes", .int((try? store.bytesUsed()) ?? 0)),
                ])
            ),
            (
                "twin",
                .object([
                    ("cells", .int(cells)),
                    (
                        "pending",
                        .int(Int64(pending?.deltas.reduce(0) { $0 + $1.cells.count } ?? 0))
                    ),
                ])
            ),
            ("workloads", .array(supervisor.workloads.sorted { $0.key < $1.key }.map(workload))),
            (
                "clock",
                .object([
                    ("quality", .string(clock.qualityText)),
                    ("time", .string(RFC3339.text(reading.wall))),
                ])
            ),
            ("store", .string(isStoreFailing ? "failing" : "ok")),
        ])
    }

    private func uplinkStatus(_ reading: ClockReading) -> Value {
        let state =
            session.session != nil
            ? "synchronized" : uplink.isConnected ? "connected" : "disconnected"
        let age = reading.monotonic - uplink.since
        let since = WallTime(milliseconds: reading.wall.milliseconds - age.count)
        return .object([
            ("state", .string(world.link == nil ? "disabled" : state)),
            ("since", .string(RFC3339.text(since))),
            ("bytes_sent", .int(Int64(uplink.bytesSent))),
            ("bytes_received", .int(Int64(uplink.bytesReceived))),
            ("budget_left", budget.left.map { .int($0) } ?? .null),
        ])
    }

    private func workload(_ name: String, _ workload: WorkloadSupervisor.Workload) -> Value {
        var fields: [(String, Value)] = [("name", .string(name))]
        for entry in WorkloadSupervisor.value(workload).mapValue ?? [] {
            fields.append((entry.key, entry.value))
        }
        return .object(fields)
    }
}
