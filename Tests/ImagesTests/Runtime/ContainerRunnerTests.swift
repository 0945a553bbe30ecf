import Foundation
import Glibc
import Platform
import TestSupport
import Testing

@testable import Images
@testable import LinuxPlatform

private let canRun =
    geteuid() == 0 && access("/usr/bin/crun", X_OK) == 0 && access("/bin/busybox", X_OK) == 0

/// A store with an image of busybox, and containers from it.
private struct Boxes {
    let fixture: StoreFixture
    let runner: ContainerRunner
    let processes: ShimProcessRunner
    static let image = "hub.example/box:1"

    init() throws {
        fixture = try StoreFixture()
        var tar = TarArchive()
        let busybox = try #require(FileManager.default.contents(atPath: "/bin/busybox"))
        tar.add("bin/busybox", Array(busybox), mode: 0o755)
        tar.add("etc/passwd", Array("root:x:0:0::/:/bin/sh\napp:x:1000:100::/:/bin/sh\n".utf8))
        let lower = tar.closed
        try fixture.archive(
            "box.tar", name: Self.image,
            layers: [lower, StoreFixture.layer("etc/group", "app:x:100:\ngpio:x:997:app\n")])
        _ = try fixture.load(try fixture.store(), "box.tar")
        runner = ContainerRunner(
            images: fixture.path, directory: fixture.folder.path + "/containers")
        processes = ShimProcessRunner(
            owner: fixture.folder.path, program: BuiltPrograms.path("edge-shim"))
    }

    var log: String { fixture.folder.path + "/log" }
    var boxes: [String] { LinuxFileSystem().list(runner.directory + "/boxes") }

    func start(
        _ script: String, _ fields: String = "", name: String = "web"
    ) throws -> ProcessIdentity {
        let json = #"{"image":"\#(Self.image)""# + (fields.isEmpty ? "" : "," + fields) + "}"
        let spec = try #require(try ContainerSpec.read(try JSONReader.read(json)))
        let words = try runner.prepare(
            name, spec, .init(command: ["/bin/busybox", "sh", "-c", script]))
        return try processes.start(
            ProcessCommand(
                arguments: words, environment: [:], workingDirectory: nil, logPath: log),
            tag: name + "/1")
    }

    func exit(_ process: ProcessIdentity) async throws -> ProcessExit? {
        try await eventually("it ends") { processes.poll(process) != nil }
        return processes.poll(process)
    }

