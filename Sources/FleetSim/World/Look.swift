import Simulator

/// A store opened on a copy of a disk, for as long as the disk stays as it was: looking must not
/// change what is looked at, and most looks find nothing new.
final class Look<Store> {
    private let disks: SimDisks
    /// Where the copies are.
    private let name: String
    private var looks = 0
    private var kept: (version: [String: UInt64], store: Store)?

    init(_ disks: SimDisks, name: String) {
        self.disks = disks
        self.name = name
    }

    /// The store in a folder as it is now.
    ///
    /// - Parameter open: Opens the copy in the folder that it is given.
    func store(in folder: String, open: (String) throws -> Store) throws -> Store {
        let version = disks.version(folder)
        if let kept, kept.version == version { return kept.store }
        close()
        looks += 1
        let copy = "/look/\(name)/\(looks)"
        disks.copy(folder, to: copy)
        disks.setFull(copy, false)
        // Who has its files open keeps them.
        defer { disks.remove(copy) }
        let store = try open(copy)
        kept = (version, store)
        return store
    }

    func close() { kept = nil }
}
