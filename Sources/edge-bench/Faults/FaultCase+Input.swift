import Foundation
import Platform

/// Faults of what comes in: payloads and the time of day.
extension FaultCase {
    /// Payloads that no reader can use, by the name of the device that sends them.
    private static let badPayloads: [(device: String, bytes: [UInt8])] = [
        ("bad-empty", []),
        (
            "bad-large",
            Array("{\"a\":\"".utf8) + [UInt8](repeating: 0x61, count: 1 << 20)
                + Array("\"}".utf8)
        ),
        ("bad-utf8", Array("{\"a\":\"".utf8) + [0xC3, 0x28, 0xFF] + Array("\"}".utf8)),
        ("bad-deep", [UInt8](repeating: UInt8(ascii: "["), count: 20_000)),
        ("bad-nan", Array("{\"temperature\":NaN}".utf8)),
    ]

    static func unreadablePayloads(_ world: World, _ link: BenchLink) async throws -> String {
        let site = try Site(in: world, link: link)
        try await site.start()
        let board = try await site.board("board")
        try await board.agent.start()
        for bad in badPayloads {
            try await Publisher.publishOnce(
                bad.bytes, topic: "zigbee2mqtt/" + bad.device, port: board.broker.port, in: world)
        }
        try await publish(1...20, to: board, in: world)
        try await expect(1...20, from: board, at: site)
        try await site.settle(board.agent)
        let unreadable = try await board.agent.status().unreadable
        try demand(
            unreadable == badPayloads.count,
            "\(unreadable) of \(badPayloads.count) payloads were counted as unreadable")
        let events = try await site.hub.reader.entries(board.agent.id, stream: "event")
            .compactMap(\.row)
        let silent = badPayloads.map(\.device).filter { device in
            !events.contains { ($0.key + $0.value.json).contains(device) }
        }
        try demand(
            silent.isEmpty, "no event at the hub names \(silent.joined(separator: ", "))")
        return "each of \(badPayloads.count) gave an event; the good messages after them arrived"
    }

    static func clockOf1970(_ world: World, _ link: BenchLink) async throws -> String {
        let library = try fakeTimeLibrary()
        let clock = world.folder + "/clock"
        try Files.write("@1970-01-01 00:10:00\n", to: clock)
        let site = try Site(in: world, link: link)
        try await site.initialise()
        let board = try await site.board("board")
        board.agent.environment = [
            "LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": clock, "FAKETIME_NO_CACHE": "1",
            // The monotonic clock of a board without a battery is right from the start.
            "DONT_FAKE_MONOTONIC": "1", "TZ": "UTC",
        ]
        // libfaketime adds a variable to the environment of the first program that loads it. That
        // moves the environment away from the arguments, and Swift finds these through it; env(1)
        // takes the addition upon itself and becomes the agent.
        board.agent.launcher = [try Spawn.locate("env"), try world.program("edge-agent")]
        let start = WallClock.now
        try await board.agent.start()
        defer { if let pid = board.agent.process?.pid { removeFakeTime(of: pid) } }
        try await publish(1...100, to: board, in: world)
        try await waitUntil(
            "the agent to keep the messages", within: .seconds(20), logs: board.agent.logPaths
        ) { try await board.agent.status().pending >= 100 }
        let quality = try await board.agent.status().clockQuality
        try demand(quality == "unset", "in 1970 the agent says that its clock is \(quality)")
        try Files.write("+0\n", to: clock)
        try await waitUntil(
            "the agent to see that its clock was set", within: .seconds(60),
            logs: board.agent.logPaths
        ) { try await board.agent.status().clockQuality != "unset" }
        try await site.uplink.start()
        try await site.hub.start()
        try await expect(1...100, from: board, at: site)
        // The row that tells of the jump corrects all of its boot, and may come after them.
        try await waitUntil(
            "the row clock.set at the hub", within: .seconds(60), every: .milliseconds(200),
            logs: board.agent.logPaths + site.hub.logPaths
        ) {
            try await site.hub.reader.entries(board.agent.id)
                .contains { $0.row?.key == "clock.set" }
        }
        let rows = try await site.hub.reader.entries(board.agent.id).compactMap(\.row)
        let times = rows.filter { $0.value["n"] != nil }.map(\.time)
        // A second to each side: what is compared was read from two clocks.
        let range = WallClock.text(start - 1)...WallClock.text(WallClock.now + 1)
        guard let wrong = times.first(where: { !range.contains($0) }) else {
            return "rows written in 1970 came out between \(times.min() ?? "") and "
                + "\(times.max() ?? "")"
        }
        throw BenchFailure("a row written before the jump came out with the time \(wrong)")
    }

    /// What libfaketime shares between processes, named by the first one's id; it stays behind
    /// when that one is killed.
    private static func removeFakeTime(of pid: pid_t) {
        unlink("/dev/shm/faketime_shm_\(pid)")
        unlink("/dev/shm/sem.faketime_sem_\(pid)")
    }

    private static func fakeTimeLibrary() throws -> String {
        let folders = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib")) ?? []
        // The variant for programs with threads first.
        for name in ["libfaketimeMT.so.1", "libfaketime.so.1"] {
            for folder in folders.sorted() {
                let path = "/usr/lib/\(folder)/faketime/\(name)"
                if access(path, R_OK) == 0 { return path }
            }
        }
        throw BenchFailure("libfaketime is not installed (Debian: libfaketime)")
    }
}

/// The machine's time of day, for comparing.
private enum WallClock {
    /// Seconds since 1970.
    static var now: Int { Int(Date().timeIntervalSince1970) }

    /// RFC 3339, whose texts order as their times do.
    static func text(_ seconds: Int) -> String {
        RFC3339.text(WallTime(milliseconds: Int64(seconds) * 1000))
    }
}
