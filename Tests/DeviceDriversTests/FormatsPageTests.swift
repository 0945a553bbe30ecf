import DeviceDrivers
import Foundation
import Platform
import Testing

/// The tables of docs/mqtt-devices.md, row by row: what is promised there is what happens.
@Suite struct FormatsPageTests {
    /// The cells of a row, each as its texts between backticks and all of it.
    struct Cell {
        var text: String
        var codes: [String]

        init(_ text: String) {
            self.text = text
            codes = text.split(separator: "`", omittingEmptySubsequences: false).enumerated()
                .filter { $0.offset % 2 == 1 }.map { String($0.element) }
        }
    }

    private static let page = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "docs/mqtt-devices.md")

    /// The rows of the one table below a heading.
    private static func rows(below heading: String) throws -> [[Cell]] {
        let lines = try String(contentsOf: page, encoding: .utf8)
            .split(separator: "\n", omittingEmptySubsequences: false)
        let start = try #require(lines.firstIndex { $0 == heading }, "no heading \(heading)")
        let section = lines[(start + 1)...].prefix { !$0.hasPrefix("#") }
        return section.filter { $0.hasPrefix("|") }.dropFirst(2).map { line in
            // A bar within a cell has a backslash before it.
            line.replacing("\\|", with: "\u{0}").split(separator: "|").map {
                Cell($0.replacing("\u{0}", with: "|").trimmingCharacters(in: .whitespaces))
            }
        }
    }

    /// Feeds the table of what is read, and compares where asked to.
    private static func bridge(checking: Bool) throws -> MQTTDeviceBridge {
        var bridge = MQTTDeviceBridge(settings: .init())
        let rows = try rows(below: "### Examples")
        #expect(!checking || rows.count >= 40)
        for row in rows {
            try #require(row.count == 3, "\(row.map(\.text))")
            let (message, payload) = (row[0].codes, try #require(row[1].codes.first))
            let place = row.map(\.text).joined(separator: " | ")
            if row[0].text.hasPrefix("set ") {
                let value = try JSONReader.read(payload)
                let command = try bridge.command(
                    device: message[0], property: message[1], value: value)
                let sent = [command.topic, String(decoding: command.payload, as: UTF8.self)]
                if checking { #expect(sent == row[2].codes, "\(place)") }
                continue
            }
            let directives = bridge.receive(message[0], payload)
            guard checking else { continue }
            #expect(directives.unreadable.map(\.reason) + directives.refusals == [], "\(place)")
            if row[2].text.hasPrefix("hears") {
                #expect(Set(directives.subscribed) == Set(row[2].codes), "\(place)")
            } else if row[2].text != "known" {
                let said = try JSONReader.read(row[2].codes[1]).mapValue ?? []
                let expected = Dictionary(uniqueKeysWithValues: said.map { ($0.key, $0.value) })
                #expect(directives.reports.map(\.device) == [row[2].codes[0]], "\(place)")
                #expect(directives.reports.map(\.properties) == [expected], "\(place)")
            }
        }
        return bridge
    }

    @Test func everyExampleIsRead() throws {
        _ = try Self.bridge(checking: true)
    }

    @Test func everyRefusalIsThePagesWords() throws {
        let known = try Self.bridge(checking: false)
        let rows = try Self.rows(below: "## What is refused")
        #expect(rows.count >= 20)
        for row in rows {
            try #require(row.count == 4, "\(row.map(\.text))")
            var bridge = known
            let said = try Self.answers(&bridge, row[1], Self.long(row[2].codes[0]))
            for words in row[3].codes {
                #expect(
                    said.contains { Self.matches($0, words) },
                    "\(row[0].text): \(words), said \(Set(said).sorted().prefix(4))")
            }
        }
    }

    /// All that is said against a message or a wish; `7 ×` before it stands for so many, each with
    /// its number for the `#` in the topic.
    private static func answers(
        _ bridge: inout MQTTDeviceBridge, _ cell: Cell, _ payload: String
    ) throws -> [String] {
        if cell.text.hasPrefix("set ") {
            let error = #expect(throws: DeviceCommandError.self, "\(cell.text)") {
                try bridge.command(
                    device: cell.codes[0], property: cell.codes[1],
                    value: try JSONReader.read(payload))
            }
            return [error?.message ?? ""]
        }
        let count = cell.text.split(separator: " ").first.flatMap { Int($0) }
        var said: [String] = []
        for number in 1...(count ?? 1) {
            let topic =
                count == nil ? cell.codes[0] : cell.codes[0].replacing("#", with: "\(number)")
            for directive in bridge.receive(topic, payload) {
                switch directive {
                case .unreadable(let unreadable): said.append(unreadable.reason)
                case .refused(_, let reason): said.append(reason)
                default: break
                }
            }
        }
        return said
    }

    /// `…` in a payload stands for 5,000 letters.
    private static func long(_ payload: String) -> String {
        payload.replacing("…", with: String(repeating: "a", count: 5000))
    }

    /// `…` in an answer stands for any text.
    private static func matches(_ said: String, _ words: String) -> Bool {
        let parts = words.split(separator: "…", omittingEmptySubsequences: false)
        guard parts.count > 1 else { return said == words }
        return said.hasPrefix(parts[0]) && said.hasSuffix(parts[parts.count - 1])
            && said.utf8.count >= words.utf8.count - 3 * (parts.count - 1)
    }
}
