import Platform
import SyncProtocol

/// Somewhere a twin is kept: a hub, a board, or a backup of one.
protocol Replica: AnyObject {
    /// Whose twins it keeps.
    var devices: [String] { get }
    func holding(_ device: String) throws -> Holding
    /// Whether it shows an element of a set or the value of a register now.
    func shows(_ device: String, _ path: TwinPath, _ value: Value) throws -> Bool
}

/// What one replica's disk holds of one device.
struct Holding {
    var cells: [Cell] = []
    var context = CausalContext()
    /// Messages whose rows it has.
    var messages: Set<Int64> = []
    /// How far each sequence of the log is known.
    var sequences: [LogSequence: UInt64] = [:]

    /// Whether it shows an element of a set or the value of a register.
    func shows(_ path: TwinPath, _ value: Value) -> Cell? {
        cells.first { $0.path == path && $0.value == value }
    }
}

/// A copy of a disk, taken for a restore.
final class Backup: Replica {
    let devices: [String]
    let folder: String
    private let read: (String, String) throws -> Holding

    init(
        _ devices: [String], folder: String, read: @escaping (String, String) throws -> Holding
    ) {
        self.devices = devices
        self.folder = folder
        self.read = read
    }

    func holding(_ device: String) throws -> Holding { try read(device, folder) }

    func shows(_ device: String, _ path: TwinPath, _ value: Value) throws -> Bool {
        try holding(device).shows(path, value) != nil
    }
}
