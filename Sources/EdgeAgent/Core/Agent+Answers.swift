import Platform
import SQLiteStore
import SyncProtocol

/// What the hub learns of each of its wishes.
extension Agent {
    /// An answer names the wish's dot, so that it is not taken for one to another wish.
    func answer(_ cell: Cell, _ refusal: String?) {
        guard let path = cell.path.answer else { return }
        var fields: [(String, Value)] = [
            ("epoch", .string(cell.dot.epoch.text)), ("counter", .int(Int64(cell.dot.counter))),
            ("status", .string(refusal == nil ? "applied" : "refused")),
        ]
        if let refusal { fields.append(("reason", .string(refusal))) }
        write(path, .object(fields), .event)
    }

    /// The answer to this very wish; nil where there is none yet.
    func answer(to cell: Cell) throws(SQLiteError) -> Value? {
        guard let path = cell.path.answer else { return nil }
        var answer = stage.staged(path)
        if answer == nil { answer = try store.document.register(path)?.value }
        guard answer?["epoch"]?.stringValue == cell.dot.epoch.text,
            answer?["counter"]?.intValue == Int64(cell.dot.counter)
        else { return nil }
        return answer
    }

    /// Whether a wish needs no answer any more.
    func isAnswered(_ cell: Cell) throws(SQLiteError) -> Bool {
        guard cell.path.answer != nil else { return true }
        return try answer(to: cell) != nil
    }
}
