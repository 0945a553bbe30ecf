import Platform
import SQLiteStore
import SyncProtocol

/// What the operator at the board does to notes, sets and counters.
extension Agent {
    /// A change named by `op`; nil where the agent knows none of that name.
    func change(_ op: String, _ request: Value) -> Value? {
        guard ["add", "remove", "inc", "delete"].contains(op) else { return nil }
        guard let text = request["path"]?.stringValue else {
            return refusal("\(op) needs a path", exit: 2)
        }
        let path: TwinPath
        do {
            path = try TwinPath(text)
        } catch {
            return refusal("\(error)", exit: 2)
        }
        let value = request["value"]
        switch op {
        case "add", "remove":
            guard let value else { return refusal("\(op) needs path and value", exit: 2) }
            return carryOut(op == "add" ? .add(path, value) : .remove(path, value))
        case "inc":
            guard let number = value?.intValue else {
                return refusal("inc needs a path and a whole number of 64 bits", exit: 2)
            }
            return carryOut(.increment(path, by: number))
        default:
            // A wish may be staged already, and the last word on it must win.
            return path.kind == .lastWriterWins ? set(text, .null) : carryOut(.delete(path))
        }
    }

    /// Durable before the answer, in a commit of its own: what is staged is kept by path, the last
    /// value alone, and two changes of one path are not one.
    func carryOut(_ write: TwinWrite) -> Value {
        let path = write.path
        guard path.kind != .singleWriter else { return notTheOperators(path) }
        let reading = world.timekeeper.now()
        var batch = AgentStore.Batch(now: clock.believed(reading))
        batch.writes = [AgentStore.Write(write)]
        do throws(SQLiteError) {
            let committed = try store.commit(batch)
            if let fault = committed.refused.first { return refusal("\(fault)", exit: 5) }
            let cells = (try? store.document.cells(at: path)) ?? []
            if !committed.documents.isEmpty {
                carryOut(sync.onChanged(store, reading.monotonic))
            }
            return .object([
                ("ok", .bool(true)), ("path", .string(path.text)),
                ("value", TwinView.value(cells) ?? .null),
            ])
        } catch {
            storeFailed(error)
            return refusal("the store cannot be written now; nothing changed", exit: 1)
        }
    }

    func notTheOperators(_ path: TwinPath) -> Value {
        refusal(
            "\(path.text) is the agent's to write; set something under desired/ or config/", exit: 5
        )
    }

    func refusal(_ message: String, exit: Int64) -> Value {
        .object([("ok", .bool(false)), ("error", .string(message)), ("exit", .int(exit))])
    }
}
