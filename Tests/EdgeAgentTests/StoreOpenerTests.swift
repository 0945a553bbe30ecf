import Foundation
import LinuxPlatform
import Platform
import SyncProtocol
import TestSupport
import Testing

@testable import EdgeAgent
@testable import SQLiteStore

private let now = WallTime(milliseconds: 5000)

@Suite struct StoreOpenerTests {
    let folder: TemporaryFolder
    let opener: StoreOpener

    init() throws {
        folder = try TemporaryFolder()
        opener = StoreOpener(
            fileSystem: LinuxFileSystem(), directory: folder.path, device: "board-1",
            options: AgentStore.Options())
    }

    private func damage(_ path: String) throws {
        try Data(repeating: 0x5A, count: 8192).write(to: URL(filePath: path))
    }

    /// A store at `path` that holds one cell.
    private func fill(_ path: String, _ value: Int64) throws {
        let store = try AgentStore(path: path, device: "board-1", epoch: Epoch(nonce: 2))
        var batch = AgentStore.Batch(now: now)
        batch.writes = [.init(.set(try TwinPath("config/x"), .int(value)))]
        _ = try store.commit(batch)
        try store.close()
    }

    private func value(_ store: AgentStore) throws -> Value? {
        try store.document.register(TwinPath("config/x"))?.value
    }

    private var files: [String] { LinuxFileSystem().list(folder.path) }

    @Test func aMissingFileIsCreatedAndAnExistingOneOpened() throws {
        #expect(try opener.open(epoch: Epoch(nonce: 2), now: now).1 == .created)
        try fill(opener.path, 1)
        let (store, origin) = try opener.open(epoch: Epoch(nonce: 4), now: now)
        #expect(origin == .opened)
        #expect(try value(store) == .int(1))
    }

    @Test func aDamagedFileIsPutAsideAndAnEmptyStoreTakesItsPlace() throws {
        try damage(opener.path)
        let (store, origin) = try opener.open(epoch: Epoch(nonce: 2), now: now)
        guard case .replaced(let damaged, nil, _) = origin else {
            Issue.record("\(origin)")
            return
        }
        #expect(damaged == opener.path + ".damaged-5000")
        #expect(LinuxFileSystem().size(damaged) == 8192)
        #expect(try value(store) == nil)
        #expect(try store.quickCheck().isEmpty)
    }

    @Test func theLastGoodCopyTakesTheDamagedFilesPlace() throws {
        try fill(opener.copyPath, 7)
        try damage(opener.path)
        let (store, origin) = try opener.open(epoch: Epoch(nonce: 4), now: now)
        guard case .replaced(_, opener.copyPath, _) = origin else {
            Issue.record("\(origin)")
            return
        }
        #expect(try value(store) == .int(7))
    }

    @Test func whereTheCopyIsDamagedTooBothAreKeptAndAnEmptyStoreIsMade() throws {
        try damage(opener.path)
        try damage(opener.copyPath)
        let (store, origin) = try opener.open(epoch: Epoch(nonce: 4), now: now)
        guard case .replaced(let damaged, nil, _) = origin else {
            Issue.record("\(origin)")
            return
        }
        #expect(try value(store) == nil)
        #expect(LinuxFileSystem().size(damaged) == 8192)
        #expect(LinuxFileSystem().size(damaged + ".copy") == 8192)
    }

    @Test func aSecondDamageAtTheSameTimeDoesNotOverwriteTheFirst() throws {
        for _ in 0..<3 {
            try damage(opener.path)
            _ = try opener.open(epoch: Epoch(nonce: 2), now: now)
        }
        let kept = files.filter { $0.hasPrefix("agent.db.damaged-") }
        #expect(kept.count == 3, "\(kept)")
    }

