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
        /// The store was another device's and put aside: the board got that one's card, or
        /// another `device.id`. An empty one took its place.
        case setAside(file: String, owner: String)
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
            switch try find(epoch) {
            case .own(let store): return (store, existed ? .opened : .created)
            case .strangers(let owner): return try setAside(owner, epoch: epoch, now: now)
            }
        } catch {
            guard error.kind == .damaged else { throw error }
            return try replace(epoch: epoch, now: now, reason: error.description)
        }
    }

    /// Puts the damaged file aside, never deletes it, and opens the last good copy in its place.
    func replace(
        epoch: Epoch, now: WallTime, reason: String
    ) throws(SQLiteError) -> (AgentStore, Origin) {
        let damaged = putAside(as: "damaged", now)
        if fileSystem.size(copyPath) != nil {
            do {
                try fileSystem.rename(copyPath, to: path)
                if case .own(let store) = try find(epoch) {
                    return (store, .replaced(damaged: damaged, from: copyPath, reason: reason))
                }
            } catch {
                // Neither file is of use; both are kept.
            }
            try? fileSystem.rename(path, to: damaged + ".copy")
        }
        return (try store(epoch), .replaced(damaged: damaged, from: nil, reason: reason))
    }

    /// Keeps another device's store, with its copy, and begins with an empty one: two devices must
    /// not have one past.
    private func setAside(
        _ owner: String, epoch: Epoch, now: WallTime
    ) throws(SQLiteError) -> (AgentStore, Origin) {
        let file = putAside(as: "of-\(owner)", now)
        try? fileSystem.rename(copyPath, to: file + ".copy")
        return (try store(epoch), .setAside(file: file, owner: owner))
    }

    private enum Found {
        case own(AgentStore)
        /// Another device's, and closed again.
        case strangers(String)
    }

    private func find(_ epoch: Epoch) throws(SQLiteError) -> Found {
        let store = try store(epoch)
        guard let owner = try store.owner(), !owner.isSameBytes(as: device) else {
            return .own(store)
        }
        return .strangers(owner)
    }

    /// Renames the database; returns its new name.
    private func putAside(as kind: String, _ now: WallTime) -> String {
        let name = freeName("\(path).\(kind)-\(now.milliseconds)")
        for suffix in ["", "-wal", "-shm"] where fileSystem.size(path + suffix) != nil {
            try? fileSystem.rename(path + suffix, to: name + suffix)
        }
        return name
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
