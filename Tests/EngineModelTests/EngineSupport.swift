import Foundation
import Platform
import SyncModel
import SyncProtocol

/// A defect put into the harness around the engine, to see that the comparison notices.
enum Defect: CaseIterable, Sendable {
    /// The hub loses its records of removals.
    case removalsLost
    /// A board goes on in its old epoch after a restart.
    case epochContinued
    /// A board takes what it has sent for confirmed.
    case sentIsConfirmed
    /// A board releases log rows once they are sent.
    case sentIsReleased
    /// A hub that was restored or wiped goes on in its old epoch.
    case hubEpochContinued
}

/// The numbers that a run draws: epochs in the model's order, and requests.
final class EngineEntropy: Entropy, @unchecked Sendable {
    // @unchecked: used on one thread.
    private var openings = 0
    private var random = Randomness(seed: 7)

    func next() -> UInt64 { random.next() }

    func epoch(_ owner: Owner) -> SyncProtocol.Epoch {
        defer { openings += 1 }
        return SyncProtocol.Epoch(
            nonce: SyncModel.Epoch.nonce(opening: openings, owner: owner))
    }
}

/// The databases of one run. In memory where the system has a folder for that: what is asked here
/// is not whether a disk keeps its word.
final class EngineDisk {
    private let folder: URL
    private var files = 0

    init() throws {
        let memory = URL(fileURLWithPath: "/dev/shm")
        let base =
            FileManager.default.isWritableFile(atPath: memory.path)
            ? memory : FileManager.default.temporaryDirectory
        folder = base.appending(path: "engine-model-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// A file of its own, with what is in `original`.
    func file(_ original: String? = nil) throws -> String {
        files += 1
        let path = folder.appending(path: "\(files).db").path
        if let original { try FileManager.default.copyItem(atPath: original, toPath: path) }
        return path
    }
}

/// Where the clocks of a run begin: a day into 2026, as a hub whose clock reads less knows no better
/// than its boards, and clocks are set back a little here.
enum EngineTime {
    static let start: Int64 = 1_767_312_000_000

    static func wall(_ ticks: Int) -> WallTime {
        WallTime(milliseconds: start + Int64(ticks))
    }
}
