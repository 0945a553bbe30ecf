import DeviceDrivers
import Platform
import SyncProtocol

/// Which chips and sensors are declared, by the file and by the twin, and what they were asked to
/// set.
struct DeclaredDevices {
    /// The twin's good blocks, by name. A later block that is none does not end what was there.
    var twin: [String: DeviceBlock] = [:]
    /// What the poller was told last.
    private(set) var blocks: [DeviceBlock]?
    private var outstanding: [UInt64: DeviceCommands.Wish] = [:]
    private var token: UInt64 = 0

    /// The blocks to read, where they are others than before; a block of the twin takes the place
    /// of the file's of the same name.
    mutating func change(_ file: [DeviceBlock]) -> [DeviceBlock]? {
        let all =
            file.filter { twin[$0.name] == nil } + twin.sorted { $0.key < $1.key }.map(\.value)
        guard all != blocks else { return nil }
        blocks = all
        return all
    }

    /// Whether this very wish is on its way.
    func isOutstanding(_ cell: Cell) -> Bool {
        outstanding.values.contains(DeviceCommands.Wish(path: cell.path, dot: cell.dot))
    }

    mutating func next() -> UInt64 {
        token += 1
        return token
    }

    mutating func onSent(_ cell: Cell, _ token: UInt64) {
        outstanding[token] = DeviceCommands.Wish(path: cell.path, dot: cell.dot)
    }

    mutating func onSettled(_ token: UInt64) -> DeviceCommands.Wish? {
        outstanding.removeValue(forKey: token)
    }

    /// Wishes of devices that are no longer declared are taken up anew.
    mutating func forgetWishes() { outstanding = [:] }
}
