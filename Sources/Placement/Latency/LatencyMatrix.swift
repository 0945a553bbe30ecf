/// Round-trip times between sites in milliseconds; row = user's site, column = board's site.
public struct LatencyMatrix: Sendable {
    /// Why a text is no matrix.
    public struct Fault: Error, Sendable, Hashable, CustomStringConvertible {
        public let description: String
    }

    /// More sites than this are no placement problem for one matrix: 16,384² numbers are 2 GiB.
    public static let sitesMax = 16_384

    public let sites: Int
    /// Row after row, all finite.
    public let values: [Double]
    /// How many entries were unknown and got the matrix's maximum.
    public let unknown: Int
    /// True where an entry was measured.
    public let isKnown: [Bool]

    public subscript(user: Int, board: Int) -> Double { values[user * sites + board] }

    /// - Parameter rows: Negative, infinite and NaN entries are unknown; they become the greatest
    ///   known entry, so that what nobody measured is never preferred.
    public init(rows: [[Double]]) throws(Fault) {
        guard !rows.isEmpty else {
            throw Fault(description: "the latency matrix is empty; write a row of numbers a site")
        }
        guard rows.count <= Self.sitesMax else {
            throw Fault(
                description: "the latency matrix has \(rows.count) rows, more than \(Self.sitesMax)"
            )
        }
        for (index, row) in rows.enumerated() where row.count != rows.count {
            throw Fault(
                description: "row \(index + 1) of the latency matrix has \(row.count) numbers, but "
                    + "there are \(rows.count) rows; it must be n × n")
        }
        sites = rows.count
        let flat = rows.flatMap { $0 }
        isKnown = flat.map { $0.isFinite && $0 >= 0 }
        var greatest = -1.0
        for (value, known) in zip(flat, isKnown) where known { greatest = max(greatest, value) }
        guard greatest >= 0 else {
            throw Fault(description: "no entry of the latency matrix is known; all are negative")
        }
        unknown = isKnown.count { !$0 }
        values = zip(flat, isKnown).map { $1 ? $0 : greatest }
    }

    /// Reads numbers with white space or commas between, a line a row; `nan`, `-1` and the like are
    /// unknown. Empty lines, and such that begin with `#`, are skipped.
    public init(text: String) throws(Fault) {
        var rows: [[Double]] = []
        var number = 0
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            number += 1
            var row: [Double] = []
            if line.utf8.first == UInt8(ascii: "#") { continue }
            for word in line.split(whereSeparator: { " \t,;".contains($0) }) {
                guard let value = Double(word) else {
                    throw Fault(
                        description:
                            "line \(number) of the latency matrix has \"\(word.prefix(20))\", "
                            + "which is no number; an unknown entry is -1 or nan")
                }
                row.append(value)
            }
            if !row.isEmpty { rows.append(row) }
            guard rows.count <= Self.sitesMax else { break }
        }
        try self.init(rows: rows)
    }
}
