import Foundation
import Platform
import SyncProtocol
import TestSupport
import Testing

@testable import FleetHub
@testable import SQLiteStore

/// A hub on real SQLite in a temporary folder, with devices that are what a test says.
final class HubHarness: Sendable {
    let clock = ManualClock()
    let timer = ManualTimer()
    let endpoint: FakeEndpoint
    let hub: FleetHub
    /// The session that devices hold with this hub.
    let epoch: Epoch

    init(
        _ folder: TemporaryFolder, epoch: Epoch, _ settings: FleetHub.Settings,
        links: [LinkKind] = [.mqtt]
    ) throws {
        self.epoch = epoch
        endpoint = FakeEndpoint(links: links)
        let store = try HubStore(path: folder.path + "/hub.db", epoch: epoch)
        hub = try FleetHub(
            store: store, endpoint: endpoint, timekeeper: clock, executor: QueueExecutor(),
            settings: settings)
    }

    static func run(
        _ folder: TemporaryFolder, epoch: UInt64 = 0xAB01,
        settings: FleetHub.Settings = FleetHub.Settings(), links: [LinkKind] = [.mqtt],
        body: @escaping @Sendable (HubHarness) async throws -> Void
    ) async throws {
        let harness = try HubHarness(
            folder, epoch: Epoch(nonce: epoch), settings, links: links)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await harness.hub.run(timer: harness.timer) }
            do {
                try await body(harness)
            } catch {
                harness.endpoint.close()
                throw error
            }
            harness.endpoint.close()
            try await group.waitForAll()
        }
    }

    /// Lets the hub have something and returns once it has dealt with it.
    func deliver(_ event: HubEndpointEvent) async throws {
        endpoint.yield(event)
        try await deliver([UInt8](), from: nil)
    }

    /// Frames of one batch, which the hub commits together.
    func deliver(_ frames: [[UInt8]], from device: String) async throws {
        try await deliver(frames.map { DeviceFrame(device: device, bytes: $0) })
    }

    func deliver(_ bytes: [UInt8], from device: String?) async throws {
        try await deliver(device.map { [DeviceFrame(device: $0, bytes: bytes)] } ?? [])
    }

    private func deliver(_ frames: [DeviceFrame]) async throws {
        let through = endpoint.state.with { state in
            state.delivered += 1
            return state.delivered
        }
        endpoint.yield(.frames(frames, through: through))
        try await eventually("the hub's turn") {
            endpoint.state.with { $0.acknowledged >= through }
        }
    }

    /// All that the hub sent to a device, as bytes.
    func frames(to device: String = "board-1") -> [[UInt8]] {
        endpoint.state.with { $0.sent.filter { $0.device == device }.map(\.frame) }
    }

    /// The types of what the hub sent to a device.
    func sent(to device: String = "board-1") -> [String] {
        frames(to: device).map { Frame.name(kind: ($0.first ?? 0) & 0x0F) }
    }

    /// How often the hub committed.
    func commits() async -> Int {
        let line = await hub.metrics().split(separator: "\n")
            .first { $0.hasPrefix("fleethub_commits_total ") }
        return line?.split(separator: " ").last.flatMap { Int($0) } ?? -1
    }

    /// Wakes the hub as its timer would.
    func tick() async throws {
        clock.advance(1000)
        let before = timer.settings.with { $0 }
        timer.wake()
        try await eventually("a tick") { timer.settings.with { $0 } > before }
        // The tick is one job of the actor, so it is over when the next one is.
        _ = await hub.hub()
    }

    /// The events of the hub from here on, as they are published.
    func watch() async -> EventReader {
        EventReader(await hub.events(after: nil))
    }
}

/// Reads events that are there already; nothing here waits for what may not come.
final class EventReader: Sendable {
    private let seen = Guarded<[HubEvent]>([])
    /// Told apart from the marks of other readers by it.
    private let mark = Value.string("mark \(UUID().uuidString)")
    private let stream: AsyncStream<HubEvent>

    init(_ stream: AsyncStream<HubEvent>) { self.stream = stream }

    /// All events up to the one that `isLast` names.
    func read(upTo isLast: @Sendable (HubEvent) -> Bool) async -> [HubEvent] {
        for await event in stream {
            seen.with { $0.append(event) }
            if isLast(event) { break }
        }
        return seen.with { events in
            defer { events = [] }
            return events
        }
    }

    /// The events so far of devices in a state, such as `fork_detected`.
    func named(_ state: String, _ board: HubHarness) async throws -> [HubEvent] {
        try await read(board).filter { $0.data["state"] == .string(state) }
    }

    /// The events so far, with a mark of its own behind them.
    func read(_ board: HubHarness) async throws -> [HubEvent] {
        try await board.deliver(.disconnected(.mqtt, reason: mark.stringValue ?? ""))
        return await read { $0.data["reason"] == mark }.dropLast()
    }
}

/// Ways in which a store stops taking writes, on the hub's own connection.
enum StoreFailure: CaseIterable, Sendable {
    /// The file may not grow: SQLITE_FULL, as on a full disk.
    case full
    /// SQLITE_READONLY, as on a file system that the kernel remounted.
    case readOnly

    var health: String { self == .full ? "full" : "failing" }
}

extension FleetHub {
    /// Makes a cell unreadable, so that whoever reads it is found out.
    func spoil(_ path: String) throws {
        try store.connection.execute("UPDATE cell SET value=x'ff' WHERE path='\(path)'")
    }

    func begin(_ failure: StoreFailure) throws {
        switch failure {
        case .full: try store.connection.execute("PRAGMA max_page_count=1")
        case .readOnly: try store.connection.execute("PRAGMA query_only=1")
        }
    }

    func end(_ failure: StoreFailure) throws {
        switch failure {
        case .full: try store.connection.execute("PRAGMA max_page_count=1000000")
        case .readOnly: try store.connection.execute("PRAGMA query_only=0")
        }
    }

    func addToken(_ token: String) throws {
        try store.addToken(
            hash: Self.hash(token: token), name: "test", at: timekeeper.now().wall)
        for record in try store.operators.all() { operators[record.name] = record }
    }
}
