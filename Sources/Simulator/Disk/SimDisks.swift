/// The files of all databases of one world, as SQLite sees them through `vfs`.
///
/// A folder is one life of one machine's disk: who dies leaves a copy of it to the next life, so
/// that code which still runs for a dead process writes where nobody looks.
public final class SimDisks: @unchecked Sendable {
    // @unchecked: used by the thread that runs the world.

    private var nodes: [String: SimNode] = [:]
    private let versions = SimVersions()
    /// Folders without room for more.
    private var full: Set<String> = []
    /// Called before each write and sync of a folder's files: where a process may be killed.
    private var guards: [String: () -> Void] = [:]
    /// Handles that SQLite has not closed.
    public private(set) var opened = 0
    private var registration: SimVFS?

    public init() { registration = SimVFS(self) }

    /// The name under which SQLite knows these disks.
    public var vfs: String { registration?.name ?? "" }

    /// Ends their use; all databases must be closed.
    public func close() {
        registration?.unregister()
        registration = nil
    }

    /// What happens before each write to a folder's files.
    public func onWrite(_ folder: String, _ action: @escaping () -> Void) {
        guards[folder] = action
    }

    public func setFull(_ folder: String, _ isFull: Bool) {
        if isFull { full.insert(folder) } else { full.remove(folder) }
    }

    public func isFull(_ folder: String) -> Bool { full.contains(folder) }

    /// Copies a folder's files; the power may be cut at this moment.
    public func copy(_ source: String, to target: String, losing random: inout SimRandom?) {
        remove(target)
        for path in nodes.keys.filter({ $0.hasPrefix(source + "/") }).sorted() {
            guard let node = nodes[path] else { continue }
            let name = target + path.dropFirst(source.count)
            nodes[name] = Self.copy(node, losing: &random)
        }
        if full.contains(source) { full.insert(target) }
    }

    private static func copy(_ node: SimNode, losing random: inout SimRandom?) -> SimNode {
        guard var chance = random else { return node.copy() }
        defer { random = chance }
        return node.afterPowerCut(&chance)
    }

    public func copy(_ source: String, to target: String) {
        var none: SimRandom?
        copy(source, to: target, losing: &none)
    }

    /// What stands for the content of a folder's files: equal for equal files.
    public func version(_ folder: String) -> [String: UInt64] {
        var version: [String: UInt64] = [:]
        for (path, node) in nodes where path.hasPrefix(folder + "/") {
            version[String(path.dropFirst(folder.count))] = node.version
        }
        return version
    }

    /// Forgets a folder. Who has its files open keeps them.
    public func remove(_ folder: String) {
        for path in nodes.keys where path.hasPrefix(folder + "/") { nodes[path] = nil }
        guards[folder] = nil
        full.remove(folder)
    }

    // MARK: Files

    public func size(_ path: String) -> Int? { nodes[path]?.count }

    public func rename(_ path: String, to target: String) -> Bool {
        guard let node = nodes[path] else { return false }
        nodes[target] = node
        nodes[path] = nil
        return true
    }

    public func delete(_ path: String) { nodes[path] = nil }

    func open(_ path: String?, creates: Bool) -> SimHandle? {
        guard let path else {
            opened += 1
            return SimHandle(disks: self, node: SimNode(versions), folder: "")
        }
        let node: SimNode
        if let known = nodes[path] {
            node = known
        } else {
            guard creates else { return nil }
            node = SimNode(versions)
            nodes[path] = node
        }
        opened += 1
        node.opened += 1
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
        return SimHandle(disks: self, node: node, folder: folder)
    }

    func closed(_ node: SimNode) {
        opened -= 1
        node.opened -= 1
        if node.opened <= 0 { node.freeShared() }
    }

    func beforeWrite(_ folder: String) { guards[folder]?() }
}

/// One open file.
final class SimHandle {
    let disks: SimDisks
    let node: SimNode
    let folder: String

    init(disks: SimDisks, node: SimNode, folder: String) {
        self.disks = disks
        self.node = node
        self.folder = folder
    }
}
