public import SyncProtocol

/// The document as its rows are, whatever happened to them. A row that holds no cell, or lies
/// under another key than its cell's, counts as missing: that one row is damaged must not stop the
/// sync of all others.
extension TwinDocument {
    @discardableResult
    public func scan(_ body: (Cell) -> Void) throws(SQLiteError) -> Int {
        let context = try context()
        var strays = 0
        try statements.all.scan([.text(name)]) { (row) throws(SQLiteError) in
            if let cell = try? Self.cell(row, nil, context), Self.isInPlace(cell, row, context) {
                body(cell)
            } else {
                strays += 1
            }
            return true
        }
        return strays
    }

    @discardableResult
    public func mend() throws(SQLiteError) -> Bool {
        let context = try context()
        var broken: [(path: String, slot: [UInt8], cell: Cell?)] = []
        try statements.all.scan([.text(name)]) { (row) throws(SQLiteError) in
            let cell = try? Self.cell(row, nil, context)
            if let cell, Self.isInPlace(cell, row, context) { return true }
            broken.append((row.text(0), row.blob(5), cell))
            return true
        }
        for row in broken {
            try statements.remove.run(.text(name), .text(row.path), .blob(row.slot))
        }
        var placed = 0
        for cell in broken.compactMap(\.cell)
        where try self.cell(slot: cell.slot, at: cell.path) == nil {
            try put(cell)
            placed += 1
        }
        return placed == broken.count
    }

    private static func isInPlace(
        _ cell: Cell, _ row: borrowing Statement, _ context: DocumentContext
    ) -> Bool {
        guard let entry = context.entries[cell.dot.epoch] else { return false }
        return SlotCodec.encode(cell, entry.handle) == row.blob(5)
    }
}
