import Foundation
import Platform
import Testing

@testable import edge_bench

/// The script language: what docs/sync-script.md says of each line.
@Suite struct ScriptTests {
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
        #expect(try Script.answers(script) == (try Self.fence("json answers")))
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
        let answers = try Script.withPair(
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
            answers == [
                Script.value("d1", shown), Script.value("hub", shown), Script.value("d1", shown),
            ])
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
        let answers = try Script.withPair(
            """
            {"do":"set","at":"d1","key":"config/v","value":\(written)}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"value","at":"hub"}
            """)
        #expect(answers == [Script.value("hub", "{\"config/v\":\(shown)}")])
    }

    @Test func aNullRegisterShowsNothing() throws {
        let answers = try Script.withPair(
            """
            {"do":"set","at":"d1","key":"config/v","value":null}
            {"do":"value","at":"d1"}
            """)
        #expect(answers == [Script.value("d1", "{}")])
    }

    @Test func setsAndConcurrentValuesAreSortedByTheirJSON() throws {
        let answers = try Script.withPair(
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
                Script.value("d1", "{\"notes/n\":[\"a\",\"b\"],\"sets/l\":\(set)}"),
                Script.value("hub", "{\"notes/n\":[\"c\"],\"sets/l\":\(set)}"),
            ])
    }

    @Test func deletesOfEveryKindStayDeleted() throws {
        let answers = try Script.withPair(
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
            answers == [Script.value("d1", "{}"), Script.value("hub", "{\"counters/a\":1}")])
    }

    @Test func anAddThatARemoveHasNotSeenStays() throws {
        let answers = try Script.withPair(
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
        #expect(answers == [Script.value("hub", shown), Script.value("d1", shown)])
    }

    // MARK: Documents and roles

    @Test func aSharedDocumentIsOfAllWhoNameIt() throws {
        let shared = "\"document\":\"site\""
        let answers = try Script.withPair(
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
                Script.value("d2", "{\"sets/l\":[\"a\"]}"), Script.value("d2", "{}"),
                Script.value("hub", "{}"), Script.value("hub", "{}"),
            ])
    }

    /// With several devices, `device` says whose own document a line at the hub is about.
    @Test func aHubHasADocumentOfEachDevice() throws {
        let answers = try Script.withPair(
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
                Script.value("d2", "{\"config/x\":2}"), Script.value("hub", "{\"config/x\":2}"),
                Script.value("hub", "{}"),
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
        let answers = try Script.withPair(
            """
            {\(write)}
            {"do":"events","at":"\(at)"}
            {"do":"value","at":"\(at)"}
            """)
        #expect(try Script.events(answers.first) == ["write_refused"])
        #expect(answers.last == Script.value(at, "{}"))
    }

    @Test func aCounterEndsAt64Bits() throws {
        let answers = try Script.withPair(
            """
            {"do":"inc","at":"d1","key":"counters/x","by":9223372036854775807}
            {"do":"inc","at":"d1","key":"counters/x","by":1}
            {"do":"events","at":"d1"}
            {"do":"value","at":"d1"}
            """)
        #expect(try Script.events(answers.first) == ["write_refused"])
        #expect(answers.last == Script.value("d1", "{\"counters/x\":9223372036854775807}"))
    }

    /// A card put into a board with another key speaks for epochs that are not its own.
    @Test func anothersWritesAreRefused() throws {
        let answers = try Script.withPair(
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
        #expect(try Script.events(answers[0]) == ["frame_refused"])
        #expect(try Script.events(answers[1]) == ["device_refused"])
        #expect(answers[2] == Script.value("hub", "{}"))
    }

    @Test func statsCountWhatIsHeld() throws {
        let answers = try Script.withPair(
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
            _ = try Script.answers(script)
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
        let fault = try #require(Self.fault(Script.pair + "\n" + line))
        #expect(fault.line == 4)
        #expect(fault.description.hasPrefix("line 4: "))
    }

    @Test func aByteBeyondTheFrameIsNamed() throws {
        let fault = Self.fault(
            Script.pair + """
                {"do":"send","from":"d1","to":"hub","as":"m"}
                {"do":"corrupt","frame":"m","byte":100000,"xor":1}
                """)
        #expect(fault?.line == 4)
    }
}
