import Platform
import SyncProtocol
import TestSupport

@testable import SQLiteStore

/// Another pair of eyes on an agent's database: a connection of its own sees only what was
/// committed.
struct AgentStoreProbe {
    private let folder: TemporaryFolder

    init(folder: TemporaryFolder) { self.folder = folder }

    func value(_ path: String) throws -> Value? {
        var options = Connection.Options()
        options.isReadOnly = true
        let connection = try Connection.open(folder.path + "/agent.db", options: options)
        return try TwinTables(connection).document(AgentStore.own).register(TwinPath(path))?.value
    }
}