    /// What the containers have said.
    func said() -> String {
        FileManager.default.contents(atPath: log).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}

@Suite(.enabled(if: canRun, "needs root, crun and a static busybox"))
struct ContainerRunnerTests {
    @Test func aContainerIsConfinedAndItsExitIsKept() async throws {
        let boxes = try Boxes()
        let process = try boxes.start(
            """
            b=/bin/busybox
            $b echo "host $($b hostname) user $($b id -u):$($b id -g):$($b id -G)"
            $b grep -E '^(Seccomp|NoNewPrivs|CapEff):' /proc/self/status
            $b unshare -m true 2>&1; $b mount -t tmpfs x /mnt 2>&1
            $b echo "processes $($b ls -d /proc/[0-9]* | $b wc -l)"
            $b cat /sys/class/net/eth0/address 2>&1
            exit 7
            """, #""user":"app""#)
        #expect(try await boxes.exit(process) == .code(7), "\(boxes.said())")
        let said = boxes.said()
        for line in [
            "host web user 1000:100:100 997", "Seccomp:\t2", "NoNewPrivs:\t1",
            "CapEff:\t0000000000000000", "Operation not permitted", "No such file or directory",
        ] {
            #expect(said.contains(line), "\(line) in \(said)")
        }
        boxes.runner.clean("web")
        #expect(boxes.boxes.isEmpty)
    }

    @Test func aNamedVolumeStaysAndTheRestGoes() async throws {
        let boxes = try Boxes()
        let volume = #""volumes":[{"at":"/data","volume":"d"},{"at":"/t","tmpfs_mib":1}]"#
        let write = "echo kept >/data/f; echo gone >/f; echo gone >/t/f; exit 3"
        #expect(try await boxes.exit(try boxes.start(write, volume)) == .code(3))
        let look = "/bin/busybox cat /data/f /f /t/f 2>&1; exit 4"
        #expect(try await boxes.exit(try boxes.start(look, volume)) == .code(4))
        #expect(boxes.said().contains("kept") && !boxes.said().contains("gone"))
        boxes.runner.keep([])
        #expect(boxes.boxes.isEmpty)
        #expect(access(boxes.runner.directory + "/volumes/edge-web/d/f", F_OK) == 0)
    }

    @Test func aReadOnlyRootIsNotWrittenTo() async throws {
        let boxes = try Boxes()
        let process = try boxes.start("echo x >/f && exit 1; exit 5", #""read_only":true"#)
        #expect(try await boxes.exit(process) == .code(5), "\(boxes.said())")
    }

    /// Killed are the shim and with it the runtime; the container's own init is left, and is ended.
    @Test func whatAKilledShimLeavesIsEnded() async throws {
        let boxes = try Boxes()
        let process = try boxes.start("echo runs; /bin/busybox sleep 600; exit 0")
        try await eventually("it runs") { boxes.said().contains("runs") }
        let notes = boxes.runner.directory + "/runtime/edge-web"
        let child = try #require(ContainerInit.process(notes))
        kill(process.pid, SIGKILL)
        #expect(try await boxes.exit(process) == .unknown)
        boxes.runner.clean("web")
        try await eventually("nothing is left") { !ProcessTable.isAlive(child) }
        #expect(boxes.boxes.isEmpty)
    }

    @Test func aStopIsAskedForAndForced() async throws {
        let boxes = try Boxes()
        let polite = try boxes.start(
            "trap 'exit 9' TERM; echo runs; while :; do /bin/busybox sleep 0.1; done")
        try await eventually("it runs") { boxes.said().contains("runs") }
        boxes.processes.signal(polite, SIGTERM)
        #expect(try await boxes.exit(polite) == .code(9))
        let deaf = try boxes.start("trap '' TERM; echo deaf; /bin/busybox sleep 600")
        try await eventually("it runs") { boxes.said().contains("deaf") }
        boxes.processes.signal(deaf, SIGKILL)
        #expect(try await boxes.exit(deaf) == .signal(SIGKILL))
        boxes.runner.clean("web")
        #expect(boxes.boxes.isEmpty)
    }

    @Test func anImageInUseStays() async throws {
        let boxes = try Boxes()
        let store = try boxes.fixture.store()
        let process = try boxes.start("exit 0")
        let refused = #expect(throws: ImageError.self) { try store.remove(Boxes.image) }
        #expect(refused?.message.contains("used by the workload web") == true)
        #expect(try store.collect(quota: 1) == [])
        // Its name moves on to another image; the layers of the old one stay.
        try boxes.fixture.archive(
            "other.tar", name: Boxes.image, layers: [StoreFixture.layer("f", "x")])
        _ = try boxes.fixture.load(store, "other.tar")
        _ = try store.collect()
        #expect(store.list("layers").count == 3)
        #expect(try await boxes.exit(process) == .code(0), "\(boxes.said())")
        boxes.runner.keep([])
        #expect(try store.remove(Boxes.image))
        #expect(store.list("layers").isEmpty && store.list("uses").isEmpty)
    }

    @Test func whatCannotRunSaysWhy() throws {
        let boxes = try Boxes()
        func message(_ json: String) throws -> String {
            let spec = try #require(try ContainerSpec.read(try JSONReader.read(json)))
            let error = #expect(throws: ProcessError.self) {
                try boxes.runner.prepare("web", spec, .init())
            }
            return error?.message ?? ""
        }
        #expect(try message(#"{"image":"hub.example/none:1"}"#).contains("edge-agent image pull"))
        #expect(
            try message(#"{"image":"\#(Boxes.image)"}"#).contains("give the workload a command"))
        #expect(
            try message(#"{"image":"\#(Boxes.image)","user":"nobody"}"#).contains("no user nobody"))
        #expect(
            try message(#"{"image":"\#(Boxes.image)","limits":{"pids":5}}"#).contains("limits"))
        #expect(
            try message(#"{"image":"\#(Boxes.image)","volumes":[{"at":"/a","path":"/none/x"}]}"#)
                .contains("is not on this board"))
        #expect(boxes.boxes.isEmpty)
        let elsewhere = ContainerRunner(images: "/a:b", directory: boxes.runner.directory)
        let spec = try #require(try ContainerSpec.read(.object([("image", .string("a"))])))
        #expect(throws: ProcessError.self) { try elsewhere.prepare("web", spec, .init()) }
    }
}

@Suite struct DeepTreeTests {
    @Test func aTreeDeeperThanDescriptorsIsRemoved() throws {
        let folder = try TemporaryFolder()
        let top = folder.path + "/tree"
        try LinuxFileSystem().makeDirectory(top, mode: 0o700)
        var place = open(top, O_RDONLY | O_DIRECTORY)
        for _ in 0..<3000 {
            #expect(mkdirat(place, "d", 0o700) == 0)
            let next = openat(place, "d", O_RDONLY | O_DIRECTORY)
            close(place)
            place = next
        }
        close(place)
        try TreeRemoval.remove(top)
        #expect(access(top, F_OK) != 0)
    }
}
