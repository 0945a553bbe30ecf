import CSQLite

/// A schema that grows by appending steps. A step, once released, is never edited; what a step
/// adds must leave the version before able to read the database.
struct Migrations {
    let steps: [String]

    /// Brings the database to the last step. A database from a newer program is left alone: its
    /// additions are readable by design.
    func apply(_ connection: borrowing Connection) throws(SQLiteError) {
        let version = Int(try connection.integer("PRAGMA user_version"))
        guard version >= 0 else {
            throw SQLiteError(
                code: SQLITE_CORRUPT, message: "schema version \(version)", statement: nil)
        }
        guard version < steps.count else { return }
        for number in version..<steps.count {
            try connection.transaction { () throws(SQLiteError) in
                try connection.execute(steps[number])
                try connection.execute("PRAGMA user_version=\(number + 1)")
            }
        }
    }
}
