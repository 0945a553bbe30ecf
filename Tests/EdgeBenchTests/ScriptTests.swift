import Foundation
import Platform
import Testing

@testable import edge_bench

/// The script language: what docs/sync-script.md says of each line.
@Suite struct ScriptTests {
    /// A hub and a device, as most scripts begin.
    private static let pair = """
        {"do":"new","at":"hub","role":"hub"}
        {"do":"new","at":"d1","role":"device"}

        """

    /// The answers of a script, one a line.
    private static func answers(_ script: String) throws -> [String] {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "edge-script-tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let lines = try ScriptLine.read([UInt8](script.utf8))
        let run = ScriptRun(folder: folder.path, lines: lines)
        return try lines.compactMap { try run.perform($0)?.json }
    }

    /// The answers after a hub and a device were made.
    private static func withPair(_ script: String) throws -> [String] {
        try answers(pair + script)
    }

    private static func value(_ at: String, _ value: String) -> String {
        "{\"at\":\"\(at)\",\"value\":\(value)}"
    }

    /// The names of the events in an answer.
    private static func events(_ answer: String?) throws -> [String] {
        let list = try JSONReader.read(try #require(answer))["events"]?.arrayValue
        return try #require(list).compactMap { $0["event"]?.stringValue }
    }

    // MARK: The document

    private static let document = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../docs/sync-script.md").standardizedFileURL

    /// The lines of a fence of the document.
    private static func fence(_ title: String) throws -> [String] {
        let lines = try String(contentsOf: document, encoding: .utf8)
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let start = try #require(lines.firstIndex(of: "```" + title), "no fence \(title)")
        return Array(lines[(start + 1)...].prefix { $0 != "```" })
    }

    @Test func theDocumentsStoryAnswersAsItSays() throws {
        let script = try Self.fence("json story").joined(separator: "\n")
        #expect(try Self.answers(script) == (try Self.fence("json answers")))
    }

    /// Every line that the document shows in its tables is one that is read.
    @Test func theDocumentsLinesAreRead() throws {
        let text = try String(contentsOf: Self.document, encoding: .utf8)
        let lines = text.matches(of: #/(?m)^\| `(\{"do":.*?\})` \|/#).map { String($0.1) }
        let verbs = try lines.map { line in
            _ = try ScriptLine.read([UInt8](line.utf8))
            return try JSONReader.read(line)["do"]?.stringValue
        }
        #expect(Set(verbs).count == 21)
    }

    // MARK: Writes and values

    @Test func everyKindOfKeyIsWrittenAndShown() throws {
        let shown = """
            {"config/mode":"eco","counters/x":5,\
            "log/temp":{"count":1,"first":1,"gaps":[],"last":1},"notes/a":["one"],\
            "reported/load":0.5,"sets/l":["a","b"]}
            """
        let answers = try Self.withPair(
            """
            {"do":"set","at":"d1","key":"config/mode","value":"eco"}
            {"do":"set","at":"d1","key":"config/gone","value":1}
            {"do":"delete","at":"d1","key":"config/gone"}
            {"do":"set","at":"d1","key":"reported/load","value":0.5}
            {"do":"put","at":"d1","key":"notes/a","value":"one"}
            {"do":"add","at":"d1","key":"sets/l","value":"b"}
            {"do":"add","at":"d1","key":"sets/l","value":"a"}
            {"do":"add","at":"d1","key":"sets/l","value":"c"}
            {"do":"remove","at":"d1","key":"sets/l","value":"c"}
            {"do":"inc","at":"d1","key":"counters/x","by":7}
            {"do":"inc","at":"d1","key":"counters/x","by":-3}
            {"do":"inc","at":"d1","key":"counters/x"}
            {"do":"log","at":"d1","key":"log/temp","value":21.5,"ms":1767225600000}
            {"do":"value","at":"d1"}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"value","at":"hub"}
            {"do":"value","at":"d1"}
            """)
        #expect(
            answers == [Self.value("d1", shown), Self.value("hub", shown), Self.value("d1", shown)])
    }

    /// Each as it is written in a script, and as an answer shows it.
    @Test(arguments: [
        ("true", "true"), ("9223372036854775807", "9223372036854775807"), ("-7", "-7"),
        ("-0", "0"), ("-0.0", "0.0"), ("1.0", "1.0"), ("1.5e300", "1.5e+300"), ("\"é\"", "\"é\""),
        ("{\"$bytes\":\"AAH/\"}", "{\"$bytes\":\"AAH/\"}"),
        ("{\"$bytes\":\"\"}", "{\"$bytes\":\"\"}"), ("{\"$nan\":true}", "{\"$nan\":true}"),
        (
            "{\"b\":[1,{\"x\":{\"$bytes\":\"/w==\"}},[]],\"a\":null,\"n\":[{\"$nan\":true}]}",
            "{\"a\":null,\"b\":[1,{\"x\":{\"$bytes\":\"/w==\"}},[]],\"n\":[{\"$nan\":true}]}"
        ),
    ])
    func aValueComesBackAsItWas(written: String, shown: String) throws {
        let answers = try Self.withPair(
            """
            {"do":"set","at":"d1","key":"config/v","value":\(written)}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"value","at":"hub"}
            """)
        #expect(answers == [Self.value("hub", "{\"config/v\":\(shown)}")])
    }

    @Test func aNullRegisterShowsNothing() throws {
        let answers = try Self.withPair(
            """
            {"do":"set","at":"d1","key":"config/v","value":null}
            {"do":"value","at":"d1"}
            """)
        #expect(answers == [Self.value("d1", "{}")])
    }

    @Test func setsAndConcurrentValuesAreSortedByTheirJSON() throws {
        let answers = try Self.withPair(
            """
            {"do":"add","at":"d1","key":"sets/l","value":{"$nan":true}}
            {"do":"add","at":"d1","key":"sets/l","value":10}
            {"do":"add","at":"d1","key":"sets/l","value":9}
            {"do":"add","at":"d1","key":"sets/l","value":"a"}
            {"do":"add","at":"d1","key":"sets/l","value":[0]}
            {"do":"add","at":"hub","key":"sets/l","value":9}
            {"do":"put","at":"d1","key":"notes/n","value":"b"}
            {"do":"put","at":"hub","key":"notes/n","value":"a"}
            {"do":"sync","from":"hub","to":"d1"}
            {"do":"value","at":"d1"}
            {"do":"put","at":"d1","key":"notes/n","value":"c"}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"value","at":"hub"}
            """)
        let set = "[\"a\",10,9,[0],{\"$nan\":true}]"
        #expect(
            answers == [
                Self.value("d1", "{\"notes/n\":[\"a\",\"b\"],\"sets/l\":\(set)}"),
                Self.value("hub", "{\"notes/n\":[\"c\"],\"sets/l\":\(set)}"),
            ])
    }

