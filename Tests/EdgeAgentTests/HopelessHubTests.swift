import Platform
import SyncProtocol
import TestSupport
import Testing

@testable import EdgeAgent
@testable import SQLiteStore

/// A hub whose answers never join here: a mistake in it, or in its database. The board's link must
/// not carry greetings as fast as it can, and somebody must hear of it.
@Suite struct HopelessHubTests {
    private let folder: TemporaryFolder
    private let entropy = SharedEntropy(seed: 7)
    private let hub = Epoch(nonce: 0xfeed_0000_0000_0001)
    private let wall = WallTime(milliseconds: 1_790_000_000_000)

    init() throws { folder = try TemporaryFolder() }

    private enum Fault: CaseIterable {
        /// What it tells goes on from writes that it does not tell.
        case baseMissing
        /// It says that it told more than it did.
        case incomplete
    }

    private func state(_ hello: Frame.Hello, _ fault: Fault) -> [UInt8] {
        var wire = WireSession(
            device: hello.epoch, hub: hub, request: hello.request, base: wall, commit: 9)
        let delta = IntervalDelta(epoch: hub, since: 5, upto: 6, cells: [])
        let state = Frame.State(
            request: hello.request, reference: HubReference(epoch: hub, commit: 9), time: wall,
            context: CausalContext([hub: 6]), deltas: fault == .baseMissing ? [delta] : [],
            isLast: true)
        return FrameCodec().encode(.state(state), from: .hub, session: &wire)
    }

    @Test(arguments: Fault.allCases)
    private func itIsGreetedLaterAndLaterWithAnEvent(_ fault: Fault) throws {
        let store = try AgentStore(
            path: folder.path + "/agent.db", device: "board-1",
            epoch: Epoch(random: entropy.next(), role: .device))
        var replica = DeviceReplica(
            session: DeviceSession(entropy: entropy), codec: FrameCodec(), epoch: store.epoch,
            frameBytes: 32 << 10)
        var now = MonotonicTime(milliseconds: 0)
        let hour = now + .seconds(3600)
        var effects = replica.onConnected(store, now)
        var (greetings, complaints) = (0, 0)
        while now < hour, greetings < 5000 {
            var answers: [[UInt8]] = []
            for effect in effects {
                switch effect {
                case .send(let bytes):
                    var wire = WireSession(device: Epoch(nonce: 0), hub: hub)
                    let codec = FrameCodec()
                    let frame = try codec.decode(
                        bytes, codec.header(bytes), from: .device, session: &wire)
                    guard case .hello(let hello) = frame else { continue }
                    greetings += 1
                    answers.append(state(hello, fault))
                case .event(.frameRefused(let reason)):
                    complaints += 1
                    #expect(reason.contains("sessions in a row"))
                default: break
                }
            }
            #expect(answers.count <= 1)
            if let answer = answers.first {
                now = now + 10
                effects = replica.receive(answer, store, now)
            } else {
                now = max(now, try #require(replica.session.deadline))
                effects = replica.onTick(store, now)
            }
        }
        // Waits of 60 to 120 s, and a few shorter ones before.
        #expect(30...70 ~= greetings)
        // With the 2nd, 4th, 8th, 16th, 32nd, and perhaps the 64th.
        #expect(5...6 ~= complaints)
    }
}
