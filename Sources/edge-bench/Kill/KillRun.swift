import Foundation
import Platform

/// The processes of the kill rounds, and what they leave behind.
final class KillRun {
    private static let window = 20
    private static let topic = "zigbee2mqtt/counter"

    private let target: KillTarget
    private let site: Site
    private let board: Site.Board

    /// Starts all parts and waits until the agent has subscribed.
    init(
        in world: World, link: BenchLink, target: KillTarget, mutant: Mutant?, executable: String?
    ) async throws {
        self.target = target
        site = try Site(in: world, link: link)
        try await site.start()
        var fields = ["local_broker.window": String(Self.window)]
        // Past the router where it is not what is killed: on a lossy loopback each hop loses.
        if target != .broker, let port = site.hub.coapPort ?? site.hub.coapsPort {
            fields["uplink.port"] = String(port)
        }
        board = try await site.board(
            "board",
            broker: .init(
                inflightMax: Self.window, logsEverything: true, isPersistent: true),
            executable: executable, fields: fields)
        if let mutant { board.agent.environment[Mutant.variable] = mutant.rawValue }
        try await board.agent.start()
        // Published before the subscription, a message would have no session to wait in.
        try await waitUntil(
            "the agent to subscribe", within: .seconds(10),
            logs: board.agent.logPaths + [board.broker.logPath]
        ) {
            Files.text(board.broker.logPath).contains(" \(topicFilterMark)")
        }
        // What a kill destroys must be able to exist: the uplink is up before the first one.
        try await site.meet(board.agent)
    }

    /// The broker logs each accepted subscription as `<client> <QoS> <filter>`.
    private var topicFilterMark: String { "1 zigbee2mqtt/" }

    /// Kills `count` times while messages arrive, then lets everything come to rest.
    func rounds(_ count: Int, rate: Double, random: SplitMix64) async throws
        -> KillVerdict.Evidence
    {
        let publisher = try Publisher(
            "feed", topic: Self.topic, port: board.broker.port, logs: site.world.logs)
        let feed = Feed(publisher, rate: rate) { number in
            let temperature = 20 + Double(number % 100) / 10
            return "{\"battery\":97,\"linkquality\":105,\"n\":\(number),"
                + "\"temperature\":\(temperature)}"
        }
        async let feeding: Void = feed.run()
        try await killRepeatedly(count, random: random)
        await feed.stop()
        try await feeding
        return try await evidence(kills: count, published: await feed.count)
    }

    private func killRepeatedly(_ count: Int, random: SplitMix64) async throws {
        var random = random
        for round in 1...count {
            // From before the restarted part is ready to well after it: both must be hit.
            let pause = Int.random(in: 20...1800, using: &random)
            try await Task.sleep(for: .milliseconds(pause))
            try killAndRestart()
            if round % 10 == 0 { Terminal.say("round \(round) of \(count)") }
        }
    }

    private func killAndRestart() throws {
        switch target {
        case .agent:
            board.agent.kill()
            try board.agent.launch()
        case .hub:
            site.hub.kill()
            try site.hub.launch()
        case .broker:
            site.uplink.kill()
            try site.uplink.launch()
        }
    }

    /// Reads the three witnesses once nothing moves any more: the broker's log, the agent's store
    /// and the hub.
    private func evidence(kills: Int, published: Int) async throws -> KillVerdict.Evidence {
        try await waitForAcknowledgements(published)
        let balance = try await site.standstill(of: board.agent)
        await board.broker.stop()
        let log = BrokerLog(topic: Self.topic, text: Files.text(board.broker.logPath))
        var evidence = KillVerdict.Evidence()
        evidence.kills = kills
        evidence.window = Self.window
        evidence.published = published
        evidence.acknowledged = log.acknowledged
        evidence.logFaults = log.faults
        evidence.written = balance.written
        evidence.cursors = try await site.hub.reader.cursors(board.agent.id)
        evidence.rows = try await site.hub.reader.entries(board.agent.id)
        if log.received != published {
            evidence.logFaults.append(
                "\(published) messages were published but the broker logged \(log.received)")
        }
        return evidence
    }

    /// Waits until the broker's log shows all messages as acknowledged. A mutant may never come to
    /// that; what is missing is judged afterwards, so time running out is no failure here.
    private func waitForAcknowledgements(_ published: Int) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            let log = BrokerLog(topic: Self.topic, text: Files.text(board.broker.logPath))
            if log.acknowledged.count >= published { return }
            try await Task.sleep(for: .milliseconds(500))
        }
    }
}
