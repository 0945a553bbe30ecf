import Foundation
import Platform

/// Faults of storage: full, damaged, read-only.
extension FaultCase {
    static func fullBoardDisk(_ world: World, _ link: BenchLink) async throws -> String {
        let disk = try await Disk.tmpfs("disk", kibibytes: 8192, in: world)
        let site = try Site(in: world, link: link)
        try await site.start()
        let board = try await site.board("board", stateFolder: disk.mountPoint)
        try await board.agent.start()
        try await publish(1...50, to: board, in: world)
        try await expect(1...50, from: board, at: site)
        // The uplink away as well: rows that are acknowledged would make room by themselves.
        site.uplink.kill()
        try disk.fill()
        try await publish(51...1050, to: board, in: world)
        try await waitUntil(
            "the agent to say that its disk is full", within: .seconds(30),
            logs: board.agent.logPaths
        ) { board.agent.log.lowercased().contains("full") }
        let full = try await board.agent.status()
        try demand(
            full.messagesAcknowledged < 1050,
            "the agent acknowledged all messages although its disk was full")
        try disk.makeRoom()
        try await site.uplink.start()
        try await expect(1...1050, from: board, at: site)
        try await site.settle(board.agent)
        return "the agent ran on, left \(1050 - full.messagesAcknowledged) messages with the "
            + "broker, and took them once there was room"
    }

    static func fullHubDisk(_ world: World, _ link: BenchLink) async throws -> String {
        let disk = try await Disk.tmpfs("hub", kibibytes: 16_384, in: world)
        let site = try Site(in: world, link: link, hubFolder: disk.mountPoint + "/data")
        try await site.start()
        let board = try await site.board("board")
        try await board.agent.start()
        try await publish(1...50, to: board, in: world)
        try await expect(1...50, from: board, at: site)
        try disk.fill()
        try await publish(51...1050, to: board, in: world)
        try await waitUntil(
            "the hub to say that its disk is full", within: .seconds(60),
            logs: site.hub.logPaths
        ) { try await site.hub.reader.health()?.store == "full" }
        let during = try await board.agent.status()
        let reads = try await site.hub.reader.entries(board.agent.id)
        try demand(
            Payload.numbers(reads).isSuperset(of: Set(1...50)),
            "the full hub no longer gives what it has")
        try demand(during.pending > 0, "rows were released although the hub was full")
        try disk.makeRoom()
        try await expect(1...1050, from: board, at: site)
        try await site.settle(board.agent)
        try await waitUntil(
            "the hub to say that it is well", within: .seconds(60), logs: site.hub.logPaths
        ) { try await site.hub.reader.health()?.store == "ok" }
        try demand(site.hub.end() == nil, "the hub did not live through it")
        return "the hub served reads, acknowledged nothing (\(during.pending) rows waited), and "
            + "recovered without a restart"
    }

    static func damagedDatabase(_ world: World, _ link: BenchLink) async throws -> String {
        let site = try Site(in: world, link: link)
        try await site.start()
        let board = try await site.board("board")
        try await board.agent.start()
        // Enough for the journal to be carried over into the file, which is to be damaged.
        try await publish(1...4000, to: board, in: world)
        try await expect(1...4000, from: board, at: site)
        try await site.settle(board.agent)
        // In good order first; then an unclean stop, after which the agent checks the file.
        await board.agent.stop()
        try await board.agent.start()
        board.agent.kill()
        try damage(board.agent.stateFolder + "/agent.db")
        try await board.agent.start()
        try await waitUntil(
            "the event store.quarantined at the hub", within: .seconds(60),
            every: .milliseconds(200), logs: board.agent.logPaths + site.hub.logPaths
        ) {
            try await site.hub.reader.entries(board.agent.id)
                .contains { $0.row?.key == "store.quarantined" }
        }
        try await publish(4001...4100, to: board, in: world)
        try await expect(4001...4100, from: board, at: site)
        return "the damaged file was set aside with an event, and the agent ran on"
    }

    /// Overwrites every page but the first, whose header names the page size: what a card that
    /// loses blocks leaves behind. Frames of the journal over these pages go as well.
    private static func damage(_ path: String) throws {
        let size = Files.size(path)
        let header = FileManager.default.contents(atPath: path)?.prefix(18).map { $0 } ?? []
        guard header.count == 18 else { throw BenchFailure("\(path) is no database") }
        // SQLite file format §1.3: page size, big-endian, at offset 16; 1 means 65536.
        let stored = Int(header[16]) << 8 | Int(header[17])
        let page = stored == 1 ? 65_536 : stored
        guard page >= 512, size > page else { throw BenchFailure("\(path) is too small to damage") }
        let descriptor = open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw BenchFailure("cannot open \(path)") }
        defer { close(descriptor) }
        var random = SplitMix64(seed: 7)
        for offset in stride(from: page, to: size, by: page) {
            let garbage = (0..<page).map { _ in UInt8.random(in: 0...255, using: &random) }
            guard pwrite(descriptor, garbage, page, off_t(offset)) == page else {
                throw BenchFailure("cannot write \(path)")
            }
        }
        for suffix in ["-wal", "-shm"] { unlink(path + suffix) }
    }

    static func readOnlyState(_ world: World, _ link: BenchLink) async throws -> String {
        let disk = try await Disk.tmpfs("disk", kibibytes: 8192, in: world)
        let site = try Site(in: world, link: link)
        try await site.start()
        let board = try await site.board("board", stateFolder: disk.mountPoint + "/state")
        try Files.makeFolder(board.agent.stateFolder)
        try await disk.remount("ro", in: world)
        let result = try await board.agent.run(["run", "--config", board.agent.configurationPath])
        try demand(result.code == 1, "with a read-only state it gave exit \(result.code), not 1")
        try demand(
            result.error.contains(board.agent.stateFolder)
                && result.error.lowercased().contains("read-only"),
            "the error does not say what is read-only: \(result.error)")
        try await disk.remount("rw", in: world)
        try await board.agent.start()
        try await publish(1...20, to: board, in: world)
        try await expect(1...20, from: board, at: site)
        return "exit 1 naming the folder; it started once that could be written"
    }
}
