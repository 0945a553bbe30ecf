import FleetClient
import Testing

@Suite struct TableTests {
    private func table(_ rows: [[Table.Cell]]) -> Table {
        var table = Table([
            .init("DEVICE", comfortableWidth: 12), .init("VALUE", comfortableWidth: 8),
            .init("N", .right),
        ])
        for row in rows { table.add(row) }
        return table
    }

    @Test func columnsAreAlignedUnderTheirHeaders() {
        let lines = table([["barn-1", "on", "5"], ["a", "off", "123"]])
            .lines(width: 80, isColored: false)
        #expect(
            lines == [
                "DEVICE  VALUE    N",
                "barn-1  on       5",
                "a       off    123",
            ])
    }

    @Test func aColumnWithNothingInItIsLeftOut() {
        let lines = table([["barn-1", "", "5"], ["a"]]).lines(width: 80, isColored: false)
        #expect(lines == ["DEVICE  N", "barn-1  5", "a"])
        #expect(table([]).lines(width: 80, isColored: false) == ["DEVICE  VALUE  N"])
    }

    @Test func theWidestColumnGivesWayFirst() {
        let long = Table.Cell(String(repeating: "x", count: 500))
        let lines = table([["barn-1", long, "5"]]).lines(width: 30, isColored: false)
        #expect(lines == ["DEVICE  VALUE                N", "barn-1  xxxxxxxxxxxxxxxxxx…  5"])
        let both = table([[long, long, "123456789"]]).lines(width: 35, isColored: false)
        #expect(both.last == "xxxxxxxxxxx…  xxxxxxxxx…  123456789")
    }

    @Test func noLineIsWiderThanAsked() {
        let seed = UInt64.random(in: .min ... .max)
        var state = seed
        let alphabet: [Character] = ["a", "ü", "日", "👩‍🚒", "e\u{301}", " ", "\n", "\u{1B}"]
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        for _ in 0..<200 {
            var rows: [[Table.Cell]] = []
            for _ in 0..<random(4) {
                rows.append(
                    (0..<3).map { _ in
                        .init(String((0..<random(60)).map { _ in alphabet[random(8)] }))
                    })
            }
            for width in [20, 40, 80] {
                for line in table(rows).lines(width: width, isColored: false) {
                    #expect(Display.width(line) <= width, "seed \(seed)")
                    #expect(!line.contains { $0.isNewline || $0 == "\u{1B}" }, "seed \(seed)")
                }
            }
        }
    }

    @Test func moreColumnsThanFitAreCutOff() {
        var table = Table((0..<40).map { .init("COLUMN\($0)") })
        table.add((0..<40).map { .init("\($0)") })
        for line in table.lines(width: 20, isColored: false) {
            #expect(Display.width(line) <= 20)
        }
    }

    @Test func colourChangesNoAlignment() {
        let rows: [[Table.Cell]] = [
            [.init("a", .good), .init("b", .bad), "1"], ["aaa", "bb", "2"],
        ]
        let plain = table(rows).lines(width: 80, isColored: false)
        let colored = table(rows).lines(width: 80, isColored: true)
        #expect(plain.allSatisfy { !$0.contains("\u{1B}") })
        #expect(colored.contains { $0.contains("\u{1B}[32ma\u{1B}[0m") })
        let stripped = colored.map { $0.replacing(#/\u{1B}\[\d+m/#, with: "") }
        #expect(stripped == plain)
    }
}
