import Glibc
import Platform
import TestSupport
import Testing

@testable import LinuxPlatform

/// What becomes of workloads whose agent or shim is gone.
struct ShimTests {
    private let folder: TemporaryFolder
    private let runner: ShimProcessRunner

    init() throws {
        folder = try TemporaryFolder()
        runner = ShimProcessRunner(
            owner: folder.path, program: BuiltPrograms.path("edge-shim"))
    }

    private func start(_ script: String, tag: String = "web/1") throws -> ProcessIdentity {
        try runner.start(
            ProcessCommand(
                arguments: ["/bin/sh", "-c", script], environment: [:], workingDirectory: nil,
                logPath: folder.path + "/log"), tag: tag)
    }

    private func exit(_ process: ProcessIdentity) async throws -> ProcessExit? {
        try await eventually("it ends") { runner.poll(process) != nil }
        return runner.poll(process)
    }

    /// The processes that carry the tag.
    private func tagged(_ tag: String = "web/1") -> [Int32] {
        ProcessTable.with(
            variable: ShimProcessRunner.tagVariable, value: "\(folder.path):\(tag)")
    }

    @Test func aWorkloadEndsWithItsShimAndWhatItStartedIsSwept() async throws {
        let process = try start("setsid sleep 600 & sleep 600; true")
        // The shim, the shell and both sleeps.
        try await eventually("all run") { tagged().count == 4 }
        kill(process.pid, SIGKILL)
        #expect(try await exit(process) == .unknown)
        try await eventually("nothing is left") { tagged().isEmpty }
        #expect(runner.ended().map(\.exit) == [.unknown])
    }

    /// It may have ended before its parent looks for the first time.
    @Test func aWorkloadThatIsOverAtOnceHasItsExit() async throws {
        for code in Int32(0)..<40 {
            let process = try start("exit \(code)")
            #expect(process.startTicks > 0)
            #expect(try await exit(process) == .code(code))
            runner.forget(process)
        }
        #expect(runner.ended().isEmpty)
    }

    @Test func whatAWorkloadLeavesEndsWithIt() async throws {
        let process = try start("setsid sleep 600 & exit 5")
        #expect(try await exit(process) == .code(5))
        #expect(tagged().isEmpty)
    }

    @Test func whoLeftTheSessionIsKilledWithTheRest() async throws {
        let process = try start("trap '' TERM; setsid sleep 600 & wait; sleep 600")
        try await eventually("all run") { tagged().count == 3 }
        runner.signal(process, SIGKILL)
        #expect(try await exit(process) == .signal(SIGKILL))
        #expect(tagged().isEmpty)
    }

    @Test func aSignalToTheShimReachesTheWorkload() async throws {
        let process = try start("trap 'exit 7' TERM; echo up; while :; do sleep 0.01; done")
        let log = folder.path + "/log"
        try await eventually("it runs") { (LinuxFileSystem().size(log) ?? 0) > 0 }
        kill(process.pid, SIGTERM)
        #expect(try await exit(process) == .code(7))
    }

    @Test func anEndOfAnotherBootIsNobodysAndAnOtherAgentsIsItsOwn() throws {
        let run = folder.path + "/run"
        try LinuxFileSystem().makeDirectory(run, mode: 0o750)
        let state = "code 0" + String(repeating: " ", count: 25) + "\n"
        let boot = ShimRecord.bootDigits(LinuxTimekeeper().bootID)
        let mine = "1-1-" + boot
        for (name, tag) in [
            ("1-1-00000000", "\(folder.path):web/1"), (mine, "\(folder.path):web/1"),
            ("2-1-" + boot, "/other:web/1"),
        ] {
            try LinuxFileSystem().replace(
                run + "/" + name, with: Array((state + tag).utf8), mode: 0o640)
        }
        let ended = runner.ended()
        #expect(ended.map(\.identity.pid) == [1])
        #expect(LinuxFileSystem().list(run).sorted() == [mine, "2-1-" + boot].sorted())
        runner.forget(ended[0].identity)
        #expect(runner.ended().isEmpty)
    }

    @Test func theAgentIsToldWhatCouldNotStart() throws {
        #expect(throws: ProcessError("cannot run /no/such: No such file or directory")) {
            try runner.start(
                ProcessCommand(
                    arguments: ["/no/such"], environment: [:], workingDirectory: nil,
                    logPath: folder.path + "/log"), tag: "web/1")
        }
        #expect(throws: ProcessError.self) {
            try runner.start(
                ProcessCommand(
                    arguments: ["/bin/true"], environment: [:], workingDirectory: "/no/such",
                    logPath: folder.path + "/log"), tag: "web/1")
        }
        #expect(runner.ended().isEmpty)
        let without = ShimProcessRunner(owner: folder.path, program: nil)
        #expect(throws: ProcessError.self) {
            try without.start(
                ProcessCommand(
                    arguments: ["/bin/true"], environment: [:], workingDirectory: nil,
                    logPath: folder.path + "/log"), tag: "web/1")
        }
    }

    @Test func theWorkloadJoinsItsGroupBeforeItRuns() async throws {
        let group = folder.path + "/group"
        try LinuxFileSystem().makeDirectory(group, mode: 0o750)
        try LinuxFileSystem().replace(group + "/cgroup.procs", with: [], mode: 0o640)
        let process = try runner.start(
            ProcessCommand(
                arguments: ["/bin/cat", group + "/cgroup.procs"], environment: [:],
                workingDirectory: nil, logPath: folder.path + "/log", group: group), tag: "web/1")
        #expect(try await exit(process) == .code(0))
        #expect(try LinuxFileSystem().read(folder.path + "/log", maximumBytes: 100) == [48])
    }

    @Test func aWorkloadWhoseGroupIsGoneRunsAndItsLogSaysSo() async throws {
        let process = try runner.start(
            ProcessCommand(
                arguments: ["/bin/echo", "runs"], environment: [:], workingDirectory: nil,
                logPath: folder.path + "/log", group: "/no/such"), tag: "web/1")
        #expect(try await exit(process) == .code(0))
        let log = try LinuxFileSystem().read(folder.path + "/log", maximumBytes: 500)
        #expect(
            String(decoding: log, as: UTF8.self)
                == "edge-shim: no limits hold for this workload, as it cannot join /no/such: "
                + "No such file or directory\nruns\n")
    }

    @Test func noDescriptorOfTheShimReachesTheWorkload() async throws {
        let process = try start("for f in /proc/$$/fd/*; do readlink $f; done; true")
        #expect(try await exit(process) == .code(0))
        let bytes = try LinuxFileSystem().read(folder.path + "/log", maximumBytes: 4096)
        let held = String(decoding: bytes, as: UTF8.self)
        #expect(held.contains(folder.path + "/log"))
        #expect(!held.contains("pipe:") && !held.contains("/run/"))
    }
}
