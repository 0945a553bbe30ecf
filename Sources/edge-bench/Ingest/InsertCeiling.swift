import Platform
import SQLiteStore
import SyncProtocol

/// How many rows a second SQLite takes where nothing else is done: the hub's own table and index,
/// one prepared statement, the rows that the load sent, in its batches of one board after the other,
/// each commit durable (`synchronous=FULL`).
///
/// A commit for each thousand rows, whatever the hub did: it is what it could do.
enum InsertCeiling {
    static let rowsPerCommit = 1000
    /// Of the epochs, which are random with boards.
    private static let seed: UInt64 = 7

    static func measure(
        path: String, devices: Int, batch: Int, for span: Duration
    ) throws -> (rows: Int, perSecond: Double) {
        // Makes the tables.
        _ = try HubStore(path: path, epoch: Epoch(random: 1, role: .hub))
        let connection = try Connection.open(path, options: .hub)
        let insert = connection.statement(
            "INSERT INTO log(device, n, stream, epoch, seq, last, reason, boot, mono, off, "
                + "quality, key, value) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)")
        let rows = LoadRows()
        let values = (1...UInt64(LoadRows.count)).compactMap { rows.row($0) }.map {
            (row: $0, value: ValueCodec.encode($0.value))
        }
        var random = SplitMix64(seed: seed)
        let boards = (0..<devices).map { (LoadFleet.name($0), random.next()) }
        var numbers = [Int64](repeating: 0, count: devices)
        var (board, left, count) = (0, batch, 0)
        let start = ContinuousClock.now
        while ContinuousClock.now - start < span {
            try connection.transaction { () throws(SQLiteError) in
                for _ in 0..<rowsPerCommit {
                    if left == 0 {
                        // Boards do not come in the order of their names.
                        board = Int(random.next() % UInt64(devices))
                        left = batch
                    }
                    left -= 1
                    numbers[board] += 1
                    let number = numbers[board]
                    let (row, value) = values[Int(number) % values.count]
                    try insert.run(
                        .text(boards[board].0), .integer(number), .text("telemetry"),
                        .bits(boards[board].1), .integer(number), .null, .null,
                        .bits(row.time.boot.rawValue), .integer(row.time.monotonic.milliseconds),
                        .integer(row.time.offset.count),
                        .integer(Int64(row.time.quality.rawValue)), .text(row.key), .blob(value))
                }
            }
            count += rowsPerCommit
        }
        return (count, Double(count) / (ContinuousClock.now - start).seconds)
    }
}