    @Test func deletesOfEveryKindStayDeleted() throws {
        let answers = try Self.withPair(
            """
            {"do":"set","at":"d1","key":"config/a","value":1}
            {"do":"put","at":"d1","key":"notes/a","value":1}
            {"do":"add","at":"d1","key":"sets/a","value":1}
            {"do":"inc","at":"d1","key":"counters/a","by":4}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"delete","at":"hub","key":"config/a"}
            {"do":"delete","at":"hub","key":"notes/a"}
            {"do":"delete","at":"hub","key":"sets/a"}
            {"do":"delete","at":"hub","key":"counters/a"}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"value","at":"d1"}
            {"do":"inc","at":"d1","key":"counters/a","by":1}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"value","at":"hub"}
            """)
        #expect(
            answers == [Self.value("d1", "{}"), Self.value("hub", "{\"counters/a\":1}")])
    }

    @Test func anAddThatARemoveHasNotSeenStays() throws {
        let answers = try Self.withPair(
            """
            {"do":"add","at":"d1","key":"sets/l","value":"x"}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"remove","at":"hub","key":"sets/l","value":"x"}
            {"do":"add","at":"d1","key":"sets/l","value":"x"}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"value","at":"hub"}
            {"do":"value","at":"d1"}
            """)
        let shown = "{\"sets/l\":[\"x\"]}"
        #expect(answers == [Self.value("hub", shown), Self.value("d1", shown)])
    }

    // MARK: Clocks

    /// Both clocks stand where they began.
    @Test(arguments: [("d1", "hub"), ("zebra", "zebra"), ("hua", "hub"), ("hubs", "hubs")])
    func equalClocksAreDecidedByTheGreaterName(device: String, winner: String) throws {
        for order in [["hub", device], [device, "hub"]] {
            let answers = try Self.answers(
                """
                {"do":"new","at":"\(device)","role":"device"}
                {"do":"new","at":"hub","role":"hub"}
                {"do":"set","at":"\(order[0])","key":"desired/mode","value":"\(order[0])"}
                {"do":"set","at":"\(order[1])","key":"desired/mode","value":"\(order[1])"}
                {"do":"sync","from":"\(device)","to":"hub"}
                {"do":"value","at":"hub"}
                {"do":"value","at":"\(device)"}
                """)
            let shown = "{\"desired/mode\":\"\(winner)\"}"
            #expect(answers == [Self.value("hub", shown), Self.value(device, shown)])
        }
    }

    @Test func theLaterClockWins() throws {
        let answers = try Self.withPair(
            """
            {"do":"clock","at":"d1","ms":1767225600001}
            {"do":"set","at":"d1","key":"config/a","value":"later"}
            {"do":"set","at":"hub","key":"config/a","value":"earlier"}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"value","at":"hub"}
            """)
        #expect(answers == [Self.value("hub", "{\"config/a\":\"later\"}")])
    }

    @Test func aClockInTheFutureWinsNoLongerThanItMay() throws {
        let answers = try Self.withPair(
            """
            {"do":"clock","at":"d1","ms":4102444800000}
            {"do":"set","at":"d1","key":"config/a","value":"2099"}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"set","at":"hub","key":"config/a","value":"hub"}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"value","at":"d1"}
            {"do":"events","at":"hub"}
            """)
        #expect(answers.first == Self.value("d1", "{\"config/a\":\"hub\"}"))
        #expect(try Self.events(answers.last) == ["clock_ahead"])
        #expect(answers.last?.contains("\"ahead_ms\":2335219200000") == true)
        #expect(answers.last?.contains("\"path\":\"config/a\"") == true)
    }

    // MARK: Frames

    @Test func framesCountInAnyOrderAndAnyNumberOfTimes() throws {
        let answers = try Self.withPair(
            """
            {"do":"inc","at":"d1","key":"counters/x","by":3}
            {"do":"send","from":"d1","to":"hub","as":"m1"}
            {"do":"inc","at":"d1","key":"counters/x","by":4}
            {"do":"add","at":"d1","key":"sets/l","value":1}
            {"do":"send","from":"d1","to":"hub","as":"m2"}
            {"do":"remove","at":"d1","key":"sets/l","value":1}
            {"do":"send","from":"d1","to":"hub","as":"m3"}
            {"do":"deliver","frame":"m3"}
            {"do":"deliver","frame":"m1"}
            {"do":"deliver","frame":"m2"}
            {"do":"deliver","frame":"m1"}
            {"do":"deliver","frame":"m3"}
            {"do":"value","at":"hub"}
            {"do":"set","at":"hub","key":"config/c","value":3}
            {"do":"send","from":"hub","to":"d1","as":"h1"}
            {"do":"deliver","frame":"h1"}
            {"do":"deliver","frame":"h1"}
            {"do":"value","at":"d1"}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"value","at":"hub"}
            {"do":"events","at":"hub"}
            """)
        let both = "{\"config/c\":3,\"counters/x\":7}"
        #expect(
            answers == [
                Self.value("hub", "{\"counters/x\":7}"), Self.value("d1", both),
                Self.value("hub", both), "{\"at\":\"hub\",\"events\":[]}",
            ])
    }

    @Test func aDamagedFrameIsRefusedAndChangesNothing() throws {
        let answers = try Self.withPair(
            """
            {"do":"set","at":"d1","key":"config/a","value":1}
            {"do":"send","from":"d1","to":"hub","as":"m"}
            {"do":"corrupt","frame":"m","byte":7,"xor":1}
            {"do":"deliver","frame":"m"}
            {"do":"value","at":"hub"}
            {"do":"events","at":"hub"}
            {"do":"corrupt","frame":"m","byte":7,"xor":1}
            {"do":"deliver","frame":"m"}
            {"do":"value","at":"hub"}
            {"do":"send","from":"hub","to":"d1","as":"h"}
            {"do":"corrupt","frame":"h","byte":0,"xor":255}
            {"do":"deliver","frame":"h"}
            {"do":"events","at":"d1"}
            """)
        try #require(answers.count == 4)
        #expect(answers[0] == Self.value("hub", "{}"))
        #expect(try Self.events(answers[1]) == ["frame_refused"])
        #expect(answers[2] == Self.value("hub", "{\"config/a\":1}"))
        #expect(try Self.events(answers[3]) == ["frame_refused"])
    }

    // MARK: Disks

    @Test func aCrashLosesNothingThatALineWrote() throws {
        let answers = try Self.withPair(
            """
            {"do":"add","at":"d1","key":"sets/l","value":1}
            {"do":"crash","at":"d1"}
            {"do":"add","at":"d1","key":"sets/l","value":2}
            {"do":"crash","at":"hub"}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"crash","at":"hub"}
            {"do":"value","at":"hub"}
            {"do":"events","at":"hub"}
            """)
        #expect(answers.first == Self.value("hub", "{\"sets/l\":[1,2]}"))
        #expect(try Self.events(answers.last) == [])
    }

    @Test func aRestoredDeviceGetsBackWhatItSent() throws {
        let answers = try Self.withPair(
            """
            {"do":"add","at":"d1","key":"sets/l","value":"a"}
            {"do":"backup","at":"d1","as":"b1"}
            {"do":"add","at":"d1","key":"sets/l","value":"b"}
            {"do":"remove","at":"d1","key":"sets/l","value":"a"}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"restore","at":"d1","from":"b1"}
            {"do":"value","at":"d1"}
            {"do":"add","at":"d1","key":"sets/l","value":"c"}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"value","at":"d1"}
            {"do":"value","at":"hub"}
            {"do":"events","at":"hub"}
            """)
        try #require(answers.count == 4)
        #expect(answers[0] == Self.value("d1", "{\"sets/l\":[\"a\"]}"))
        #expect(answers[1] == Self.value("d1", "{\"sets/l\":[\"b\",\"c\"]}"))
        #expect(answers[2] == Self.value("hub", "{\"sets/l\":[\"b\",\"c\"]}"))
        #expect(try Self.events(answers[3]) == ["restore_detected"])
    }

    /// A card of before the board's last life, and an empty one, know nothing of that life.
    @Test(arguments: [true, false])
    func anOldOrEmptyCardIsTold(isEmpty: Bool) throws {
        let card =
            isEmpty
            ? #"{"do":"wipe","at":"d1"}"# : #"{"do":"restore","at":"d1","from":"b1"}"#
        let answers = try Self.withPair(
            """
            {"do":"set","at":"d1","key":"config/x","value":1}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"backup","at":"d1","as":"b1"}
            {"do":"crash","at":"d1"}
            {"do":"set","at":"d1","key":"config/x","value":2}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"crash","at":"d1"}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"events","at":"hub"}
            \(card)
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"value","at":"d1"}
            {"do":"events","at":"hub"}
            """)
        try #require(answers.count == 3)
        #expect(try Self.events(answers[0]).isEmpty)
        #expect(answers[1] == Self.value("d1", "{\"config/x\":2}"))
        #expect(try Self.events(answers[2]) == ["restore_detected"])
    }

    /// What a hub sends in a session uses the words of what it sent before.
    @Test func newsComeInAnyOrder() throws {
        let news = (0..<3).map { number in
            """
            {"do":"set","at":"hub","key":"desired/d\(number)","value":\(number)}
            {"do":"send","from":"hub","to":"d1","as":"f\(number)"}

            """
        }.joined()
        let deliveries = [2, 0, 1, 2, 0].map {
            "{\"do\":\"deliver\",\"frame\":\"f\($0)\"}\n"
        }.joined()
        let answers = try Self.withPair(
            """
            {"do":"set","at":"d1","key":"config/a","value":1}
            {"do":"sync","from":"d1","to":"hub"}
            \(news)\(deliveries){"do":"sync","from":"d1","to":"hub"}
            \(deliveries){"do":"set","at":"hub","key":"desired/last","value":1}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"value","at":"d1"}
            {"do":"events","at":"d1"}
            """)
        let shown = #"{"config/a":1,"desired/d0":0,"desired/d1":1,"desired/d2":2,"desired/last":1}"#
        #expect(answers.first == Self.value("d1", shown))
        #expect(try Self.events(answers.last).isEmpty)
    }

    @Test func twoBoardsOfOneCardLoseNothing() throws {
        let sync = """
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"sync","from":"d2","to":"hub"}

            """
        let answers = try Self.withPair(
            """
            {"do":"put","at":"d1","key":"notes/a","value":"both"}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"clone","at":"d1","as":"d2"}
            {"do":"put","at":"d1","key":"notes/a","value":"one"}
            {"do":"put","at":"d2","key":"notes/a","value":"two"}
            {"do":"inc","at":"d1","key":"counters/x","by":3}
            {"do":"inc","at":"d2","key":"counters/x","by":4}
            {"do":"set","at":"d2","key":"config/x","value":"d2"}
            {"do":"set","at":"d1","key":"config/x","value":"d1"}
            \(sync)\(sync){"do":"value","at":"hub"}
            {"do":"value","at":"d1"}
            {"do":"value","at":"d2"}
            {"do":"events","at":"hub"}
            """)
        let shown = "{\"config/x\":\"d2\",\"counters/x\":7,\"notes/a\":[\"one\",\"two\"]}"
        #expect(Array(answers.dropLast()) == ["hub", "d1", "d2"].map { Self.value($0, shown) })
        #expect(try Self.events(answers.last).contains("fork_detected"))
    }

    /// Two boards take turns for as long as nobody parts them; the operator is told once, and once of
    /// each that lags behind.
    @Test func twoBoardsOfOneCardAreToldOfOnce() throws {
        let turns = (1...5).map { turn in
            """
            {"do":"set","at":"d1","key":"config/x","value":\(turn)}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"set","at":"d2","key":"config/y","value":\(turn)}
            {"do":"sync","from":"d2","to":"hub"}

            """
        }
        let answers = try Self.withPair(
            "{\"do\":\"sync\",\"from\":\"d1\",\"to\":\"hub\"}\n"
                + "{\"do\":\"clone\",\"at\":\"d1\",\"as\":\"d2\"}\n" + turns.joined()
                + "{\"do\":\"events\",\"at\":\"hub\"}")
        let events = try Self.events(answers.last)
        #expect(events.count { $0 == "fork_detected" } == 1, "\(events)")
        #expect(events.count { $0 == "restore_detected" } <= 2, "\(events)")
    }

    @Test func aBackupIsTakenAgainAndGivenBackToItsKindAlone() throws {
        let again = (1...4).map { number in
            """
            {"do":"set","at":"d1","key":"config/x","value":\(number)}
            {"do":"backup","at":"d1","as":"b"}

            """
        }.joined()
        let answers = try Self.withPair(
            again + """
                {"do":"set","at":"d1","key":"config/x","value":9}
                {"do":"restore","at":"d1","from":"b"}
                {"do":"value","at":"d1"}
                """)
        #expect(answers == [Self.value("d1", "{\"config/x\":4}")])
        #expect(throws: ScriptFault.self) {
            try Self.withPair(again + "{\"do\":\"restore\",\"at\":\"hub\",\"from\":\"b\"}")
        }
    }

    @Test func aWipedHubIsFilledByItsDevices() throws {
        let answers = try Self.withPair(
            """
            {"do":"set","at":"d1","key":"config/x","value":1}
            {"do":"put","at":"hub","key":"notes/h","value":"h"}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"wipe","at":"hub"}
            {"do":"value","at":"hub"}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"value","at":"hub"}
            {"do":"events","at":"hub"}
            {"do":"events","at":"d1"}
            """)
        try #require(answers.count == 4)
        #expect(answers[0] == Self.value("hub", "{}"))
        #expect(answers[1] == Self.value("hub", "{\"config/x\":1,\"notes/h\":[\"h\"]}"))
        #expect(try Self.events(answers[2]) == ["hub_reset_detected"])
        #expect(try Self.events(answers[3]) == ["hub_reset_detected"])
    }

    @Test func aRestoredHubRaisesNothingThatWasRemoved() throws {
        let answers = try Self.withPair(
            """
            {"do":"add","at":"hub","key":"sets/l","value":"x"}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"backup","at":"hub","as":"b"}
            {"do":"remove","at":"d1","key":"sets/l","value":"x"}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"restore","at":"hub","from":"b"}
            {"do":"value","at":"hub"}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"value","at":"hub"}
            {"do":"value","at":"d1"}
            """)
        #expect(
            answers == [
                Self.value("hub", "{\"sets/l\":[\"x\"]}"), Self.value("hub", "{}"),
                Self.value("d1", "{}"),
            ])
    }

    /// Rows that the hub had confirmed are gone at the board, and the new hub never had them.
    /// The hub's older copy hears of a removal as an element that is missing; the other board, which
    /// still has it, must hear of it too.
    @Test func whatARestoredHubDropsIsPassedOn() throws {
        let answers = try Self.withPair(
            """
            {"do":"add","at":"d1","key":"sets/s","value":"x"}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"clone","at":"d1","as":"d2"}
            {"do":"sync","from":"d2","to":"hub"}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"backup","at":"hub","as":"b"}
            {"do":"remove","at":"d1","key":"sets/s","value":"x"}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"restore","at":"hub","from":"b"}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"sync","from":"d2","to":"hub"}
            {"do":"value","at":"hub"}
            {"do":"value","at":"d1"}
            {"do":"value","at":"d2"}
            """)
        #expect(answers == ["hub", "d1", "d2"].map { Self.value($0, "{}") })
    }

    @Test func rowsThatAWipedHubLostAreAGap() throws {
        let answers = try Self.withPair(
            """
            {"do":"log","at":"d1","key":"log/t","value":1}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"wipe","at":"hub"}
            {"do":"log","at":"d1","key":"log/t","value":2}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"value","at":"hub"}
            """)
        let log = try JSONReader.read(try #require(answers.first))["value"]?["log/t"]
        #expect(log?["count"] == .int(1))
        #expect(log?["first"] == .int(1))
        #expect(log?["last"] == .int(2))
        let gap = log?["gaps"]?.arrayValue?.first?.arrayValue
        #expect(log?["gaps"]?.arrayValue?.count == 1)
        #expect(gap?.first?.stringValue?.count == 16)
        #expect(gap?.dropFirst() == [.int(1), .int(1)])
    }

    // MARK: Documents and roles

    @Test func aSharedDocumentIsOfAllWhoNameIt() throws {
        let shared = "\"document\":\"site\""
        let answers = try Self.withPair(
            """
            {"do":"new","at":"d2","role":"device"}
            {"do":"add","at":"d1","key":"sets/l","value":"a",\(shared)}
            {"do":"set","at":"d1","key":"config/own","value":1}
            {"do":"sync","from":"d1","to":"hub",\(shared)}
            {"do":"sync","from":"d2","to":"hub",\(shared)}
            {"do":"value","at":"d2",\(shared)}
            {"do":"value","at":"d2"}
            {"do":"remove","at":"d2","key":"sets/l","value":"a",\(shared)}
            {"do":"sync","from":"d2","to":"hub",\(shared)}
            {"do":"value","at":"hub",\(shared)}
            {"do":"value","at":"hub"}
            """)
        #expect(
            answers == [
                Self.value("d2", "{\"sets/l\":[\"a\"]}"), Self.value("d2", "{}"),
                Self.value("hub", "{}"), Self.value("hub", "{}"),
            ])
    }

    /// With several devices, `device` says whose own document a line at the hub is about.
    @Test func aHubHasADocumentOfEachDevice() throws {
        let answers = try Self.withPair(
            """
            {"do":"new","at":"d2","role":"device"}
            {"do":"set","at":"hub","key":"config/x","value":2,"device":"d2"}
            {"do":"sync","from":"d2","to":"hub"}
            {"do":"value","at":"d2"}
            {"do":"value","at":"hub","device":"d2"}
            {"do":"value","at":"hub"}
            """)
        #expect(
            answers == [
                Self.value("d2", "{\"config/x\":2}"), Self.value("hub", "{\"config/x\":2}"),
                Self.value("hub", "{}"),
            ])
    }

    @Test(arguments: [
        #""do":"set","at":"hub","key":"reported/x","value":1"#,
        #""do":"set","at":"d1","key":"reported/x","value":1,"document":"site""#,
        #""do":"set","at":"d1","key":"sets/x","value":1"#,
        #""do":"add","at":"d1","key":"config/x","value":1"#,
        #""do":"inc","at":"hub","key":"notes/x","by":1"#,
    ])
    func aWriteThatMayNotBeIsAnEvent(write: String) throws {
        let at = write.contains("\"at\":\"hub\"") ? "hub" : "d1"
        let answers = try Self.withPair(
            """
            {\(write)}
            {"do":"events","at":"\(at)"}
            {"do":"value","at":"\(at)"}
            """)
        #expect(try Self.events(answers.first) == ["write_refused"])
        #expect(answers.last == Self.value(at, "{}"))
    }

    @Test func aCounterEndsAt64Bits() throws {
        let answers = try Self.withPair(
            """
            {"do":"inc","at":"d1","key":"counters/x","by":9223372036854775807}
            {"do":"inc","at":"d1","key":"counters/x","by":1}
            {"do":"events","at":"d1"}
            {"do":"value","at":"d1"}
            """)
        #expect(try Self.events(answers.first) == ["write_refused"])
        #expect(answers.last == Self.value("d1", "{\"counters/x\":9223372036854775807}"))
    }

    /// A card put into a board with another key speaks for epochs that are not its own.
    @Test func anothersWritesAreRefused() throws {
        let answers = try Self.withPair(
            """
            {"do":"new","at":"d2","role":"device"}
            {"do":"set","at":"d1","key":"config/x","value":1}
            {"do":"backup","at":"d1","as":"b"}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"restore","at":"d2","from":"b"}
            {"do":"sync","from":"d2","to":"hub"}
            {"do":"events","at":"hub"}
            {"do":"events","at":"d2"}
            {"do":"value","at":"hub","device":"d2"}
            """)
        try #require(answers.count == 3)
        #expect(try Self.events(answers[0]) == ["frame_refused"])
        #expect(try Self.events(answers[1]) == ["device_refused"])
        #expect(answers[2] == Self.value("hub", "{}"))
    }

    @Test func statsCountWhatIsHeld() throws {
        let answers = try Self.withPair(
            """
            {"do":"set","at":"d1","key":"config/a","value":1}
            {"do":"set","at":"d1","key":"config/b","value":1}
            {"do":"set","at":"hub","key":"config/c","value":1}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"stats","at":"d1"}
            """)
        let stats = try JSONReader.read(try #require(answers.first))
        #expect(stats["at"] == .string("d1"))
        #expect(stats["cells"] == .int(3))
        #expect(stats["context"] == .int(2))
        #expect(try #require(stats["frame_bytes"]?.intValue) > 0)
        #expect(try #require(stats["sent_bytes"]?.intValue) > 0)
    }

    // MARK: Faults

    private static func fault(_ script: String) -> ScriptFault? {
        do {
            _ = try answers(script)
            return nil
        } catch { return error as? ScriptFault }
    }

    /// What stands on the fourth line after an empty one.
    @Test(arguments: [
        "x", "[1]", "{}", #"{"at":"d1"}"#, #"{"do":7}"#, #"{"do":"fly","at":"d1"}"#,
        #"{"do":"value"}"#, #"{"do":"value","at":""}"#, #"{"do":"value","at":"nobody"}"#,
        #"{"do":"value","at":"d1","document":7}"#, #"{"do":"value","at":"d1","extra":1}"#,
        #"{"do":"new","at":"d2"}"#, #"{"do":"new","at":"d2","role":"king"}"#,
        #"{"do":"new","at":"d1","role":"device"}"#,
        #"{"do":"set","at":"d1","value":1}"#, #"{"do":"set","at":"d1","key":"config/a"}"#,
        #"{"do":"set","at":"d1","key":"bad/a","value":1}"#,
        #"{"do":"set","at":"d1","key":"config","value":1}"#,
        #"{"do":"set","at":"d1","key":1,"value":1}"#,
        #"{"do":"set","at":"d1","key":"config/a","value":1e999}"#,
        #"{"do":"set","at":"d1","key":"config/a","value":{"$bytes":"%"}}"#,
        #"{"do":"set","at":"d1","key":"config/a","value":{"$bytes":1}}"#,
        #"{"do":"inc","at":"d1","key":"counters/a","by":1.5}"#,
        #"{"do":"inc","at":"d1","key":"counters/a","by":"1"}"#,
        #"{"do":"log","at":"d1","key":"temp","value":1}"#,
        #"{"do":"log","at":"d1","key":"log/t","value":1,"ms":"1"}"#,
        #"{"do":"log","at":"hub","key":"log/t","value":1}"#,
        #"{"do":"clock","at":"d1"}"#, #"{"do":"clock","at":"d1","ms":"1"}"#,
        #"{"do":"sync","from":"d1"}"#, #"{"do":"sync","from":"d1","to":"d1"}"#,
        #"{"do":"sync","from":"d1","to":"nobody"}"#, #"{"do":"send","from":"d1","to":"hub"}"#,
        #"{"do":"deliver","frame":"m"}"#, #"{"do":"corrupt","frame":"m","byte":0,"xor":1}"#,
        #"{"do":"corrupt","frame":"m","byte":-1,"xor":1}"#,
        #"{"do":"corrupt","frame":"m","byte":1,"xor":256}"#,
        #"{"do":"restore","at":"d1","from":"b"}"#, #"{"do":"backup","at":"d1"}"#,
        #"{"do":"clone","at":"d1","as":"hub"}"#, #"{"do":"clone","at":"hub","as":"d2"}"#,
    ])
    func aWrongLineIsNamed(line: String) throws {
        let fault = try #require(Self.fault(Self.pair + "\n" + line))
        #expect(fault.line == 4)
        #expect(fault.description.hasPrefix("line 4: "))
    }

    @Test func aByteBeyondTheFrameIsNamed() throws {
        let fault = Self.fault(
            Self.pair + """
                {"do":"send","from":"d1","to":"hub","as":"m"}
                {"do":"corrupt","frame":"m","byte":100000,"xor":1}
                """)
        #expect(fault?.line == 4)
    }
}
