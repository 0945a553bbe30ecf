import Foundation
import Platform
import TestSupport
import Testing

@testable import LinuxPlatform

/// The agent itself on the rig's pins, buses and sensors. EDGE_RIG_AGENT names another build of it
/// than the one beside the tests.
@Suite(.enabled(if: Rig.isHere, Rig.comment), .serialized, .timeLimit(.minutes(10)))
struct AgentRigTests {
    private let folder: TemporaryFolder
    private let program: String

    init() throws {
        folder = try TemporaryFolder()
        program =
            ProcessInfo.processInfo.environment["EDGE_RIG_AGENT"] ?? Rig.program("edge-agent")
    }

    private func start(_ devices: String) throws -> Process {
        let text = """
            device: {id: rig}
            state: {directory: \(folder.path)/state}
            uplink: {enabled: false}
            local_broker: {enabled: false}
            devices:
            \(devices)

            """
        try folder.write("agent.yaml", Array(text.utf8))
        let agent = Process()
        agent.executableURL = URL(filePath: program)
        agent.arguments = ["run", "--config", folder.path + "/agent.yaml"]
        agent.standardOutput = FileHandle.nullDevice
        try agent.run()
        return agent
    }

    /// Nil while the agent is not there.
    private func ask(_ fields: (String, Value)...) -> Value? {
        try? ControlSocket.ask(folder.path + "/state/agent.sock", .object(fields))
    }

    private func value(_ path: String) -> Value? {
        let answer = ask(("op", .string("get")), ("path", .string(path)))
        return answer?["cells"]?.arrayValue?.first { $0["path"]?.stringValue == path }?["value"]
    }

    private func declared() -> [String: Value] {
        let list = ask(("op", .string("devices")))?["declared"]?.arrayValue ?? []
        return list.reduce(into: [:]) { $0[$1["name"]?.stringValue ?? ""] = $1 }
    }

    private var place: GPIOGuard.Place {
        GPIOGuard.Place(
            program: Rig.program("edge-gpio-guard"), lock: folder.path + "/state/gpio-guard.lock")
    }

    /// From SIGKILL to the level that is safe, as somebody at the header sees it.
    private func kill(_ agent: Process, _ chip: SimulatedChip, _ line: Int) throws -> Duration {
        let begin = Rig.nanoseconds()
        Glibc.kill(agent.processIdentifier, SIGKILL)
        while try chip.level(line), Rig.nanoseconds() - begin < 20_000_000_000 { sched_yield() }
        let span = Duration.nanoseconds(Int64(Rig.nanoseconds() - begin))
        #expect(try !chip.level(line), "the relay is on after its agent was killed")
        agent.waitUntilExit()
        return span
    }

    @Test func declaredPins() async throws {
        let chip = try SimulatedChip(
            label: "agent-pins", lines: 4, names: [2: "PUMP"], hogs: [3: "lircd"])
        let devices = """
              pump: {kind: relay, line: PUMP, safe: off}
              taken: {kind: relay, chip: agent-pins, line: 3}
              door: {kind: switch, chip: agent-pins, line: 0, debounce: 5ms}
              bell: {kind: button, chip: agent-pins, line: 1, debounce: 5ms}
            """
        var agent = try start(devices)
        try await eventually("the agent's pins") { declared().count == 4 }
        let taken = try #require(declared()["taken"])
        #expect(taken["reason"]?.stringValue?.contains("held by lircd") == true)
        // Inputs tell.
        try chip.pull(0, up: true)
        try chip.pull(1, up: true)
        try await eventually("the door") {
            value("reported/devices/door/on") == .bool(true)
        }
        try await eventually("the bell") {
            value("reported/devices/bell/presses") == .int(1)
        }
        // A wish is carried out and confirmed.
        let set = ask(
            ("op", .string("set")), ("path", .string("desired/devices/pump/on")),
            ("value", .bool(true)))
        #expect(set?["ok"] == .bool(true))
        try await eventually("the pump") { try chip.level(2) }
        try await eventually("its answer") {
            value("reported/desired/devices/pump/on")?["status"] == .string("applied")
        }
        // Killed, and started again, five times: safe each time, then as wished.
        var spans: [Duration] = []
        let observer = LinuxGPIO(guardProgram: nil, lock: "")
        for _ in 0..<5 {
            spans.append(try kill(agent, chip, 2))
            #expect(try observer.lines(of: "agent-pins")[2].consumer == "edge-agent:pump")
            agent = try start(devices)
            try await eventually("the pump, again") { try chip.level(2) }
        }
        let sorted = spans.sorted()
        print("rig: relay safe after SIGKILL to the agent: \(sorted)")
        // Stopped in good order, it is safe as well.
        try await eventually("the agent") { declared()["pump"]?["state"] == .string("ok") }
        agent.terminate()
        agent.waitUntilExit()
        #expect(agent.terminationStatus == 0)
        #expect(try !chip.level(2))
        try GPIOGuard.endPredecessor(place)
        #expect(try observer.lines(of: "agent-pins")[2].consumer == nil)
    }

    /// A chip on i2c-stub, then the kernel's driver on the same chip, and a sensor of IIO.
    @Test func declaredSensors() async throws {
        let bus = try #require(Rig.stub)
        // 25 °C (SBOS397, table 6-3).
        var registers = try LinuxI2CBus(bus)
        _ = try registers.transfer(I2CTransfer(I2CAddress(low: 0x48), [.write([0, 0x19, 0])]))
        let home = "/sys/kernel/config/iio/devices/dummy/rig"
        try FileManager.default.createDirectory(
            atPath: home, withIntermediateDirectories: false)
        defer { rmdir(home) }
        let scan = try await Tool.run([program, "i2c", "scan", bus, "--json"], in: folder)
        let found = try JSONReader.read(scan.text)["buses"]?.arrayValue?.first?["found"]
        let addresses = (found?.arrayValue ?? []).compactMap { $0["address"]?.stringValue }
        #expect(addresses == ["0x40", "0x48", "0x68", "0x76"])
        let agent = try start(
            """
              attic: {kind: tmp102, bus: \(bus), every: 1s}
              dummy: {kind: iio, chip: rig, every: 1s}
            """)
        let path = "reported/devices/attic/temperature"
        try await eventually("a temperature") { value(path) == .number(25) }
        try await eventually("a sensor of IIO") {
            declared()["dummy"]?["state"] == .string("ok")
        }
        let dummy = try #require(declared()["dummy"])
        print("rig: iio-dummy says \((dummy["readings"] ?? .null).json)")
        #expect(dummy["readings"]?.arrayValue?.isEmpty == false)
        // The kernel takes the chip: its hwmon sensor is read instead.
        let added = "/sys/bus/i2c/devices/\(bus)/new_device"
        try "lm75 0x48".write(toFile: added, atomically: false, encoding: .utf8)
        try await eventually("the kernel's driver") {
            declared()["attic"]?["served_by"] == .string("kernel")
        }
        try await eventually("its reading") {
            declared()["attic"]?["state"] == .string("ok")
        }
        #expect(value(path) == .number(25))
        agent.terminate()
        agent.waitUntilExit()
        let removed = "/sys/bus/i2c/devices/\(bus)/delete_device"
        try "0x48".write(toFile: removed, atomically: false, encoding: .utf8)
    }
}
