import CSQLite

/// What SQLite refused, with its extended result code and the statement.
public struct SQLiteError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What a caller does about it.
    public enum Kind: Sendable, Hashable {
        /// The disk is full, or a quota is.
        case full
        /// The file is damaged or is no database: quarantine it.
        case damaged
        /// Reading or writing failed.
        case inputOutput
        /// Another process holds it, or the file system is read-only.
        case unavailable
        case other
    }

    /// https://www.sqlite.org/rescode.html, extended.
    public let code: Int32
    public let message: String
    public let statement: String?

    public var kind: Kind {
        switch code & 0xFF {
        case SQLITE_FULL: .full
        case SQLITE_CORRUPT, SQLITE_NOTADB: .damaged
        case SQLITE_IOERR: .inputOutput
        case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_READONLY, SQLITE_CANTOPEN, SQLITE_PERM:
            .unavailable
        default: .other
        }
    }

    public var description: String {
        let place = statement.map { " in: \($0)" } ?? ""
        return "SQLite \(code): \(message)\(place)"
    }
}
