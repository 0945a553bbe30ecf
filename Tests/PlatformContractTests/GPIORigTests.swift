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

    private static let guardProgram = BuiltPrograms.path("edge-gpio-guard")

    private var place: GPIOGuard.Place {
        GPIOGuard.Place(program: Self.guardProgram, lock: folder.path + "/gpio-guard.lock")
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

    /// The process that holds a relay is killed with SIGKILL; how long until the relay is safe?
    @Test func relayIsSafeAfterKill() async throws {
        var worst: Duration = .zero
        for _ in 0..<2 {
            let chip = try SimulatedChip(label: "killed", lines: 1)
            let mark = "/run/tmp/killed-at"
            unlink(mark)
            // Sees the line rise and fall while the exit test runs.
            let isOver = Locked(false)
            let watch = Task.detached { () throws -> UInt64? in
                while try !chip.level(0) {
                    if isOver.with({ $0 }) { return nil }
                    // The other process has these processors to load its tests with.
                    try await Task.sleep(for: .milliseconds(5))
                }
                while try chip.level(0) { sched_yield() }
                return Self.nanoseconds()
            }
            await #expect(processExitsWith: .signal(SIGKILL)) {
                let gpio = LinuxGPIO(
                    guardProgram: GPIORigTests.guardProgram, lock: "/run/tmp/killed.lock")
                let lease = try gpio.request(
                    GPIORequest(
                        chip: "killed", lines: ["0"], consumer: "relay",
                        direction: .output(initial: [false], safe: [false])))
                try gpio.set([true], of: lease.handle)
                // Long enough to be seen by the other processor.
                try await Task.sleep(for: .milliseconds(200))
                let text = "\(GPIORigTests.nanoseconds())"
                try text.write(toFile: "/run/tmp/killed-at", atomically: false, encoding: .utf8)
                kill(getpid(), SIGKILL)
            }
            isOver.with { $0 = true }
            let safe = try #require(try await watch.value, "the relay was never seen on")
            let killed = try #require(
                UInt64(String(contentsOfFile: mark, encoding: .utf8)))
            let span = Duration.nanoseconds(Int64(safe) - Int64(killed))
            print("rig: safe \(span) after SIGKILL")
            worst = max(worst, span)
            #expect(try !chip.level(0))
            // The guard holds the line until the next agent ends it.
            let gpio = LinuxGPIO(
                guardProgram: Self.guardProgram, lock: "/run/tmp/killed.lock")
            #expect(try gpio.lines(of: "killed")[0].consumer == "relay")
            try GPIOGuard.endPredecessor(
                GPIOGuard.Place(program: Self.guardProgram, lock: "/run/tmp/killed.lock"))
            #expect(try gpio.lines(of: "killed")[0].consumer == nil)
            // Not left to the end of its scope: the next round's chip has the same label.
            try chip.unplug()
        }
        print("rig: safe at most \(worst) after SIGKILL, in 2 rounds")
    }

    private static func nanoseconds() -> UInt64 {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
    }
}
