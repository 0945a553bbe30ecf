import Foundation
import LinuxPlatform
import Platform
import TestSupport
import Testing

@testable import EdgeAgent

/// The real program on the rig's kernel: emulated heat and the kernel's own test battery through
/// real sysfs, limits of workloads through real control groups. Its machine has no clock to set;
/// `BoardPowerTests` has that on files.
@Suite(
    .enabled(
        if: ProcessInfo.processInfo.environment["EDGE_RIG"] == "1",
        "needs the rig's kernel: make rig-test"), .serialized, .timeLimit(.minutes(10)))
struct PowerRigTests {
    private static let cgroups = "/sys/fs/cgroup"
    private static let parameters = "/sys/module/test_power/parameters/"
    private static let unlimited = "max 100000"

    private let kernel = LinuxKernelFiles()
    private let folder: TemporaryFolder
    private let group = "\(cgroups)/edge-rig-\(UUID().uuidString)"
    private let zone: String

    init() throws {
        folder = try TemporaryFolder()
        let thermal = "/sys/class/thermal"
        let files = LinuxKernelFiles()
        let zones = files.list(thermal).map { "\(thermal)/\($0)" }.filter { path in
            (try? files.text(path + "/type")) == "test_battery"
        }
        zone = try #require(zones.first, "the rig's kernel has no zone of test_power")
        try kernel.set(Self.cgroups + "/cgroup.subtree_control", "+cpu +cpuset")
        try kernel.makeGroup(group)
        try heat(40)
        try supply(isOnMains: true, percent: 90)
        let profile = """
            name: rig-power
            title: The rig
            compatible: ["*"]
            health: {thermal: \(zone)/temp}
            boot: {firmware: /boot}
            power: {states: {saver: {workload_percent: 60}}}

            """
        try folder.write("profile.yaml", Array(profile.utf8))
        let configuration = """
            device: {id: rig}
            state: {directory: \(folder.path)/state}
            uplink: {enabled: false}
            local_broker: {enabled: false}
            board: {sample_interval_ms: 200}
            power: {enabled: true, profile: \(folder.path)/profile.yaml, group: \(group)}

            """
        try folder.write("agent.yaml", Array(configuration.utf8))
    }

    private func heat(_ degrees: Int) throws {
        try kernel.set(zone + "/emul_temp", "\(degrees)000")
    }

    private func supply(isOnMains: Bool, percent: Int) throws {
        let word = isOnMains ? "on" : "off"
        try kernel.set(Self.parameters + "ac_online", word)
        try kernel.set(Self.parameters + "usb_online", word)
        try kernel.set(
            Self.parameters + "battery_status", isOnMains ? "charging" : "discharging")
        try kernel.set(Self.parameters + "battery_capacity", "\(percent)")
    }

    private func limit(_ kind: String) throws -> String {
        try kernel.text("\(group)/work-\(kind)/cpu.max")
    }

    /// What was built beside the tests.
    private static var program: URL {
        let tests = CommandLine.arguments[0]
        let home = tests.prefix(through: tests.lastIndex(of: "/") ?? tests.startIndex)
        return URL(filePath: home + "edge-agent")
    }

    private func start() throws -> Process {
        let agent = Process()
        agent.executableURL = Self.program
        agent.arguments = ["run", "--config", folder.path + "/agent.yaml"]
        try agent.run()
        return agent
    }

    private func state() -> String? {
        let answer = try? ControlSocket.ask(
            folder.path + "/state/agent.sock", .object([("op", .string("power"))]))
        return answer?["state"]?.stringValue
    }

    private func becomes(_ state: String) async throws {
        try await eventually("the state \(state)") { self.state() == state }
    }

    private func kill(_ agent: Process) {
        Foundation.kill(agent.processIdentifier, SIGKILL)
        agent.waitUntilExit()
    }

    /// Heat, then the kill: the limits stay, which is safe, and the next agent takes them away.
    @Test(arguments: [(78, "saver", "120000 100000"), (90, "critical", "50000 100000")])
    func heatLimitsWorkAndADeadAgentsLimitsGo(
        degrees: Int, state: String, limit: String
    ) async throws {
        let first = try start()
        try await becomes("balanced")
        #expect(try self.limit("normal") == Self.unlimited)
        try heat(degrees)
        try await becomes(state)
        #expect(try self.limit("normal") == limit)
        #expect(try self.limit("urgent") == Self.unlimited)
        kill(first)
        #expect(try self.limit("normal") == limit)
        try heat(40)
        let second = try start()
        try await becomes("balanced")
        try await eventually("the limit's end") {
            try self.limit("normal") == Self.unlimited
        }
        // In good order: what was found is there, and no record is.
        second.terminate()
        second.waitUntilExit()
        #expect(try self.limit("background") == Self.unlimited)
        #expect(
            !FileManager.default.fileExists(atPath: folder.path + "/state/power-found.json"))
    }

    @Test func theKernelsBatteryAndMainsDecide() async throws {
        let agent = try start()
        defer { kill(agent) }
        try await becomes("balanced")
        try supply(isOnMains: false, percent: 90)
        try await becomes("saver")
        try supply(isOnMains: false, percent: 10)
        try await becomes("critical")
        #expect(try kernel.text("\(group)/work-background/cpuset.cpus") == "0")
        // Nobody allowed a halt: an empty battery leaves the board critical and running.
        try supply(isOnMains: false, percent: 2)
        try await becomes("off")
        #expect(agent.isRunning)
    }
}
