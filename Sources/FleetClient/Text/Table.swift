/// Rows under headers, laid out to fit a width: columns are aligned, the widest give way first,
/// and a line is truncated with `…`, never wrapped. A column that is empty in all rows is left
/// out.
public struct Table: Sendable {
    /// To which side of its column a cell keeps; numbers keep right.
    public enum Alignment: Sendable, Hashable {
        case left
        case right
    }

    /// What a cell says, for its colour; without colour nothing is lost, the text says it too.
    public enum Tone: Sendable, Hashable {
        case plain
        case good
        case caution
        case bad
        case faint
    }

    /// A column: its header and how it is laid out.
    public struct Column: Sendable, Hashable {
        /// The header.
        public let title: String
        /// Holds for header and cells.
        public let alignment: Alignment
        /// Columns of the terminal below which this column shrinks last.
        public let comfortableWidth: Int

        /// A column that keeps left and shrinks freely, unless said otherwise.
        public init(_ title: String, _ alignment: Alignment = .left, comfortableWidth: Int = 8) {
            self.title = title
            self.alignment = alignment
            self.comfortableWidth = comfortableWidth
        }
    }

    /// The text of a cell, made harmless for a terminal.
    public struct Cell: Sendable, Hashable, ExpressibleByStringLiteral {
        /// Without control characters.
        public let text: String
        /// Its colour on a terminal.
        public let tone: Tone

        /// A cell; control characters in `text` are replaced.
        public init(_ text: String, _ tone: Tone = .plain) {
            self.text = Display.clean(text)
            self.tone = tone
        }

        /// A plain cell.
        public init(stringLiteral text: String) { self.init(text) }
    }

    private static let gap = 2

    private let columns: [Column]
    private var rows: [[Cell]] = []

    /// A table without rows.
    public init(_ columns: [Column]) { self.columns = columns }

    /// True before the first row.
    public var isEmpty: Bool { rows.isEmpty }

    /// Adds a row; cells that are missing at its end are empty, cells too many are left out.
    public mutating func add(_ row: [Cell]) {
        let padding = Array(repeating: Cell(""), count: max(0, columns.count - row.count))
        rows.append(Array(row.prefix(columns.count)) + padding)
    }

    /// The header and the rows, each at most `width` columns wide.
    public func lines(width: Int, isColored: Bool) -> [String] {
        let used = columns.indices.filter { index in
            rows.isEmpty || rows.contains { !$0[index].text.isEmpty }
        }
        var shown = Table(used.map { columns[$0] })
        shown.rows = rows.map { row in used.map { row[$0] } }
        return shown.allLines(width: width, isColored: isColored)
    }

    private func allLines(width: Int, isColored: Bool) -> [String] {
        let widths = fittedWidths(width)
        let header = columns.map { Cell($0.title, .faint) }
        return ([header] + rows).map { row in
            line(row, widths: widths, width: width, isColored: isColored)
        }
    }

    private func fittedWidths(_ width: Int) -> [Int] {
        var widths = columns.indices.map { index in
            let widest = rows.map { Display.width($0[index].text) }.max() ?? 0
            // Capped first, so that the loop below is bounded by the width and not by the data.
            return min(width, max(widest, Display.width(columns[index].title)))
        }
        let available = width - Self.gap * max(0, columns.count - 1)
        while widths.reduce(0, +) > available {
            let generous = widths.indices.filter { widths[$0] > columns[$0].comfortableWidth }
            let candidates = generous.isEmpty ? widths.indices.filter { widths[$0] > 1 } : generous
            guard let widest = candidates.max(by: { widths[$0] < widths[$1] }) else { break }
            widths[widest] -= 1
        }
        return widths
    }

    private func line(_ row: [Cell], widths: [Int], width: Int, isColored: Bool) -> String {
        var out = ""
        var used = 0
        for (index, cell) in row.enumerated() {
            let text = Display.truncated(cell.text, to: widths[index])
            let missing = widths[index] - Display.width(text)
            let lead = index == 0 ? 0 : Self.gap
            // Only a table of more columns than the width has room for comes to this.
            guard used + lead + widths[index] <= width else { break }
            used += lead + widths[index]
            let padding = String(repeating: " ", count: max(0, missing))
            let shown = isColored ? Self.colored(text, cell.tone) : text
            out += String(repeating: " ", count: lead)
            out += columns[index].alignment == .right ? padding + shown : shown + padding
        }
        while out.hasSuffix(" ") { out.removeLast() }
        return out
    }

    /// `text` in the colour of `tone` (ECMA-48 select graphic rendition).
    public static func colored(_ text: String, _ tone: Tone) -> String {
        switch tone {
        case .plain: text
        case .good: "\u{1B}[32m\(text)\u{1B}[0m"
        case .caution: "\u{1B}[33m\(text)\u{1B}[0m"
        case .bad: "\u{1B}[31m\(text)\u{1B}[0m"
        case .faint: "\u{1B}[2m\(text)\u{1B}[0m"
        }
    }
}
