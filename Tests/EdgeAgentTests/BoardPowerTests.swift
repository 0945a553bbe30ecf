import Foundation
import LinuxPlatform
import Platform
import PowerManager
import TestSupport
import Testing

@testable import EdgeAgent

/// The files of a board with four processors, as its kernel shows them, in a folder.
final class PaperBoard: Sendable {
    static let clock = "/sys/devices/system/cpu/cpufreq/policy0/"
    static let light = "/sys/class/leds/ACT/trigger"
    static let battery = "/sys/class/power_supply/ups/"
    static let group = "/sys/fs/cgroup/edge-workloads"

    let folder: TemporaryFolder
    let kernel: LinuxKernelFiles

    init(_ folder: TemporaryFolder) throws {
        self.folder = folder
        kernel = LinuxKernelFiles(root: folder.path)
        try put(Self.clock + "scaling_governor", "ondemand")
        try put(Self.clock + "scaling_available_governors", "ondemand powersave schedutil ")
        try put(Self.clock + "scaling_max_freq", "2400000")
        try put(Self.clock + "cpuinfo_min_freq", "1500000")
        try put(Self.clock + "cpuinfo_max_freq", "2400000")
        try put(
            Self.clock + "scaling_available_frequencies", "1500000 1600000 1800000 2000000 2400000")
        for number in 0..<4 { try put("/sys/devices/system/cpu/cpu\(number)/uevent", "") }
        // A folder does not choose between triggers as the kernel does: this one says one word.
        try put(Self.light, "mmc0")
        try put("/sys/class/leds/garden/trigger", "mmc0")
        try put("/sys/class/thermal/thermal_zone0/temp", "48000")
        try put("/proc/pressure/cpu", "some avg10=0.00 avg60=0.00 avg300=0.00 total=0")
        try put(Self.group + "/cgroup.subtree_control", "")
        for kind in WorkloadClass.allCases {
            let path = Self.group + "/work-\(kind.rawValue)/"
            try put(path + "cpu.max", "max 100000")
            try put(path + "cpu.weight", "100")
            try put(path + "cpuset.cpus", "")
            try put(path + "cgroup.procs", "")
        }
    }

    /// Writes a file as the kernel, or another program, does.
    func put(_ path: String, _ text: String) throws {
        let url = URL(filePath: folder.path + path)
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data((text + "\n").utf8).write(to: url)
    }

    func heat(_ degrees: Int) throws {
        try put("/sys/class/thermal/thermal_zone0/temp", "\(degrees)000")
    }

    func says(_ path: String) throws -> String { try kernel.text(path) }

    /// Everything that can be set, to compare.
    func knobs() throws -> [String] {
        try [
            Self.clock + "scaling_governor", Self.clock + "scaling_max_freq", Self.light,
            Self.group + "/work-normal/cpu.max", Self.group + "/work-background/cpu.max",
            Self.group + "/work-background/cpuset.cpus",
        ].map { try says($0) }
    }

    /// A new run of the agent's power management.
    func power(boot: UInt64 = 1, handsOff: Milliseconds = 60_000) -> BoardPower {
        var settings = AgentConfiguration.Power()
        settings.isEnabled = true
        settings.group = Self.group
        settings.handsOff = handsOff
        return BoardPower(
            settings: settings, profile: nil, kernel: kernel, files: LinuxFileSystem(),
            stateDirectory: folder.path, boot: BootID(rawValue: boot))
    }

    var hasRecord: Bool {
        FileManager.default.fileExists(atPath: folder.path + "/power-found.json")
    }
}

@Suite struct BoardPowerTests {
    private let board: PaperBoard
    private let found: [String]

    init() throws {
        board = try PaperBoard(try TemporaryFolder())
        found = try board.knobs()
    }

    private func time(_ seconds: Int64) -> MonotonicTime {
        MonotonicTime(milliseconds: seconds * 1000)
    }

