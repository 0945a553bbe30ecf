import Platform
import Testing

@testable import EdgeAgent

private func spec(_ json: String) throws -> WorkloadSpec {
    try WorkloadSpec(try JSONReader.read(json))
}

/// A spec that has a command and one more field.
private func with(_ field: String) -> String { #"{"command":["/bin/a"],\#(field)}"# }

private struct Case: Sendable, CustomTestStringConvertible {
    let json: String
    let field: String

    init(_ json: String, _ field: String) {
        self.json = json
        self.field = field
    }

    var testDescription: String { json }
}

private let faults = [
    Case("[]", "spec"), Case("null", "spec"), Case(#""/bin/a""#, "spec"),
    Case("{}", "command"), Case(#"{"command":[]}"#, "command"),
    Case(#"{"command":"/bin/a"}"#, "command"), Case(#"{"command":["/bin/a",1]}"#, "command"),
    Case(#"{"command":["a\u0000b"]}"#, "command"),
    Case(with(#""restart":"sometimes""#), "restart"),
    Case(with(#""restart":1"#), "restart"),
    Case(with(#""stop_grace_ms":-1"#), "stop_grace_ms"),
    Case(with(#""stop_grace_ms":600001"#), "stop_grace_ms"),
    Case(with(#""stop_grace_ms":"5""#), "stop_grace_ms"),
    Case(with(#""stop_grace_ms":1.5"#), "stop_grace_ms"),
    Case(with(#""working_directory":"tmp""#), "working_directory"),
    Case(with(#""working_directory":7"#), "working_directory"),
    Case(with(#""environment":{"":"x"}"#), "environment"),
    Case(with(#""environment":{"A=B":"x"}"#), "environment"),
    Case(with(#""environment":{"A":1}"#), "environment.A"),
    Case(with(#""environment":["A=1"]"#), "environment"),
    Case(with(#""comand":["/bin/b"]"#), "comand"),
    Case(with(#""user":"app""#), "user"), Case(#"{"image":"A/B"}"#, "image"),
    Case(#"{"image":"a","command":[]}"#, "command"),
    Case(#"{"image":"a","volumes":[{"at":"/a"}]}"#, "volumes[0]"),
]

@Suite struct WorkloadSpecTests {
    @Test func everyFieldIsTaken() throws {
        let full = try spec(
            #"{"command":["/bin/a","-x"],"environment":{"A":"1"},"restart":"on-failure","#
                + #""stop_grace_ms":250,"working_directory":"/srv"}"#)
        #expect(full.command == ["/bin/a", "-x"])
        #expect(full.environment == ["A": "1"])
        #expect(full.restart == .onFailure)
        #expect(full.stopGrace == 250)
        #expect(full.workingDirectory == "/srv")
    }

    @Test func aCommandIsEnough() throws {
        let least = try spec(#"{"command":["/bin/a"]}"#)
        #expect(least.restart == .always)
        #expect(least.stopGrace == 10_000)
        #expect(least.environment.isEmpty)
        #expect(least.workingDirectory == nil)
    }

    @Test func anImageIsEnoughToo() throws {
        let least = try spec(#"{"image":"hub.example/app:1"}"#)
        #expect(least.command.isEmpty)
        #expect(least.container?.image == "hub.example/app:1")
        #expect(try spec(#"{"command":["/bin/a"]}"#).container == nil)
        let more = try spec(#"{"image":"hub.example/app:1","command":["x"],"read_only":true}"#)
        #expect(more.command == ["x"] && more.container?.isReadOnly == true)
        #expect(least.hash != more.hash)
    }

    @Test(arguments: faults)
    private func aFaultNamesItsField(fault: Case) throws {
        let value = try JSONReader.read(fault.json)
        let thrown = #expect(throws: WorkloadSpec.Fault.self) { try WorkloadSpec(value) }
        #expect(thrown?.field == fault.field)
        #expect(thrown?.description.hasPrefix(fault.field + " ") == true)
    }

    @Test func argumentsAreBounded() throws {
        let word = Value.string("a")
        let most = Array(repeating: word, count: WorkloadSpec.argumentsMaximum)
        #expect(
            try WorkloadSpec(.object([("command", .array(most))])).command.count == most.count)
        #expect(throws: WorkloadSpec.Fault.self) {
            try WorkloadSpec(.object([("command", .array(most + [word]))]))
        }
    }

    @Test func theHashChangesWithEveryField() throws {
        let variants = [
            #"{"command":["/bin/a"]}"#, #"{"command":["/bin/a",""]}"#, #"{"command":["/bin/b"]}"#,
            with(#""environment":{"A":"1"}"#), with(#""environment":{"A":"2"}"#),
            with(#""restart":"never""#), with(#""stop_grace_ms":1"#),
            with(#""working_directory":"/srv""#),
        ]
        let hashes = try variants.map { try spec($0).hash }
        #expect(Set(hashes).count == variants.count)
        #expect(try variants.map { try spec($0).hash } == hashes)
        // A tag splits at its first slash.
        #expect(hashes.allSatisfy { !$0.contains("/") })
    }

    @Test func namesAreFileNames() {
        for name in ["a", "web-1", "A.b_C", String(repeating: "n", count: 64)] {
            #expect(WorkloadSpec.isName(name), "\(name)")
        }
        for name in ["", "a/b", "a b", "ü", "a\n", String(repeating: "n", count: 65)] {
            #expect(!WorkloadSpec.isName(name), "\(name)")
        }
    }
}
