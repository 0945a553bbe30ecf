import Platform
import SyncProtocol
import TestSupport
import Testing

@testable import EdgeAgent

private let smoke = #"{"smoke":true}"#

extension Agent {
    var epoch: Epoch { store.epoch }
    func cells() throws -> [Cell] { try store.document.cells() }
    fileprivate var namesHeld: Int { sync.nameCount }
}

/// How a session begins, what it outlives, and what ends it.
@Suite struct AgentSessionTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Another opening of the hub's store.
    private static let other = Epoch(nonce: 0xCD01)

    @Test func aSessionSurvivesABrokenLinkWithoutAGreeting() async throws {
        try await AgentHarness.run(folder) { board in
            try await board.synchronize()
            try await board.answerUp()
            let names = await board.agent.namesHeld
            for round in 1...3 {
                try await board.deliver(LinkEvent.disconnected(reason: "gone"))
                try await board.publish("zigbee2mqtt/attic\(round)", smoke)
                try await board.deliver(LinkEvent.connected)
                guard case .up(let up)? = board.sent.last(where: Self.isOfTwin) else {
                    Issue.record("no question: \(board.sent)")
                    return
                }
                let paths = up.deltas.flatMap(\.cells).map(\.path.text)
                #expect(paths.contains("reported/devices/attic\(round)/smoke"))
                // What was committed while the link was down flows again too.
                #expect(board.sentRows("alarm").last?.key == "devices/attic\(round)")
                try await board.answerUp()
            }
            #expect(board.greetings.count == 1)
            // The words of the session are still the same.
            #expect(await board.agent.namesHeld > names)
            #expect(try await board.status()["uplink"]?["state"] == .string("synchronized"))
        }
    }

    private static func isOfTwin(_ frame: Frame) -> Bool {
        switch frame {
        case .hello, .up: true
        default: false
        }
    }

    /// The answer was on its way when the link broke. It may come late; it counts for nothing but
    /// its news.
    @Test func aQuestionThatTheBreakTookIsAskedAnew() async throws {
        try await AgentHarness.run(folder) { board in
            try await board.synchronize()
            let lost = try #require(board.questions.last)
            try await board.deliver(LinkEvent.disconnected(reason: "gone"))
            try await board.deliver(LinkEvent.connected)
            let again = try #require(board.questions.last)
            #expect(again.question != lost.question && again.deltas == lost.deltas)
            let wish = try board.wish("desired/x", .int(1))
            try await board.deliver(
                .down(Frame.Down(question: lost.question, commit: 2, deltas: [wish])))
            #expect(try await board.value("desired/x") == .int(1))
            #expect(board.questions.count == 2)
            try await board.answerUp()
            // The news is confirmed by the next one.
            #expect(board.questions.last?.joined[board.session] == 1)
        }
    }

    @Test(arguments: [true, false])
    func aHubThatDoesNotKnowTheSessionIsGreeted(isTold: Bool) async throws {
        try await AgentHarness.run(folder) { board in
            try await board.synchronize()
            try await board.answerUp()
            try await board.deliver(isTold ? Frame.reset : .hint(hub: Self.other))
            #expect(board.greetings.count == 2)
            let hello = try #require(board.greetings.last)
            #expect(hello.reference == HubReference(epoch: board.session, commit: 2))
            // All is confirmed, so nothing is told again.
            #expect(hello.deltas.isEmpty)
            try await board.deliver(state: [], of: Self.other, commit: 5)
            #expect(try await board.status()["uplink"]?["state"] == .string("synchronized"))
        }
    }

    /// It was on its way when the board lost its power. It names the epoch of the life before in
    /// the words for its reader; taken by this one, its dots would be given a second time.
    @Test func theAnswerToAnEarlierLifesGreetingIsNoAnswer() async throws {
        try await AgentHarness.run(folder) { board in
            try await board.publish("zigbee2mqtt/attic", smoke)
            try await board.deliver(LinkEvent.connected)
        }
        try await AgentHarness.run(folder, seed: 2) { board in
            try await board.publish("zigbee2mqtt/cellar", smoke)
            try await board.deliver(LinkEvent.connected)
            let epoch = await board.agent.epoch
            let before = try await board.agent.cells()
            let old = try #require(board.greetings.last?.deltas.map(\.epoch).first { $0 != epoch })
            var wire = WireSession(
                device: old, hub: board.session, request: 7, base: board.clock.now().wall,
                commit: 1)
            let delta = try AgentHarness.delta(
                old, upto: 40, [("notes/a", 39, .int(1)), ("desired/x", 40, .int(1))])
            for isLast in [false, true] {
                let state = Frame.State(
                    request: 7, reference: HubReference(epoch: board.session, commit: 1),
                    time: board.clock.now().wall, context: CausalContext([old: 40]),
                    deltas: [delta], isLast: isLast)
                try await board.deliver(
                    LinkEvent.frame(FrameCodec().encode(.state(state), from: .hub, session: &wire)))
            }
            #expect(try await board.agent.cells() == before)
            #expect(try await board.status()["uplink"]?["state"] == .string("connected"))
        }
    }

    /// A hub that has heard nothing of a board says what it has, for any epoch to read.
    @Test func whatTheHubSaysUnaskedIsJoined() async throws {
        try await AgentHarness.run(folder) { board in
            let wish = try board.wish("desired/x", .int(1))
            var wire = WireSession(device: Epoch(nonce: 0), hub: board.session)
            let state = Frame.State(
                request: 0, reference: HubReference(epoch: board.session, commit: 1),
                time: board.clock.now().wall, context: CausalContext(), deltas: [wish],
                isLast: false)
            try await board.deliver(
                LinkEvent.frame(FrameCodec().encode(.state(state), from: .hub, session: &wire)))
            #expect(try await board.value("desired/x") == .int(1))
            #expect(board.sent.isEmpty)
        }
    }

    @Test func aHintOfTheSameHubIsAQuestion() async throws {
        try await AgentHarness.run(folder) { board in
            try await board.synchronize()
            try await board.answerUp()
            let count = board.questions.count
            try await board.deliver(Frame.hint(hub: board.session))
            #expect(board.questions.count == count + 1 && board.greetings.count == 1)
        }
    }

    /// A frame in words that were lost on the way cannot be read, and neither can any after it.
    @Test func aNameThatIsNotKnownBeginsTheSessionAnew() async throws {
        try await AgentHarness.run(folder) { board in
            try await board.synchronize()
            try await board.answerUp()
            let wish = try board.wish("desired/x", .int(1))
            let news = Frame.down(Frame.Down(question: nil, commit: 2, deltas: [wish]))
            board.link.state.with { state in
                _ = FrameCodec().encode(news, from: .hub, session: &state.wire)
                state.wire.names.confirm(state.wire.names.mark)
            }
            try await board.deliver(news)
            #expect(try await board.value("desired/x") == nil)
            #expect(board.greetings.count == 2)
            #expect(try await board.events("uplink.unreadable") == 1)
            try await board.deliver(state: [wish], of: board.session, commit: 3)
            #expect(try await board.value("desired/x") == .int(1))
        }
    }
}
