import Foundation
import LinuxPlatform
import Platform
import Simulator
import TestSupport
import Testing

/// Programs of a contract, which mean the same on both machines.
enum Programs {
    static let runs = ["/bin/sleep", "60"]
    static let exits = ["/bin/sh", "-c", "exit 3"]
    /// A shell with a child of its own, in one process group.
    static let group = ["/bin/sh", "-c", "sleep 60; true"]
    static let missing = ["/no/such/program"]
    static let talks = ["/bin/echo", "hello"]

    static func simulated(_ command: ProcessCommand) -> SimProgram? {
        switch command.arguments {
        case exits:
            var program = SimProgram(lifetime: 4)
            program.exit = .code(3)
            return program
        case talks:
            var program = SimProgram(lifetime: 4)
            program.output = "hello\n"
            return program
        case missing: return nil
        default: return SimProgram()
        }
    }
}

/// Processes start, are found by tag by every runner of the machine, end with their code or
/// signal, and are told of once.
func processRunnerContract(
    _ runner: any ProcessRunner, later: any ProcessRunner, files: any FileSystem,
    in directory: String, _ stage: Stage
) async throws -> [String] {
    var verdict = Verdict()
    let log = directory + "/log"
    func start(_ arguments: [String], _ tag: String) throws -> ProcessIdentity {
        try runner.start(
            ProcessCommand(
                arguments: arguments, environment: ["A": "b"], workingDirectory: nil, logPath: log),
            tag: tag)
    }
    func exit(_ identity: ProcessIdentity) async throws -> ProcessExit? {
        var exit: ProcessExit?
        _ = try await stage.eventually {
            exit = runner.poll(identity)
            return exit != nil
        }
        return exit
    }
    let sleeper = try start(Programs.runs, "sleeper/1")
    verdict.require(runner.poll(sleeper) == nil, "a process that runs has an exit")
    // The kernel shows a new program's environment a moment after posix_spawn(3) returns.
    verdict.require(
        try await stage.eventually { runner.running()["sleeper/1"] == sleeper },
        "it is not found by its tag")
    verdict.require(later.running()["sleeper/1"] == sleeper, "a later run does not find it")
    runner.signal(sleeper, 9)
    verdict.require(try await exit(sleeper) == .signal(9), "the signal is not told")
    verdict.require(runner.running()["sleeper/1"] == nil, "a dead process runs")
    verdict.require(
        later.ended() == [EndedProcess(tag: "sleeper/1", identity: sleeper, exit: .signal(9))],
        "a later run does not learn how it ended")
    verdict.require(later.poll(sleeper) == .signal(9), "a later run is not told how it ended")
    later.forget(sleeper)
    verdict.require(later.ended() == [], "it is not forgotten")
    verdict.require(runner.poll(sleeper) == .unknown, "a forgotten exit is told")
    runner.signal(sleeper, 9)
    let failure = try start(Programs.exits, "failure/1")
    verdict.require(try await exit(failure) == .code(3), "the exit code is not told")
    let group = try start(Programs.group, "group/1")
    runner.signal(group, 15)
    verdict.require(try await exit(group) == .signal(15), "the group did not end")
    verdict.require((try? start(Programs.missing, "none")) == nil, "a missing program starts")
    verdict.require((try? start([], "none")) == nil, "an empty command starts")
    verdict.require(
        runner.ended().map(\.exit) == [.code(3), .signal(15)], "ends are not kept in order")
    let talker = try start(Programs.talks, "talker/1")
    _ = try await exit(talker)
    verdict.require(
        (try? files.read(log, maximumBytes: 100)) == Array("hello\n".utf8),
        "the output is not in the log")
    let stranger = ProcessIdentity(pid: 1, startTicks: .max)
    verdict.require(runner.poll(stranger) == .unknown, "somebody else's process is ours")
    return verdict.faults
}

@Suite struct ProcessRunnerContracts {
    @Test func linux() async throws {
        let directory = NSTemporaryDirectory() + "/contract-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try LinuxFileSystem().makeDirectory(directory, mode: 0o750)
        let faults = try await processRunnerContract(
            ShimProcessRunner(owner: directory, program: BuiltPrograms.path("edge-shim")),
            later: ShimProcessRunner(owner: directory, program: BuiltPrograms.path("edge-shim")),
            files: LinuxFileSystem(), in: directory, .linux)
        #expect(faults == [])
        #expect(ShimProcessRunner(owner: directory + "-other").running() == [:])
    }

    @Test func simulated() async throws {
        let world = SimWorld(seed: 1)
        let files = SimFileSystem(world: world)
        let machine = SimProcesses(world: world, fileSystem: files, program: Programs.simulated)
        let faults = try await processRunnerContract(
            machine.runner(), later: machine.runner(), files: files, in: "/logs",
            .simulated(world))
        #expect(faults == [])
    }

    @Test func aRunnerThatForgetsExitsIsFound() async throws {
        let world = SimWorld(seed: 1)
        let files = SimFileSystem(world: world)
        let machine = SimProcesses(world: world, fileSystem: files, program: Programs.simulated)
        let faults = try await processRunnerContract(
            ForgetfulRunner(runner: machine.runner()), later: machine.runner(), files: files,
            in: "/logs", .simulated(world))
        #expect(faults.contains("the exit code is not told"))
    }
}

/// Mutant: every exit is a good one.
private struct ForgetfulRunner: ProcessRunner {
    let runner: SimProcessRunner

    func start(
        _ command: ProcessCommand, tag: String
    ) throws(ProcessError) -> ProcessIdentity { try runner.start(command, tag: tag) }
    func running() -> [String: ProcessIdentity] { runner.running() }
    func ended() -> [EndedProcess] { runner.ended() }
    func forget(_ identity: ProcessIdentity) { runner.forget(identity) }
    func poll(_ identity: ProcessIdentity) -> ProcessExit? {
        if case .code = runner.poll(identity) { .code(0) } else { runner.poll(identity) }
    }
    func signal(_ identity: ProcessIdentity, _ signal: Int32) { runner.signal(identity, signal) }
}
