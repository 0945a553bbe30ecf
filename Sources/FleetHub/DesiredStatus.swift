import Platform
import SyncProtocol

/// What became of a wish at the board.
///
/// The board answers each cell under `desired/` and `config/` at `reported/<the same path>` with
/// the wish's dot, so an answer to an older wish is not taken for one to this.
struct DesiredStatus {
    let status: String
    let reason: String?

    init(_ desired: Cell, answer: Value?) {
        guard let answer, answer["epoch"]?.stringValue == desired.dot.epoch.text,
            answer["counter"]?.intValue == Int64(clamping: desired.dot.counter),
            let status = answer["status"]?.stringValue
        else {
            status = "pending"
            reason = nil
            return
        }
        self.status = status
        reason = answer["reason"]?.stringValue
    }
}
