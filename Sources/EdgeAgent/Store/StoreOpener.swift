import Platform
import SQLiteStore
import SyncProtocol

/// Opens the agent's store, and where its file is damaged puts it aside and goes on.
struct StoreOpener {
    /// How the store came to be.
    enum Origin: Sendable, Equatable {
        case opened
        case created
        /// The file was damaged and put aside; `from` is the copy that took its place, nil for an
        /// empty store that the hub fills again.
        case replaced(damaged: String, from: String?, reason: String)
    }

    let fileSystem: any FileSystem
    let directory: String
    let device: String
    let options: AgentStore.Options

    var path: String { directory + "/agent.db" }
    var copyPath: String { directory + "/agent.db.good" }

    /// - Parameter epoch: Fresh from entropy. An epoch is one opening, so each call takes another.
    func open(epoch: Epoch, now: WallTime) throws(SQLiteError) -> (AgentStore, Origin) {
        let existed = fileSystem.size(path) != nil
        do {
            return (try store(epoch), existed ? .opened : .created)
        } catch {
            guard error.kind == .damaged else { throw error }
            return try replace(epoch: epoch, now: now, reason: error.description)
        }
    }

    /// Puts the damaged file aside, never deletes it, and opens the last good copy in its place.
    func replace(
        epoch: Epoch, now: WallTime, reason: String
    ) throws(SQLiteError) -> (AgentStore, Origin) {
        let damaged = freeName(path + ".damaged-\(now.milliseconds)")
        for suffix in ["", "-wal", "-shm"] where fileSystem.size(path + suffix) != nil {
            try? fileSystem.rename(path + suffix, to: damaged + suffix)
        }
        if fileSystem.size(copyPath) != nil {
            do {
                try fileSystem.rename(copyPath, to: path)
                let store = try store(epoch)
                return (store, .replaced(damaged: damaged, from: copyPath, reason: reason))
            } catch {
                try? fileSystem.rename(path, to: damaged + ".copy")
            }
        }
        return (try store(epoch), .replaced(damaged: damaged, from: nil, reason: reason))
    }

    /// A clock that starts in 1970 at each boot gives one name twice, and renaming over a file
    /// would delete it.
    private func freeName(_ name: String) -> String {
        var free = name
        for number in 2...100 where fileSystem.size(free) != nil { free = "\(name)-\(number)" }
        return free
    }

    private func store(_ epoch: Epoch) throws(SQLiteError) -> AgentStore {
        try AgentStore(path: path, device: device, epoch: epoch, options: options)
    }
}