    @Test func anErrorOtherThanDamageReplacesNothing() throws {
        try fill(opener.path, 1)
        let elsewhere = StoreOpener(
            fileSystem: LinuxFileSystem(), directory: folder.path + "/missing",
            device: "board-1", options: AgentStore.Options())
        let error = #expect(throws: SQLiteError.self) {
            try elsewhere.open(epoch: Epoch(nonce: 4), now: now)
        }
        #expect(error?.kind == .unavailable)
        #expect(files.allSatisfy { !$0.contains("damaged") })
    }

    @Test func theAgentGoesOnAfterADamagedStoreAndSaysSo() async throws {
        try damage(opener.path)
        try await AgentHarness.run(folder) { board in
            try await board.publish("zigbee2mqtt/attic", #"{"smoke":true}"#)
            #expect(board.acknowledged == 1)
            try await board.advance(200)
            let rows = try await board.agent.rows("event")
            let event = try #require(rows.first { $0.key == "store.quarantined" })
            #expect(event.value["continued_from"] == .string("the hub"))
            #expect(rows.map(\.key).contains("agent.started"))
        }
    }

    @Test func theAgentKeepsACopyOfItsTwinAndGoesOnFromIt() async throws {
        try await AgentHarness.run(folder) { board in
            try await board.publish("zigbee2mqtt/attic", #"{"smoke":true}"#)
            #expect(LinuxFileSystem().size(opener.copyPath) == nil)
            try await board.advance(600_000)
            #expect(LinuxFileSystem().size(opener.copyPath) != nil)
        }
        let kept = files.filter { $0.hasPrefix("agent.db.good") }
        #expect(kept == ["agent.db.good"])
        try damage(opener.path)
        try await AgentHarness.run(folder, seed: 2) { board in
            let smoke = try await board.value("reported/devices/attic/smoke")
            #expect(smoke == .bool(true))
            try await board.advance(200)
            let event = try #require(
                try await board.agent.rows("event").first { $0.key == "store.quarantined" })
            #expect(event.value["continued_from"] == .string(opener.copyPath))
        }
    }

    @Test func aStopInGoodOrderIsToldFromAnyOther() async throws {
        try await AgentHarness.run(folder) { board in try await board.advance(5000) }
        try await AgentHarness.run(folder, seed: 2) { board in
            try await board.advance(200)
            let started = try await board.agent.rows("event").filter { $0.key == "agent.started" }
            #expect(started.map { $0.value["clean"] } == [.bool(true), .bool(true)])
            // As a power cut would leave it.
            try FileManager.default.copyItem(
                atPath: folder.path + "/agent.db", toPath: folder.path + "/cut.db")
            try FileManager.default.copyItem(
                atPath: folder.path + "/agent.db-wal", toPath: folder.path + "/cut.db-wal")
        }
        let cut = try AgentStore(
            path: folder.path + "/cut.db", device: "board-1", epoch: Epoch(nonce: 6))
        #expect(cut.wasUnclean)
    }

    // MARK: Another device's store

    /// The card of another board, or another `device.id`: two devices must not have one past.
    @Test func anotherDevicesStoreIsPutAsideWithItsCopy() async throws {
        try fill(opener.path, 1)
        try fill(opener.copyPath, 2)
        let stranger = StoreOpener(
            fileSystem: LinuxFileSystem(), directory: folder.path, device: "board-2",
            options: AgentStore.Options())
        do {
            let (store, origin) = try stranger.open(epoch: Epoch(nonce: 4), now: now)
            let file = opener.path + ".of-board-1-5000"
            #expect(origin == .setAside(file: file, owner: "board-1"))
            #expect(try value(store) == nil)
            #expect(LinuxFileSystem().size(file) != nil)
            #expect(LinuxFileSystem().size(file + ".copy") != nil)
            #expect(LinuxFileSystem().size(opener.copyPath) == nil)
            _ = try store.commit(AgentStore.Batch(now: now))
        }
        // From now on it is its own.
        #expect(try stranger.open(epoch: Epoch(nonce: 6), now: now).1 == .opened)
    }

    @Test func aDamagedStoreIsNotReplacedByAnothersCopy() throws {
        try fill(opener.copyPath, 7)
        try damage(opener.path)
        let stranger = StoreOpener(
            fileSystem: LinuxFileSystem(), directory: folder.path, device: "board-2",
            options: AgentStore.Options())
        let (store, origin) = try stranger.open(epoch: Epoch(nonce: 4), now: now)
        guard case .replaced(let damaged, nil, _) = origin else {
            Issue.record("\(origin)")
            return
        }
        #expect(try value(store) == nil)
        #expect(LinuxFileSystem().size(damaged + ".copy") != nil)
    }

    @Test func theAgentSaysWhoseStoreItPutAside() async throws {
        let store = try AgentStore(
            path: opener.path, device: "another", epoch: Epoch(nonce: 2))
        _ = try store.commit(AgentStore.Batch(now: now))
        try store.close()
        try await AgentHarness.run(folder) { board in
            try await board.advance(200)
            let event = try #require(
                try await board.agent.rows("event").first { $0.key == "store.set_aside" })
            #expect(event.value["owner"] == .string("another"))
        }
    }
}
