import Foundation
import PowerManager
import Testing

@Suite struct KernelTextTests {
    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test func readsWhatTheKernelWrites() throws {
        #expect(try KernelText.loadAverage(bytes("0.42 0.35 0.30 1/123 4567\n")) == 0.42)
        #expect(try KernelText.uptimeSeconds(bytes("350735.97 234388.90\n")) == 350_735)
        #expect(try KernelText.temperature(bytes("48312\n")) == 48.312)
        #expect(try KernelText.temperature(bytes("-5000\n")) == -5)
        let memory = try KernelText.memory(
            bytes(
                """
                MemTotal:        3884396 kB
                MemFree:          239232 kB
                MemAvailable:    3176828 kB
                HugePages_Total:       0

                """))
        #expect(memory.total == 3_884_396 * 1024)
        #expect(memory.available == 3_176_828 * 1024)
    }

    @Test(arguments: [
        ("", KernelTextError.Code.missingField), ("nan 0 0", .notANumber),
        ("inf 0 0", .notANumber), ("-1 0 0", .notANumber), ("load", .notANumber),
    ])
    func refusesOtherNumbers(text: String, code: KernelTextError.Code) {
        let load = #expect(throws: KernelTextError.self) {
            try KernelText.loadAverage(bytes(text))
        }
        #expect(load?.code == code)
        let uptime = #expect(throws: KernelTextError.self) {
            try KernelText.uptimeSeconds(bytes(text))
        }
        #expect(uptime?.code == code)
    }

    @Test(arguments: [
        ("-274000", KernelTextError.Code.implausible), ("2147483647", .implausible),
        ("48.3", .notANumber), ("", .notANumber), ("99999999999999999999", .notANumber),
    ])
    func refusesTemperaturesThatNoBoardHas(text: String, code: KernelTextError.Code) {
        let error = #expect(throws: KernelTextError.self) {
            try KernelText.temperature(bytes(text))
        }
        #expect(error?.code == code)
    }

    @Test(arguments: [
        "MemTotal: 1000 kB", "MemAvailable: 1000 kB", "MemTotal:\nMemAvailable:",
        "MemTotal: 9223372036854775807 kB\nMemAvailable: 1 kB",
        "MemTotal: -4 kB\nMemAvailable: 1 kB",
    ])
    func refusesHalfOfMemory(text: String) {
        let error = #expect(throws: KernelTextError.self) { try KernelText.memory(bytes(text)) }
        #expect(error?.code == .missingField)
    }

    @Test func uptimeBeyondAnyInteger() {
        let error = #expect(throws: KernelTextError.self) {
            try KernelText.uptimeSeconds(bytes("1e300"))
        }
        #expect(error?.code == .implausible)
    }

    @Test func filesAreBounded() {
        let error = #expect(throws: KernelTextError.self) {
            try KernelText.memory([UInt8](repeating: 0x20, count: KernelText.bytesMaximum + 1))
        }
        #expect(error?.code == .tooLong)
        let binary = #expect(throws: KernelTextError.self) { try KernelText.loadAverage([0xFF]) }
        #expect(binary?.code == .notText)
    }

    @Test func randomBytesGiveAValueOrAnError() {
        let given = ProcessInfo.processInfo.environment["SEED"].flatMap { UInt64($0) }
        let seed = given ?? UInt64.random(in: 0...UInt64.max)
        print("randomBytesGiveAValueOrAnError: SEED=\(seed)")
        var state = seed
        func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 33
        }
        let pieces = ["cpu ", "MemTotal: ", "MemAvailable: ", "9", "1e9", "-", ".", " ", "\n", "é"]
        for _ in 0..<5000 {
            let text = (0..<next() % 12).map { _ in pieces[Int(next() % 10)] }.joined()
            let input = bytes(text) + (next() % 4 == 0 ? [UInt8(next() % 256)] : [])
            if let load = try? KernelText.loadAverage(input) { #expect(load >= 0 && load.isFinite) }
            if let seconds = try? KernelText.uptimeSeconds(input) { #expect(seconds >= 0) }
            if let memory = try? KernelText.memory(input) {
                #expect(memory.available <= memory.total)
            }
            if let heat = try? KernelText.temperature(input) { #expect(-60...200 ~= heat) }
            _ = try? ProcessorTimes(input)
        }
    }
}

@Suite struct ProcessorTimesTests {
    private func times(_ text: String) throws -> ProcessorTimes {
        try ProcessorTimes(Array(text.utf8))
    }

    @Test func busyBetweenTwoSamples() throws {
        let first = try times("cpu  100 0 50 800 50 0 0 0 0 0\ncpu0 1 2 3 4\n")
        // 30 busy ticks (user 20, system 5, irq 2, softirq 2, steal 1) and 70 idle ones (60 + 10).
        let second = try times("cpu  120 0 55 860 60 2 2 1 0 0\n")
        #expect(second.busyPercent(since: first) == 30)
    }

    /// Guest time is part of user time already.
    @Test func guestsCountOnce() throws {
        let first = try times("cpu  0 0 0 0 0 0 0 0 0 0")
        let second = try times("cpu  50 0 0 50 0 0 0 0 50 0")
        #expect(second.busyPercent(since: first) == 50)
    }

    @Test func noTimeOrTimeGoingBackSaysNothing() throws {
        let first = try times("cpu 10 0 0 10 5")
        #expect(first.busyPercent(since: first) == nil)
        #expect(try times("cpu 20 0 0 10 4").busyPercent(since: first) == nil)
        #expect(try times("cpu 9 0 0 20 5").busyPercent(since: first) == nil)
    }

    @Test(arguments: ["", "cpu", "cpu 1 2 3", "cpu0 1 2 3 4", "cpu a b c d", "cpu -1 0 0 0"])
    func refusesOtherLines(text: String) {
        #expect(throws: KernelTextError.self) { try times(text) }
    }
}
