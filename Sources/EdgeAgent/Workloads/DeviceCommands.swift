import SyncProtocol

/// Commands to local devices that the board's broker has not answered yet.
struct DeviceCommands {
    /// The wish that a command carries out.
    struct Wish: Hashable {
        let path: TwinPath
        let dot: Dot
    }

    /// As many as mosquitto lets one client have on the way (its `max_inflight_messages`): more
    /// would only wait in memory. Wishes beyond it wait in the twin, where a later one for the same
    /// path takes the place of the one before.
    static let outstandingMaximum = 20

    /// By the number that the bus gave. A command whose wish was replaced stays until its answer.
    private var outstanding: [UInt64: Wish] = [:]

    var isFull: Bool { outstanding.count >= Self.outstandingMaximum }

    /// Whether this very wish is on its way.
    func isOutstanding(_ cell: Cell) -> Bool {
        outstanding.values.contains(Wish(path: cell.path, dot: cell.dot))
    }

    mutating func onSent(_ cell: Cell, _ number: UInt64) {
        outstanding[number] = Wish(path: cell.path, dot: cell.dot)
    }

    /// The wish whose command the bus has an answer to; nil where it was not one of these.
    mutating func onPublished(_ number: UInt64) -> Wish? {
        outstanding.removeValue(forKey: number)
    }
}