    @Test func heatTurnsTheKnobsAndTheirWayBackIsTheSame() throws {
        var power = board.power()
        #expect(power.look(at: time(0)).change == nil)
        #expect(try board.knobs() == found)
        #expect(!board.hasRecord)
        try board.heat(83)
        let outcome = power.look(at: time(30))
        #expect(outcome.change?.to == .critical)
        #expect(outcome.faults.isEmpty)
        #expect(
            try board.knobs() == [
                "powersave", "1500000", "none", "100000 100000", "48000 100000", "0",
            ])
        // A light that is not the board's own.
        #expect(try board.says("/sys/class/leds/garden/trigger") == "mmc0")
        #expect(board.hasRecord)
        try board.heat(50)
        _ = power.look(at: time(160))
        #expect(power.policy.state == .saver)
        #expect(
            try board.knobs() == [
                "schedutil", "1800000", "none", "300000 100000", "148000 100000", "",
            ])
        _ = power.look(at: time(300))
        #expect(power.policy.state == .balanced)
        #expect(try board.knobs() == found)
        #expect(!board.hasRecord)
    }

    @Test(arguments: [PowerState.performance, .saver, .critical, .off])
    func whatADeadAgentLeavesTheNextOnePutsBack(state: PowerState) throws {
        var power = board.power()
        power.wish(for: PowerWish(state: state))
        _ = power.look(at: time(0))
        #expect(state == .performance || board.hasRecord)
        // It is gone without a word. What is left runs: a governor and a clock that the board has.
        let left = try board.says(PaperBoard.clock + "scaling_governor")
        #expect(["ondemand", "powersave", "schedutil"].contains(left))
        var next = board.power()
        _ = next.look(at: time(1))
        #expect(try board.knobs() == found)
        #expect(!board.hasRecord)
    }

    @Test func anExitPutsBackWhatWasFound() throws {
        var power = board.power()
        power.wish(for: PowerWish(state: .critical))
        _ = power.look(at: time(0))
        #expect(try board.knobs() != found)
        #expect(power.restore(at: time(1)).isEmpty)
        #expect(try board.knobs() == found)
        #expect(!board.hasRecord)
    }

    /// The kernel has forgotten it all: a record of another boot would set what nobody found.
    @Test func aRecordOfAnotherBootIsNothing() throws {
        var power = board.power()
        power.wish(for: PowerWish(state: .critical))
        _ = power.look(at: time(0))
        try board.put(PaperBoard.clock + "scaling_governor", "schedutil")
        var next = board.power(boot: 2)
        _ = next.look(at: time(1))
        #expect(try board.says(PaperBoard.clock + "scaling_governor") == "schedutil")
    }

    @Test func anotherOwnerIsToldOfOnceAndKeepsItsKnob() throws {
        var power = board.power()
        power.wish(for: PowerWish(state: .critical))
        _ = power.look(at: time(0))
        try board.put(PaperBoard.clock + "scaling_governor", "ondemand")
        let outcome = power.look(at: time(30))
        #expect(outcome.faults.map(\.knob) == ["policy0/scaling_governor"])
        #expect(power.look(at: time(60)).faults.isEmpty)
        #expect(try board.says(PaperBoard.clock + "scaling_governor") == "ondemand")
        // The others are still ours.
        #expect(try board.says(PaperBoard.clock + "scaling_max_freq") == "1500000")
        _ = power.look(at: time(91))
        #expect(try board.says(PaperBoard.clock + "scaling_governor") == "powersave")
    }

    @Test func aDiskThatTakesNothingKeepsEveryKnobAsItIs() throws {
        var settings = AgentConfiguration.Power()
        settings.isEnabled = true
        var power = BoardPower(
            settings: settings, profile: nil, kernel: board.kernel, files: LinuxFileSystem(),
            stateDirectory: board.folder.path + "/missing", boot: BootID(rawValue: 1))
        power.wish(for: PowerWish(state: .critical))
        _ = power.look(at: time(0))
        #expect(power.policy.state == .critical)
        #expect(try board.knobs() == found)
    }

    @Test func aBatteryAndItsMainsAreRead() throws {
        var power = board.power()
        try board.put(PaperBoard.battery + "type", "Battery")
        try board.put(PaperBoard.battery + "status", "Discharging")
        try board.put(PaperBoard.battery + "capacity", "12")
        #expect(power.look(at: time(0)).change?.to == .critical)
        #expect(power.policy.reason == "the battery is low")
        try board.put(PaperBoard.battery + "status", "Charging")
        #expect(power.look(at: time(200)).change?.to == .saver)
    }

    @Test func eachClassHasAGroup() throws {
        let power = board.power()
        let groups = try #require(power.groups)
        #expect(groups.group(.background) == groups.path + "/work-background")
        #expect(try board.says(PaperBoard.group + "/work-urgent/cpu.weight") == "400")
        #expect(try board.says(PaperBoard.group + "/cgroup.subtree_control") == "+cpu +cpuset")
    }

    @Test func theDelegatedGroupIsTheParentOfTheAgentsOwn() throws {
        let path = "/sys/fs/cgroup/system.slice/edge-agent.service"
        try board.put("/proc/self/cgroup", "0::/system.slice/edge-agent.service/agent")
        #expect(WorkloadGroups.find(board.kernel, given: "") == nil)
        try board.put(path + "/cgroup.subtree_control", "")
        for kind in WorkloadClass.allCases {
            try board.put(path + "/work-\(kind.rawValue)/cpu.weight", "100")
        }
        #expect(WorkloadGroups.find(board.kernel, given: "")?.path == path)
        try board.put("/proc/self/cgroup", "0::/system.slice/edge-agent.service")
        #expect(WorkloadGroups.find(board.kernel, given: "") == nil)
    }

    @Test func aBatterysVoltageIsPercentAlongALine() {
        let power = AgentConfiguration.Power()
        #expect(power.batteryPercent(volts: 3.3) == 0)
        #expect(power.batteryPercent(volts: 3.7) == 50)
        #expect(power.batteryPercent(volts: 9) == 100)
        #expect(power.batteryPercent(volts: .nan) == nil)
    }
}
