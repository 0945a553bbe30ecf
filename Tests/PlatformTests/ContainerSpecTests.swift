import Platform
import Testing

private func spec(_ fields: String) throws -> ContainerSpec? {
    try ContainerSpec.read(try JSONReader.read("{\(fields)}"))
}

private struct Case: Sendable, CustomTestStringConvertible {
    let fields: String
    let field: String

    /// Beside an image that is right.
    init(_ fields: String, _ field: String) {
        self.fields = #""image":"a/b:1","# + fields
        self.field = field
    }

    init(all fields: String, _ field: String) {
        self.fields = fields
        self.field = field
    }

    var testDescription: String { fields }
}

private let faults = [
    Case(all: #""image":"""#, "image"), Case(all: #""image":1"#, "image"),
    Case(all: #""image":"a b""#, "image"), Case(all: #""image":"a\u0000""#, "image"),
    Case(all: #""volumes":[]"#, "volumes"), Case(all: #""user":"1""#, "user"),
    Case(all: #""limits":{}"#, "limits"), Case(all: #""network":"none""#, "network"),
    Case(all: #""read_only":true"#, "read_only"),
    Case(#""network":"bridge""#, "network"), Case(#""network":true"#, "network"),
    Case(#""read_only":"yes""#, "read_only"),
    Case(#""user":1000"#, "user"), Case(#""user":"""#, "user"), Case(#""user":":1""#, "user"),
    Case(#""user":"1:2:3""#, "user"), Case(#""user":"a/b""#, "user"),
    Case(#""user":"a\nb""#, "user"),
    Case(#""limits":[]"#, "limits"), Case(#""limits":{"cpu":1}"#, "limits.cpu"),
    Case(#""limits":{"memory_mib":3}"#, "limits.memory_mib"),
    Case(#""limits":{"memory_mib":"64"}"#, "limits.memory_mib"),
    Case(#""limits":{"pids":0}"#, "limits.pids"),
    Case(#""limits":{"cpu_percent":-1}"#, "limits.cpu_percent"),
    Case(#""limits":{"cpu_percent":1.5}"#, "limits.cpu_percent"),
    Case(#""volumes":{}"#, "volumes"), Case(#""volumes":[1]"#, "volumes[0]"),
    Case(#""volumes":[{"volume":"d"}]"#, "volumes[0].at"),
    Case(#""volumes":[{"at":"data","volume":"d"}]"#, "volumes[0].at"),
    Case(#""volumes":[{"at":"/","volume":"d"}]"#, "volumes[0].at"),
    Case(#""volumes":[{"at":"/a/","volume":"d"}]"#, "volumes[0].at"),
    Case(#""volumes":[{"at":"/a/../b","volume":"d"}]"#, "volumes[0].at"),
    Case(#""volumes":[{"at":"/proc","volume":"d"}]"#, "volumes[0].at"),
    Case(#""volumes":[{"at":"/dev/x","volume":"d"}]"#, "volumes[0].at"),
    Case(#""volumes":[{"at":"/a\u0000b","volume":"d"}]"#, "volumes[0].at"),
    Case(#""volumes":[{"at":"/a"}]"#, "volumes[0]"),
    Case(#""volumes":[{"at":"/a","volume":"d","path":"/b"}]"#, "volumes[0]"),
    Case(#""volumes":[{"at":"/a","volume":".."}]"#, "volumes[0].volume"),
    Case(#""volumes":[{"at":"/a","volume":"b/c"}]"#, "volumes[0].volume"),
    Case(#""volumes":[{"at":"/a","path":"/"}]"#, "volumes[0].path"),
    Case(#""volumes":[{"at":"/a","path":"/sys/fs"}]"#, "volumes[0].path"),
    Case(#""volumes":[{"at":"/a","path":"/srv//x"}]"#, "volumes[0].path"),
    Case(#""volumes":[{"at":"/a","tmpfs_mib":0}]"#, "volumes[0].tmpfs_mib"),
    Case(#""volumes":[{"at":"/a","tmpfs_mib":1,"mode":1}]"#, "volumes[0].mode"),
    Case(#""volumes":[{"at":"/a","tmpfs_mib":1,"read_only":1}]"#, "volumes[0].read_only"),
    Case(
        #""volumes":[{"at":"/a","volume":"b"},{"at":"/a","volume":"c"}]"#, "volumes[1].at"),
]

@Suite struct ContainerSpecTests {
    @Test func everyFieldIsTaken() throws {
        let full = try #require(
            try spec(
                #""image":"hub.example/a:1","network":"host","read_only":true,"user":"app:10","#
                    + #""limits":{"memory_mib":64,"pids":10,"cpu_percent":250},"#
                    + #""volumes":[{"at":"/z","volume":"data"},"#
                    + #"{"at":"/c","path":"/srv/c","read_only":true},{"at":"/t","tmpfs_mib":8}]"#))
        #expect(full.image == "hub.example/a:1")
        #expect(full.network == .host)
        #expect(full.isReadOnly)
        #expect(full.user == "app:10")
        #expect(full.limits.memoryMebibytes == 64)
        #expect(full.limits.processes == 10)
        #expect(full.limits.cpuPercent == 250)
        // By target: what is outer comes first.
        #expect(full.volumes.map(\.target) == ["/c", "/t", "/z"])
        #expect(full.volumes.map(\.isReadOnly) == [true, false, false])
        #expect(
            full.volumes.map(\.source) == [.path("/srv/c"), .memory(mebibytes: 8), .named("data")])
    }

    @Test func anImageIsEnough() throws {
        let least = try #require(try spec(#""image":"a""#))
        #expect(least.network == .none)
        #expect(!least.isReadOnly)
        #expect(least.user == nil && least.volumes.isEmpty && least.limits.isEmpty)
        #expect(try spec(#""command":["a"]"#) == nil)
    }

    @Test(arguments: faults)
    private func aFaultNamesItsField(fault: Case) throws {
        let thrown = #expect(throws: ContainerSpec.Fault.self) { _ = try spec(fault.fields) }
        #expect(thrown?.field == fault.field)
        #expect(thrown?.description.hasPrefix(fault.field + " ") == true)
    }

    @Test func volumesAreBounded() throws {
        func list(_ count: Int) -> String {
            #""image":"a","volumes":["#
                + (0..<count).map { #"{"at":"/v\#($0)","tmpfs_mib":1}"# }.joined(separator: ",")
                + "]"
        }
        let most = try spec(list(ContainerVolume.countMax))
        #expect(most?.volumes.count == ContainerVolume.countMax)
        #expect(throws: ContainerSpec.Fault.self) {
            _ = try spec(list(ContainerVolume.countMax + 1))
        }
    }
}
