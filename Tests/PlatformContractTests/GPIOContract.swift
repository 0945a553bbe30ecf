import Platform
import Simulator
import Testing

/// A board for the contract: eight lines on a chip `edge-test`, of which 2 is called `PUMP` and 7
/// is held by `another`; and a hand that pulls and measures them.
struct GPIOBench: Sendable {
    static let label = "edge-test"

    let gpio: any GPIO
    /// Another process on the same board.
    let other: any GPIO
    let pull: @Sendable (_ line: Int, _ up: Bool) throws -> Void
    let level: @Sendable (_ line: Int) throws -> Bool
}

/// Lines are found, driven, read, watched, owned by one, and given back.
func gpioContract(_ bench: GPIOBench, _ stage: Stage) async throws -> [String] {
    var verdict = Verdict()
    let label = GPIOBench.label
    let gpio = bench.gpio
    func output(_ lines: [String], initial: [Bool], safe: [Bool]? = nil) -> GPIORequest {
        GPIORequest(
            chip: label, lines: lines, consumer: "contract",
            direction: .output(initial: initial, safe: safe))
    }
    func code(_ request: GPIORequest, of gpio: any GPIO) -> GPIOError.Code? {
        do throws(GPIOError) {
            gpio.release(try gpio.request(request).handle)
            return nil
        } catch {
            return error.code
        }
    }

    // What is there.
    verdict.require(
        try gpio.chips().first { $0.label == label }?.lineCount == 8, "the chip is not found")
    let lines = try gpio.lines(of: label)
    verdict.require(lines.count == 8 && lines[2].name == "PUMP", "the lines are \(lines)")
    verdict.require(lines[7].consumer == "another", "line 7 is held by \(lines[7])")
    verdict.require(
        code(GPIORequest(chip: "none", lines: ["0"], consumer: "c", direction: .input), of: gpio)
            == .notFound, "a chip that is not there is found")
    verdict.require(
        code(output(["8"], initial: [false]), of: gpio) == .notFound, "line 8 of 8 is found")
    verdict.require(
        code(output(["7"], initial: [false]), of: gpio) == .busy(consumer: "another"),
        "a line that another holds is not refused by that name")
    verdict.require(
        code(output(["0", "0"], initial: [false, false]), of: gpio) == .invalid,
        "a line is taken twice")

    // Outputs, several at once, in the order of the request.
    let pair = try gpio.request(output(["PUMP", "0"], initial: [true, false]))
    verdict.require(pair.offsets == [2, 0] && pair.chip == label, "the lease is \(pair)")
    verdict.require(try bench.level(2) && !bench.level(0), "first values are not driven")
    try gpio.set([false, true], of: pair.handle)
    verdict.require(try !bench.level(2) && bench.level(0), "values are not driven in order")
    verdict.require(try gpio.values(of: pair.handle) == [false, true], "values read otherwise")
    verdict.require(
        code(output(["PUMP"], initial: [false]), of: bench.other) == .busy(consumer: "contract"),
        "another gets a line that is held")
    let wave = GPIOWave(rate: 100, share: 0.5)
    func pulses(_ handle: GPIOHandle) -> GPIOError.Code? {
        do throws(GPIOError) {
            if let wave { try gpio.pulse(wave, on: handle) }
            return nil
        } catch {
            return error.code
        }
    }
    verdict.require(pulses(pair.handle) == .invalid, "two lines get one line's pulses")
    gpio.release(pair.handle)
    verdict.require(pulses(pair.handle) == .gone, "a released line gets pulses")
    verdict.require(code(output(["PUMP"], initial: [false]), of: bench.other) == nil, "still held")
    verdict.require((try? gpio.values(of: pair.handle)) == nil, "a released handle answers")
    var inverted = output(["1"], initial: [true])
    inverted.isActiveLow = true
    let low = try gpio.request(inverted)
    verdict.require(try !bench.level(1), "an active low line is on at a high level")
    verdict.require(pulses(low.handle) == nil, "one output gets no pulses")
    try gpio.set([false], of: low.handle)
    verdict.require(try bench.level(1), "pulses go on after a set")
    gpio.release(low.handle)

    // Edges, numbered by request and by line.
    try bench.pull(3, false)
    try bench.pull(4, false)
    var input = GPIORequest(
        chip: label, lines: ["3", "4"], consumer: "contract", direction: .input)
    input.edges = .both
    let watched = try gpio.request(input)
    verdict.require(pulses(watched.handle) == .invalid, "inputs get pulses")
    let events = stage.collect(gpio.events)
    func edges() -> [GPIOEdge] {
        events.elements.flatMap { event -> [GPIOEdge] in
            if case .edges(watched.handle, let edges) = event { edges } else { [] }
        }
    }
    let moves = [(3, true), (4, true), (3, false), (4, false), (4, true)]
    for (count, move) in moves.enumerated() {
        try bench.pull(move.0, move.1)
        // The kernel looks at the level when it reports an edge: one after the other.
        verdict.require(
            try await stage.eventually { edges().count > count }, "edge \(count) does not come")
    }
    let seen = edges()
    verdict.require(
        seen.map(\.offset) == moves.map(\.0) && seen.map(\.isRising) == moves.map(\.1),
        "edges are \(seen)")
    verdict.require(seen.map(\.sequence) == [1, 2, 3, 4, 5], "numbers are \(seen)")
    verdict.require(seen.map(\.lineSequence) == [1, 1, 2, 2, 3], "line numbers are \(seen)")
    verdict.require(
        zip(seen, seen.dropFirst()).allSatisfy { $0.timestamp <= $1.timestamp }, "time goes back")
    verdict.require(try gpio.values(of: watched.handle) == [false, true], "levels read otherwise")

    // Safe values at the end, and nobody gets the lines then.
    let relay = try gpio.request(output(["5", "6"], initial: [false, true], safe: [false, true]))
    try gpio.set([true, false], of: relay.handle)
    verdict.require(try bench.level(5) && !bench.level(6), "the relay is not driven")
    gpio.close()
    verdict.require(
        try await stage.eventually { try !bench.level(5) && bench.level(6) }, "it is not safe")
    verdict.require(
        code(
            GPIORequest(chip: label, lines: ["5"], consumer: "c", direction: .input),
            of: bench.other)
            == .busy(consumer: "contract"), "a line with a safe value is let go")
    verdict.require(try await stage.eventually { events.hasEnded }, "events do not end")
    return verdict.faults
}

@Suite struct GPIOContracts {
    static func pins() -> SimPins {
        let pins = SimPins(
            [(GPIOBench.label, ["", "", "PUMP", "", "", "", "", ""])], nanoseconds: { 1 })
        pins.hog(0, 7, consumer: "another")
        return pins
    }

    @Test func simulated() async throws {
        let world = SimWorld(seed: 1)
        let pins = Self.pins()
        let bench = GPIOBench(
            gpio: SimGPIO(pins), other: SimGPIO(pins), pull: { pins.pull(0, $0, up: $1) },
            level: { pins.level(0, $0) })
        #expect(try await gpioContract(bench, .simulated(world)) == [])
    }

    /// The contract must be able to fail: a hand that pulls nothing brings no edges.
    @Test func contractSeesMissingEdges() async throws {
        let world = SimWorld(seed: 1)
        let pins = Self.pins()
        let bench = GPIOBench(
            gpio: SimGPIO(pins), other: SimGPIO(pins), pull: { _, _ in },
            level: { pins.level(0, $0) })
        #expect(try await gpioContract(bench, .simulated(world)).contains { $0.contains("edge") })
    }
}
