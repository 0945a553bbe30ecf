import SyncProtocol

/// Twins in SQL, the same at device and hub: one row a cell, and for each document what was seen
/// of each epoch. The index by dot answers "what changed since" without a log of changes.
///
/// An epoch has a small number in each document, so that a cell and its index entry spell its
/// nonce once less. The numbers are kept in memory for a few documents at a time; `forget` them
/// when a transaction failed.
public final class TwinTables {
    static let schema = """
        CREATE TABLE cell(
            doc TEXT NOT NULL, path TEXT NOT NULL, slot BLOB NOT NULL, rep INTEGER NOT NULL,
            ctr INTEGER NOT NULL, stamp INTEGER NOT NULL, value BLOB NOT NULL,
            PRIMARY KEY(doc, path, slot)) WITHOUT ROWID;
        CREATE INDEX cell_dot ON cell(doc, rep, ctr);
        CREATE TABLE removal(
            doc TEXT NOT NULL, rep INTEGER NOT NULL, ctr INTEGER NOT NULL, seq INTEGER NOT NULL,
            dots BLOB NOT NULL, PRIMARY KEY(doc, rep, ctr)) WITHOUT ROWID;
        CREATE TABLE context(
            doc TEXT NOT NULL, rep INTEGER NOT NULL, epoch INTEGER NOT NULL, ctr INTEGER NOT NULL,
            seq INTEGER NOT NULL, floor INTEGER NOT NULL, PRIMARY KEY(doc, rep)) WITHOUT ROWID;
        CREATE INDEX context_seq ON context(doc, seq);
        """

    /// What advances now is noted under this number: at a hub its commit, so that "what changed
    /// since that commit" has an answer.
    public var sequence: UInt64 = 0

    let statements: TwinStatements
    private var contexts: [String: DocumentContext] = [:]

    init(_ connection: borrowing Connection) {
        statements = TwinStatements(connection)
    }

    /// Documents whose epochs are kept in memory.
    static let documentsInMemory = 64

    /// The twin of one document, to read, write and join.
    public func document(_ name: String) -> TwinDocument {
        TwinDocument(tables: self, name: name)
    }

    func context(of document: String) throws(SQLiteError) -> DocumentContext {
        if let known = contexts[document] { return known }
        let context = try statements.context(document)
        if contexts.count >= Self.documentsInMemory { contexts.removeAll(keepingCapacity: true) }
        contexts[document] = context
        return context
    }

    func update(_ document: String, _ context: DocumentContext) { contexts[document] = context }

    /// A transaction failed, or rows went otherwise: what memory holds may be ahead of them.
    public func forget() { contexts.removeAll() }

    public func remove(_ document: String) throws(SQLiteError) {
        try statements.remove(document)
        contexts[document] = nil
    }

    /// The highest sequence number in use.
    func lastSequence() throws(SQLiteError) -> UInt64 { try statements.lastSequence() }
}

/// One document's epochs.
struct DocumentContext {
    struct Entry {
        let handle: Int64
        var counter: UInt64
        /// When it advanced last.
        var sequence: UInt64
        /// Records up to here may have been collected.
        var floor: UInt64
    }

    private(set) var entries: [Epoch: Entry] = [:]
    private(set) var epochs: [Int64: Epoch] = [:]

    mutating func set(_ epoch: Epoch, _ entry: Entry) {
        entries[epoch] = entry
        epochs[entry.handle] = epoch
    }

    var nextHandle: Int64 { Int64(entries.count) }
}
