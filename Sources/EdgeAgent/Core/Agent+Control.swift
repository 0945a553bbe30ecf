import Platform
import SQLiteStore
import SyncProtocol

extension Agent {
    /// Answers a tool on the board: an object with `ok` true and the answer's fields, or `error`
    /// and `exit` (the code that the tool ends with).
    func answer(_ request: Value) -> Value {
        switch request["op"]?.stringValue {
        case "status": return .object([("ok", .bool(true)), ("status", status())])
        case "devices": return devices()
        case "rules": return ruleList()
        case "power": return powerStatus()
        case "get": return get(request["path"]?.stringValue ?? "")
        case "set":
            guard let path = request["path"]?.stringValue, let value = request["value"] else {
                return refusal("set needs path and value", exit: 2)
            }
            return set(path, value)
        case let op:
            return change(op ?? "", request)
                ?? refusal(
                    "the agent knows status, devices, power, rules, get, set, add, remove, inc and "
                        + "delete",
                    exit: 2)
        }
    }

    private func get(_ prefix: String) -> Value {
        do {
            let all = try store.document.cells()
            let cells = all.filter { cell in
                let text = cell.path.text
                return prefix.isEmpty || text == prefix || text.hasPrefix(prefix + "/")
                    || prefix.hasSuffix("/") && text.hasPrefix(prefix)
            }
            let shown = Self.shown(cells)
            guard prefix.isEmpty || !shown.isEmpty else {
                return refusal("there is nothing at \(prefix)", exit: 3)
            }
            return .object([("ok", .bool(true)), ("cells", .array(shown))])
        } catch {
            return refusal("the store cannot be read: \(error)", exit: 1)
        }
    }

    /// One object a path, in the order of the paths. A deleted register shows null.
    private static func shown(_ cells: [Cell]) -> [Value] {
        var list: [Value] = []
        var rest = cells[...]
        while let first = rest.first {
            let group = Array(rest.prefix { $0.path == first.path })
            rest = rest.dropFirst(group.count)
            let value = first.kind.isRegister ? first.value : TwinView.value(group)
            guard let value else { continue }
            list.append(.object([("path", .string(first.path.text)), ("value", value)]))
        }
        return list
    }

    /// The operator at the board: durable before the answer.
    func set(_ text: String, _ value: Value) -> Value {
        let path: TwinPath
        do {
            path = try TwinPath(text)
        } catch {
            return refusal("\(error)", exit: 2)
        }
        guard path.kind == .lastWriterWins else {
            let isEmptied = path.kind == .multiValue && value == .null
            return carryOut(isEmptied ? .delete(path) : .set(path, value))
        }
        guard path.answer != nil else {
            return refusal("\(text) is too long for an answer to it", exit: 5)
        }
        guard ValueCodec.size(value) <= FrameBounds.value else {
            return refusal("\(TwinWriteFault.tooLarge(path))", exit: 5)
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
        let pending = (try? store.unconfirmed(sync.session.confirmed, bytes: 1 << 20))
        let cells = (try? store.document.count()) ?? 0
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
            sync.isOpen
            ? "synchronized" : uplink.isConnected ? "connected" : "disconnected"
        let age = reading.monotonic - uplink.since
        let since = WallTime(milliseconds: reading.wall.milliseconds - age.count)
        let link: [(String, Value)] =
            world.link?.kind.map { [("link", .string($0.rawValue))] } ?? []
        let reason: [(String, Value)] = uplink.reason.map { [("reason", .string($0))] } ?? []
        return .object(
            [
                ("state", .string(world.link == nil ? "disabled" : state))
            ] + link + [
                ("since", .string(RFC3339.text(since))),
                ("bytes_sent", .int(Int64(uplink.bytesSent))),
                ("bytes_received", .int(Int64(uplink.bytesReceived))),
                ("budget_left", budget.left.map { .int($0) } ?? .null),
            ] + reason)
    }

    private func workload(_ name: String, _ workload: WorkloadSupervisor.Workload) -> Value {
        var fields: [(String, Value)] = [("name", .string(name))]
        for entry in WorkloadSupervisor.value(workload).mapValue ?? [] {
            fields.append((entry.key, entry.value))
        }
        return .object(fields)
    }
}
