#if EDGE_MUTANTS
    import SyncProtocol

    extension AgentStore {
        /// The epoch of an earlier opening, for a store that goes on in it.
        static func lastEpoch(_ connection: borrowing Connection) throws(SQLiteError) -> Epoch? {
            try connection.query("SELECT epoch FROM own_epoch LIMIT 1") {
                (row) throws(SQLiteError) in Epoch(nonce: row.bits(0))
            }.first
        }
    }

    extension HubStore {
        static func lastEpoch(_ connection: borrowing Connection) throws(SQLiteError) -> Epoch? {
            try connection.query("SELECT epoch FROM lineage ORDER BY last DESC LIMIT 1") {
                (row) throws(SQLiteError) in Epoch(nonce: row.bits(0))
            }.first
        }
    }
#endif
