import Foundation
import Platform
import Testing

@testable import FleetClient

@Suite struct WorkloadManifestTests {
    private func manifest(_ json: String) throws -> WorkloadManifest {
        try WorkloadManifest(try JSONReader.read(json))
    }

    private func message(_ json: String) throws -> String {
        do {
            _ = try manifest(json)
            return "accepted"
        } catch let error as FleetClientError {
            #expect(error.exitCode == 2)
            return error.message
        }
    }

    @Test func readsAllFields() throws {
        let spec =
            #"{"command":["/bin/x","1"],"environment":{"A":"b"},"restart":"on-failure","#
            + #""stop_grace_ms":0,"working_directory":"/"}"#
        let manifest = try manifest(
            #"{"kind":"workload","name":"w.1_-","on":{"site":"barn","rack":"2"},"spec":\#(spec)}"#)
        #expect(manifest.name == "w.1_-")
        #expect(manifest.selector?.description == "rack=2,site=barn")
        #expect(manifest.spec.json == spec)
    }

    @Test func whatIsNotGivenIsLeftToTheBoard() throws {
        let manifest = try manifest(#"{"kind":"workload","name":"w","spec":{"command":["x"]}}"#)
        #expect(manifest.selector == nil)
        #expect(manifest.spec.json == #"{"command":["x"]}"#)
    }

    @Test func unknownFieldsAreNamed() throws {
        let top = try message(
            #"{"kind":"workload","name":"w","replicas":1,"x":2,"spec":{"command":["x"]}}"#)
        #expect(top.contains("`replicas`, `x`"))
        let inside = try message(
            #"{"kind":"workload","name":"w","spec":{"command":["x"],"restrat":"never"}}"#)
        #expect(inside.contains("spec has the unknown field `restrat`"))
    }

    @Test(arguments: [
        ("[]", "must be a map"), (#"{"name":"w"}"#, "`kind`"),
        (#"{"kind":"rollout"}"#, "`kind`"), (#"{"kind":"workload"}"#, "`name`"),
        (#"{"kind":"workload","name":"a/b"}"#, "`name`"),
        (#"{"kind":"workload","name":"a"}"#, "`spec`"),
        (#"{"kind":"workload","name":"a","spec":{}}"#, "`spec.command`"),
        (#"{"kind":"workload","name":"a","spec":{"command":[]}}"#, "`spec.command`"),
        (#"{"kind":"workload","name":"a","spec":{"command":"x"}}"#, "`spec.command`"),
        (#"{"kind":"workload","name":"a","spec":{"command":["x",5]}}"#, "`spec.command[1]`"),
        (#"{"kind":"workload","name":"a","spec":{"command":["x\u0000"]}}"#, "`spec.command[0]`"),
        (#"{"kind":"workload","name":"a","on":{},"spec":{"command":["x"]}}"#, "`on`"),
        (#"{"kind":"workload","name":"a","on":{"rack":2},"spec":{"command":["x"]}}"#, "`on.rack`"),
    ])
    func whatIsWrongIsNamed(json: String, part: String) throws {
        #expect(try message(json).contains(part))
    }

    @Test(arguments: [
        (#""environment":{"A":1}"#, "`spec.environment.A`"),
        (#""environment":[]"#, "`spec.environment`"), (#""restart":"maybe""#, "`spec.restart`"),
        (#""restart":true"#, "`spec.restart`"), (#""stop_grace_ms":-1"#, "`spec.stop_grace_ms`"),
        (#""stop_grace_ms":1.5"#, "`spec.stop_grace_ms`"),
        (#""stop_grace_ms":600001"#, "`spec.stop_grace_ms`"),
        (#""deadline_ms":0"#, "`spec.deadline_ms`"), (#""class":"idle""#, "`spec.class`"),
        (#""user":"app""#, "`spec.user`"), (#""image":"A/B""#, "`spec.image`"),
        (#""image":"a","network":"bridge""#, "`spec.network`"),
        (#""image":"a","volumes":[{"at":"/a"}]"#, "`spec.volumes[0]`"),
        (#""image":"a","limits":{"memory":1}"#, "`spec.limits.memory`"),
        (#""working_directory":"x""#, "`spec.working_directory`"),
    ])
    func whatIsWrongInTheSpecIsNamed(field: String, part: String) throws {
        let message = try message(
            #"{"kind":"workload","name":"a","spec":{"command":["x"],\#(field)}}"#)
        #expect(message.contains(part))
    }

    @Test func anImageNeedsNoCommand() throws {
        let spec =
            #"{"class":"urgent","deadline_ms":500,"image":"hub.example/app:1","#
            + #""limits":{"memory_mib":64},"network":"host","#
            + #""volumes":[{"at":"/data","volume":"data"}]}"#
        let manifest = try manifest(#"{"kind":"workload","name":"w","spec":\#(spec)}"#)
        #expect(manifest.spec.json == spec)
    }

    /// The schema is for editors; its fields are those that are read.
    @Test func theSchemaHasTheFieldsThatAreRead() throws {
        let path = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../docs/workload.schema.json").standardized.path
        let bytes = try #require(FileManager.default.contents(atPath: path), "\(path)")
        let schema = try JSONReader.read(Array(bytes))
        func names(_ value: Value?) -> [String] {
            (value?["properties"]?.mapValue ?? []).map(\.key).sorted()
        }
        #expect(names(schema) == ["kind", "name", "on", "spec"])
        let spec = schema["properties"]?["spec"]
        #expect(names(spec) == WorkloadManifest.specFields)
        #expect(names(spec?["properties"]?["limits"]) == ContainerSpec.limitFields)
        #expect(names(spec?["properties"]?["volumes"]?["items"]) == ContainerVolume.fields)
    }

    @Test func listsAreBounded() throws {
        let wrapped = { (spec: Value) in
            Value.object([
                ("kind", .string("workload")), ("name", .string("a")), ("spec", spec),
            ])
        }
        for (count, isAccepted) in [(256, true), (257, false)] {
            let command = Value.array(Array(repeating: .string("x"), count: count))
            let variables = Value.object((0..<count).map { ("V\($0)", .string("x")) })
            let specs: [Value] = [
                .object([("command", command)]),
                .object([("command", .array([.string("x")])), ("environment", variables)]),
            ]
            for spec in specs {
                let manifest = try? WorkloadManifest(wrapped(spec))
                #expect((manifest != nil) == isAccepted)
            }
        }
    }
}
