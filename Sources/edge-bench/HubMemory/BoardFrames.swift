/// The hub's frames that wait for their boards, in the order of arrival.
struct BoardFrames {
    /// Frames that wait for one board at most; an answer has few. What comes beyond is dropped, as
    /// a link may, and a run that needs it fails.
    static let perBoard = 16

    private var waiting: [String: [[UInt8]]] = [:]

    /// Boards that something waits for.
    var boards: Int { waiting.count }

    mutating func add(_ frame: [UInt8], for board: String) {
        guard waiting[board, default: []].count < Self.perBoard else { return }
        waiting[board, default: []].append(frame)
    }

    /// Takes the next frame for a board; nil where none waits.
    mutating func next(for board: String) -> [UInt8]? {
        guard var frames = waiting.removeValue(forKey: board) else { return nil }
        let frame = frames.removeFirst()
        if !frames.isEmpty { waiting[board] = frames }
        return frame
    }
}
