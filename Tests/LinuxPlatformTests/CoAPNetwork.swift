import Platform

@testable import LinuxPlatform

/// A board and its hub as values, with a network between them that one seed decides: datagrams are
/// lost, repeated and overtaken. The library's retransmission is left out; the rules must do
/// without.
final class CoAPNetwork {
    struct Faults {
        /// In per cent.
        var lost: UInt64 = 0
        var repeated: UInt64 = 0
        /// Milliseconds that a datagram takes at most.
        var delay: UInt64 = 5
    }

    private enum Datagram {
        case up(CoAPMessage, peer: UInt64)
        case down(CoAPMessage, peer: UInt64)
    }

    var uplink: CoAPUplink
    var shard: CoAPShard
    var faults = Faults()
    var now = MonotonicTime(milliseconds: 0)
    /// The hub acknowledges so long after it got frames; nil: never.
    var commitDelay: Milliseconds? = 3
    private(set) var linkEvents: [LinkEvent] = []
    private(set) var framesAtHub: [[UInt8]] = []
    private(set) var presence: [Bool] = []
    private(set) var datagrams = 0
    private var random: SplitMix64
    private var flying: [(at: MonotonicTime, datagram: Datagram)] = []
    private var commits: [(at: MonotonicTime, through: UInt64)] = []
    private var delivered: UInt64 = 0
    /// The board's address, which grows with each new socket.
    private var peer: UInt64 = 0

    init(
        seed: UInt64, uplink settings: CoAPUplink.Settings = .init(),
        shard: CoAPShard.Settings = .init()
    ) {
        random = SplitMix64(seed: seed)
        var settings = settings
        settings.device = "board"
        uplink = CoAPUplink(settings: settings, seed: random.next())
        self.shard = CoAPShard(settings: shard, seed: random.next())
    }

    var framesAtBoard: [[UInt8]] {
        linkEvents.compactMap { if case .frame(let bytes) = $0 { bytes } else { nil } }
    }

    func sendUp(_ frame: [UInt8]) -> LinkSendResult {
        let (result, directives) = uplink.send(frame, now: now)
        carryOut(directives)
        return result
    }

    func sendDown(_ frame: [UInt8]) -> LinkSendResult {
        let (result, directives) = shard.send(frame, to: "board", now: now)
        carryOut(directives)
        return result
    }

    /// The board starts anew without a goodbye.
    func restartBoard() {
        uplink = CoAPUplink(settings: uplink.settings, seed: random.next())
        linkEvents = []
    }

    /// The hub starts anew: it has forgotten everything.
    func restartHub() {
        shard = CoAPShard(settings: shard.settings, seed: random.next())
        commits = []
    }

    /// Runs a millisecond at a time until something holds; false after `limit`.
    func run(
        for limit: Milliseconds, until condition: (CoAPNetwork) -> Bool = { _ in false }
    ) -> Bool {
        let end = now + limit
        while now < end {
            if condition(self) { return true }
            step()
        }
        return condition(self)
    }

    private func step() {
        now = now + 1
        let arrived = flying.filter { $0.at <= now }
        flying.removeAll { $0.at <= now }
        for (_, datagram) in arrived { deliver(datagram) }
        let durable = commits.filter { $0.at <= now }
        commits.removeAll { $0.at <= now }
        for commit in durable {
            carryOut(shard.acknowledge(through: commit.through, now: now))
        }
        carryOut(shard.tick(now))
        carryOut(uplink.tick(now))
    }

    private func deliver(_ datagram: Datagram) {
        switch datagram {
        case .down(let message, let peer):
            // A socket that was closed hears nothing.
            if peer == self.peer { carryOut(uplink.receive(message, now: now)) }
        case .up(let message, let peer):
            let outcome = shard.receive(
                message, from: peer, device: message.query("d"), now: now)
            if var answer = outcome.answer {
                answer.token = message.token
                fly(.down(answer, peer: peer))
            }
            carryOut(outcome.directives)
        }
    }

    private func carryOut(_ directives: [CoAPUplink.Directive]) {
        for directive in directives {
            switch directive {
            case .open: peer += 1
            case .close: break
            case .send(let message, _): fly(.up(message, peer: peer))
            case .event(let event): linkEvents.append(event)
            }
        }
    }

    private func carryOut(_ directives: [CoAPShard.Directive]) {
        for directive in directives {
            switch directive {
            case .send(let message, let peer): fly(.down(message, peer: peer))
            case .frames(let frames, let device, let bytes):
                framesAtHub += frames
                delivered += UInt64(frames.count)
                shard.handedOver(device, bytes: bytes, through: delivered)
                if let commitDelay { commits.append((now + commitDelay, delivered)) }
            case .presence(_, let isOnline): presence.append(isOnline)
            }
        }
    }

    private func fly(_ datagram: Datagram) {
        let copies = random.next() % 100 < faults.repeated ? 2 : 1
        for _ in 0..<copies {
            datagrams += 1
            guard random.next() % 100 >= faults.lost else { continue }
            let delay = Int64(random.next() % faults.delay) + 1
            flying.append((now + Milliseconds(delay), datagram))
        }
    }
}
