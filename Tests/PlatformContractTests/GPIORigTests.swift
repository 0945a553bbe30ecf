import Foundation
import Platform
import TestSupport
import Testing

@testable import LinuxPlatform

/// Pins of the kernel's gpio-sim. Each test has a chip of its own.
@Suite(.enabled(if: Rig.isHere, Rig.comment), .serialized, .timeLimit(.minutes(5)))
struct GPIORigTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private var place: GPIOGuard.Place {
        GPIOGuard.Place(
            program: Rig.program("edge-gpio-guard"), lock: folder.path + "/gpio-guard.lock")
    }

    private func gpio(
        _ libraries: [(name: String, generation: Int32)] = GPIODLibrary.candidates
    ) -> LinuxGPIO {
        LinuxGPIO(folder: "/dev", guardPlace: place, libraries: libraries)
    }

    private func bench(
        _ chip: SimulatedChip, _ libraries: [(name: String, generation: Int32)]
    ) -> GPIOBench {
        GPIOBench(
            gpio: gpio(libraries), other: gpio(libraries), pull: { try chip.pull($0, up: $1) },
            level: { try chip.level($0) })
    }

    private func contractChip() throws -> SimulatedChip {
        try SimulatedChip(
            label: GPIOBench.label, lines: 8, names: [2: "PUMP"], hogs: [7: "another"])
    }

    @Test func generation1() async throws {
        let libraries: [(name: String, generation: Int32)] = [("libgpiod.so.2", 1)]
        let chip = try contractChip()
        let bench = bench(chip, libraries)
        #expect(try await gpioContract(bench, .linux) == [])
        try GPIOGuard.endPredecessor(place)
    }

    /// Debian 12 has no libgpiod 2; `EDGE_LIBGPIOD2` names one that was built by hand.
    @Test(
        .enabled(
            if: Self.libgpiod2 != nil, "no libgpiod 2.x here: set EDGE_LIBGPIOD2"))
    func generation2() async throws {
        let chip = try contractChip()
        let bench = bench(chip, [(try #require(Self.libgpiod2), 2)])
        #expect(try await gpioContract(bench, .linux) == [])
        try GPIOGuard.endPredecessor(place)
    }

    private static var libgpiod2: String? {
        ["libgpiod.so.3", ProcessInfo.processInfo.environment["EDGE_LIBGPIOD2"]]
            .compactMap { $0 }
            .first { (try? GPIODLibrary([($0, 2)])) != nil }
    }

    @Test func kernelDebounces() async throws {
        let chip = try SimulatedChip(label: "debounce", lines: 1)
        let gpio = gpio()
        var request = GPIORequest(
            chip: "debounce", lines: ["0"], consumer: "button", direction: .input)
        request.edges = .both
        request.debounceMicroseconds = 50_000
        let lease = try gpio.request(request)
        #expect(lease.isDebounced)
        // Nine changes within microseconds, ending high, are one press.
        for number in 0..<9 { try chip.pull(0, up: number % 2 == 0) }
        for await event in gpio.events {
            guard case .edges(lease.handle, let edges) = event else { continue }
            #expect(edges.map(\.isRising) == [true])
            #expect(edges.map(\.sequence) == [1])
            break
        }
        gpio.close()
    }

    @Test func guardIsReplaced() async throws {
        let chip = try SimulatedChip(label: "replaced", lines: 1)
        let gpio = gpio()
        let request = GPIORequest(
            chip: "replaced", lines: ["0"], consumer: "relay",
            direction: .output(initial: [true], safe: [false]))
        let lease = try gpio.request(request)
        let first = try #require(gpio.state.with { $0.guardian?.value.pid })
        kill(first, SIGKILL)
        try await eventually("another guard") {
            let pid = gpio.state.with { $0.guardian?.value.pid }
            return pid != nil && pid != first
        }
        #expect(try chip.level(0), "the relay is as it was")
        #expect(try gpio.values(of: lease.handle) == [true])
        gpio.close()
        #expect(try !chip.level(0))
        try GPIOGuard.endPredecessor(place)
    }

    @Test func safeValueNeedsGuard() throws {
        let chip = try SimulatedChip(label: "unguarded", lines: 1)
        let gpio = LinuxGPIO(guardProgram: "/nowhere/guard", lock: folder.path + "/lock")
        let request = GPIORequest(
            chip: "unguarded", lines: ["0"], consumer: "relay",
            direction: .output(initial: [true], safe: [false]))
        do throws(GPIOError) {
            _ = try gpio.request(request)
            Issue.record("a relay without a guard was taken")
        } catch {
            #expect(error.code == .unguarded)
        }
        #expect(try !chip.level(0))
    }

    /// Pulses by software are up for their share of the time, and end.
    @Test func pulses() async throws {
        let chip = try SimulatedChip(label: "pulses", lines: 1)
        let gpio = gpio()
        let lease = try gpio.request(
            GPIORequest(
                chip: "pulses", lines: ["0"], consumer: "fan",
                direction: .output(initial: [false], safe: [false])))
        let wave = try #require(GPIOWave(rate: 50, share: 0.25))
        try gpio.pulse(wave, on: lease.handle)
        var levels = (up: 0, down: 0)
        var changes = 0
        var last = false
        // Ends once there were enough pulses, however slow the machine.
        for _ in 0..<1_000_000 where changes < 100 {
            let isUp = try chip.level(0)
            if isUp != last { changes += 1 }
            last = isUp
            if isUp { levels.up += 1 } else { levels.down += 1 }
            try await Task.sleep(for: .microseconds(500))
        }
        #expect(changes == 100)
        let share = Double(levels.up) / Double(levels.up + levels.down)
        print("rig: pulses of share 0.25 were up in \(share) of \(levels.up + levels.down) looks")
        #expect(0.05..<0.6 ~= share)
        try gpio.set([true], of: lease.handle)
        #expect(gpio.state.with { $0.waves.isEmpty })
        try await eventually("the thread's end") { gpio.state.with { $0.waveBell < 0 } }
        #expect(try chip.level(0))
        try gpio.pulse(wave, on: lease.handle)
        gpio.close()
        #expect(try !chip.level(0))
        try GPIOGuard.endPredecessor(place)
    }
}
