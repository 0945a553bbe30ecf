import SyncProtocol

extension AgentStore {
    /// What a hub may say that it has of an opening without being taken for broken: far beyond any
    /// count of real writes, and far from where a counter would overflow.
    public static let claimMaximum: UInt64 = 1 << 62

    /// Writes again, beyond `claimed`, all of this opening that the hub has not surely joined, in
    /// one transaction.
    ///
    /// New dots, not new writes: registers and counters keep their stamps, so that they win and
    /// lose as before. A value or an element takes the place of its earlier self.
    public func reissue(
        document name: String? = nil, above claimed: UInt64
    ) throws(SQLiteError) {
        let name = name ?? Self.own
        let document = twin.document(name)
        try write { () throws(SQLiteError) in
            let entry = try document.context().entries[epoch]
            let (floor, counter) = (entry?.floor ?? 0, entry?.counter ?? 0)
            let cells = try document.cells(of: epoch, since: floor, upto: counter, limit: .max)
            let removals = try document.removals(epoch, since: floor, upto: counter)
            var writer = TwinWriter(epoch: epoch, counter: claimed)
            for cell in cells.sorted(by: { $0.path < $1.path }) {
                try document.reissue(cell, by: &writer)
            }
            for removal in removals { try document.reissue(removal, by: &writer) }
            try document.advance(epoch, to: writer.counter)
            try own(epoch)
            note(writer, of: name)
        }
    }
}
