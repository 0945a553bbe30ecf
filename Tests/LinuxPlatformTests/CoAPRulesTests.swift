import Platform
import Testing

@testable import LinuxPlatform

/// What a board and its hub make of a network that does everything wrong, by seed.
@Suite struct CoAPRulesTests {
    private static func network(_ seed: UInt64) -> CoAPNetwork {
        var uplink = CoAPUplink.Settings()
        uplink.patience = 200
        uplink.hold = 2000
        // No attempt is the last: what this is about must not end by giving up.
        uplink.attemptsMaximum = 40
        var shard = CoAPShard.Settings()
        shard.repeatFirst = 100
        return CoAPNetwork(seed: seed, uplink: uplink, shard: shard)
    }

    private static func connect(_ network: CoAPNetwork) -> Bool {
        network.run(for: .seconds(10)) { $0.linkEvents == [.connected] }
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func framesArriveOnceAndInOrderWhateverTheNetworkDoes(seed: UInt64) {
        let network = Self.network(seed)
        #expect(Self.connect(network))
        network.faults = .init(lost: 20, repeated: 20, delay: 60)
        var random = SplitMix64(seed: seed)
        let frames = (0..<60).map { number in
            // Some take several blocks, and some more than one answer has room for.
            let size = [10, 300, 3000, 40_000][Int(random.next() % 16 / 5)]
            return [UInt8(number)] + [UInt8](repeating: UInt8(number), count: size)
        }
        for frame in frames {
            #expect(network.sendUp(frame) == .sent)
            #expect(network.sendDown(frame) == .sent)
            _ = network.run(for: Milliseconds(Int64(random.next() % 50)))
        }
        let isDone = network.run(for: .seconds(600)) {
            $0.framesAtHub.count >= frames.count && $0.framesAtBoard.count >= frames.count
        }
        #expect(isDone, "\(network.framesAtHub.count) up, \(network.framesAtBoard.count) down")
        #expect(network.framesAtHub == frames)
        #expect(network.framesAtBoard == frames)
        // One connection, and nothing else but frames.
        #expect(network.linkEvents.first == .connected)
        #expect(network.linkEvents.count == 1 + frames.count)
    }

    @Test func answersToUploadsBringWhatTheHubHasToSay() {
        let network = Self.network(1)
        #expect(Self.connect(network))
        _ = network.run(for: 100)
        let before = network.datagrams
        #expect(network.sendUp([1]) == .sent)
        #expect(network.run(for: 100) { !$0.framesAtHub.isEmpty })
        // As the hub does it: it answers before it acknowledges.
        #expect(network.sendDown([2]) == .sent)
        #expect(network.run(for: 1000) { $0.framesAtBoard == [[2]] })
        _ = network.run(for: 100)
        // The request and its answer; no poll was spent.
        #expect(network.datagrams - before == 2)
    }

    @Test func nothingIsAnsweredBeforeItIsDurable() {
        let network = Self.network(1)
        #expect(Self.connect(network))
        network.commitDelay = nil
        #expect(network.sendUp([1]) == .sent)
        _ = network.run(for: .seconds(5))
        #expect(network.uplink.upload != nil)
        #expect(network.framesAtHub == [[1]])
    }

    @Test func aHubThatNeverAnswersIsGivenUpAndNothingStaysQueued() {
        var settings = CoAPUplink.Settings()
        settings.patience = 200
        let network = CoAPNetwork(seed: 1, uplink: settings)
        #expect(Self.connect(network))
        network.commitDelay = nil
        #expect(network.sendUp([1]) == .sent)
        #expect(network.sendUp([2]) == .sent)
        #expect(
            network.run(for: .seconds(60)) {
                $0.linkEvents.last == .disconnected(reason: "no answer from the hub")
            })
        #expect(network.uplink.outbox.isEmpty && network.uplink.upload == nil)
        #expect(network.sendUp([3]) == .notConnected)
    }

    @Test func silenceBeforeTheFirstAnswerIsPutDownToTheWayThere() {
        var settings = CoAPUplink.Settings()
        settings.patience = 200
        var uplink = CoAPUplink(settings: settings, seed: 1)
        uplink.unanswered = "nobody speaks DTLS there"
        var now = MonotonicTime(milliseconds: 0)
        var reasons: [LinkEvent] = []
        for _ in 0..<100 where reasons.isEmpty {
            for directive in uplink.tick(now) {
                if case .event(let event) = directive { reasons.append(event) }
            }
            now = uplink.deadline ?? now + 100
        }
        #expect(reasons == [.disconnected(reason: "nobody speaks DTLS there")])
    }

    @Test func aHubThatStartsAnewIsNoticed() {
        let network = Self.network(1)
        #expect(Self.connect(network))
        #expect(network.sendDown([1]) == .sent)
        #expect(network.run(for: .seconds(1)) { $0.framesAtBoard == [[1]] })
        network.restartHub()
        #expect(
            network.run(for: .seconds(10)) { $0.linkEvents.filter { $0 == .connected }.count == 2 })
        #expect(network.sendDown([2]) == .sent)
        #expect(network.run(for: .seconds(1)) { $0.framesAtBoard == [[1], [2]] })
    }

    @Test func aBoardThatStartsAnewIsServed() {
        let network = Self.network(1)
        #expect(Self.connect(network))
        for byte in 1...3 as ClosedRange<UInt8> { #expect(network.sendDown([byte]) == .sent) }
        #expect(network.run(for: .seconds(5)) { $0.framesAtBoard == [[1], [2], [3]] })
        // Confirmed by the next poll.
        _ = network.run(for: .seconds(3))
        #expect(network.sendDown([4]) == .sent)
        network.restartBoard()
        #expect(network.run(for: .seconds(10)) { $0.linkEvents.first == .connected })
        #expect(network.sendDown([5]) == .sent)
        // What the earlier run had not confirmed comes again, and nothing is waited for.
        #expect(network.run(for: .seconds(5)) { $0.framesAtBoard == [[4], [5]] })
        #expect(network.sendUp([6]) == .sent)
        #expect(network.run(for: .seconds(5)) { $0.framesAtHub == [[6]] })
        #expect(network.linkEvents.count == 3)
    }

    /// Two boards with one key: the hub's frames go to the one or the other.
    @Test func framesThatSomebodyElseConfirmedAreNotWaitedForForEver() {
        let network = Self.network(1)
        #expect(Self.connect(network))
        #expect(network.sendDown([1]) == .sent)
        network.faults.lost = 100
        _ = network.run(for: 10)
        var thief = CoAPMessage(.get, token: [9])
        thief.path = ["v1", "down"]
        thief.addQuery("a", "\(network.uplink.queue).1")
        let now = network.now
        let answer = network.shard.receive(thief, from: 99, device: "board", now: now).answer
        #expect(answer?.code == .content)
        network.faults.lost = 0
        #expect(network.sendDown([2]) == .sent)
        let isNoticed = network.run(for: .seconds(60)) {
            $0.linkEvents.contains {
                if case .disconnected(let reason) = $0 {
                    reason.hasPrefix("another board of this name")
                } else {
                    false
                }
            }
        }
        #expect(isNoticed)
        #expect(network.run(for: .seconds(60)) { $0.framesAtBoard.contains([2]) })
    }

    @Test func silenceAndAGoodbyeEndPresence() {
        let network = Self.network(1)
        #expect(Self.connect(network))
        network.faults.lost = 100
        #expect(network.run(for: .seconds(40)) { $0.presence == [true, false] })
        network.faults.lost = 0
        #expect(network.run(for: .seconds(120)) { $0.presence == [true, false, true] })
        #expect(network.sendDown([1]) == .sent)
    }

    /// A board at rest speaks once in 45 s, which is longer than the silence that ends a seat.
    @Test func aBoardThatHasNothingToSayStays() {
        let network = CoAPNetwork(seed: 10)
        #expect(Self.connect(network))
        #expect(!network.run(for: .seconds(600)) { $0.linkEvents != [.connected] })
        // An answer long after the question, and then nothing again.
        #expect(network.sendDown([1]) == .sent)
        #expect(!network.run(for: .seconds(300)) { $0.linkEvents.count > 2 })
        #expect(network.framesAtBoard == [[1]])
        #expect(network.presence == [true])
    }

    @Test func devicesAreCapped() throws {
        var settings = CoAPShard.Settings()
        settings.devicesMaximum = 2
        var shard = CoAPShard(settings: settings, seed: 1)
        let now = MonotonicTime(milliseconds: 0)
        var greeting = CoAPMessage(.get)
        greeting.path = ["v1", "down"]
        func greet(_ device: String) -> CoAPMessage? {
            shard.receive(greeting, from: 1, device: device, now: now).answer
        }
        #expect(greet("a")?.code == .content)
        #expect(greet("b")?.code == .content)
        let refusal = try #require(greet("c"))
        #expect(refusal.code == .unavailable)
        #expect(refusal.integer(.maximumAge) == settings.retryAfter)
        #expect(shard.send([1], to: "c", now: now).result == .notConnected)
        // Who goes makes room.
        var goodbye = CoAPMessage(.delete)
        goodbye.path = ["v1", "down"]
        _ = shard.receive(goodbye, from: 1, device: "a", now: now)
        #expect(greet("c")?.code == .content)
    }

    @Test func boundsAreRefusedAndSayWhy() {
        var settings = CoAPShard.Settings()
        settings.bodyBytesMaximum = 2048
        settings.assembledBytesMaximum = 2048
        settings.heldBytesMaximum = 1000
        var shard = CoAPShard(settings: settings, seed: 1)
        let now = MonotonicTime(milliseconds: 0)
        func post(
            _ device: String, _ tag: UInt8, _ block: CoAPBlock?, size: Int, announced: UInt32? = nil
        ) -> CoAPCode? {
            var request = CoAPMessage(.post, token: [tag])
            request.path = ["v1", "up"]
            request.add(.requestTag, [tag])
            if let block { request.add(.block1, block.bytes) }
            if let announced { request.add(.size1, CoAPOption.bytes(announced)) }
            request.payload = [UInt8](repeating: 0, count: size)
            let outcome = shard.receive(request, from: 1, device: device, now: now)
            for case .frames(let frames, let device, let bytes) in outcome.directives {
                shard.handedOver(device, bytes: bytes, through: UInt64(frames.count))
            }
            return outcome.answer?.code
        }
        func block(_ number: Int, _ hasMore: Bool = true) -> CoAPBlock {
            CoAPBlock(number: number, hasMore: hasMore, exponent: 6)
        }
        #expect(post("a", 1, block(0), size: 1024, announced: 100 << 20) == .tooLarge)
        #expect(post("a", 2, block(1), size: 1024) == .incomplete)
        #expect(post("a", 3, block(0), size: 1024) == .continue)
        #expect(post("a", 3, block(0), size: 1024) == .continue)
        #expect(post("a", 3, block(1), size: 1024) == .continue)
        #expect(post("b", 1, block(0), size: 1024) == .unavailable)
        #expect(post("a", 3, block(2), size: 1024) == .tooLarge)
        #expect(post("a", 4, block(0), size: 1000) == .incomplete)
        // One body of a device at the hub, and a window for all of them.
        #expect(post("a", 5, nil, size: 900) == nil)
        #expect(post("a", 6, nil, size: 1) == .unavailable)
        #expect(post("b", 2, nil, size: 900) == .unavailable)
        #expect(post("a", 5, nil, size: 900) == nil)
        #expect(shard.acknowledge(through: 1, now: now).count == 1)
        #expect(post("a", 5, nil, size: 900) == .changed)
        #expect(post("b", 3, nil, size: 900) == nil)
    }

    @Test func nobodyIsServedWithoutAName() {
        var shard = CoAPShard(settings: .init(), seed: 1)
        var request = CoAPMessage(.get)
        request.path = ["v1", "down"]
        let now = MonotonicTime(milliseconds: 0)
        let outcome = shard.receive(request, from: 1, device: nil, now: now)
        #expect(outcome.answer?.code == .unauthorized)
        #expect(shard.seats.isEmpty)
    }

    @Test func namesAreProvedNotClaimed() {
        func peer(_ certificate: String?, _ key: String?, _ claim: String?) -> CoAPPeer {
            CoAPPeer(certificateName: certificate, keyIdentity: key, claim: claim)
        }
        #expect(CoAPPeer.proved(peer("board", nil, nil)) == "board")
        #expect(CoAPPeer.proved(peer(nil, "board", "board")) == "board")
        #expect(CoAPPeer.proved(peer("board", nil, "other")) == nil)
        #expect(CoAPPeer.proved(peer(nil, nil, "board")) == nil)
        #expect(CoAPPeer.proved(peer("../board", nil, nil)) == nil)
        #expect(CoAPPeer.claimed(peer(nil, nil, "board")) == "board")
        #expect(CoAPPeer.claimed(peer(nil, nil, "a b")) == nil)
        #expect(CoAPPeer.claimed(peer(nil, nil, String(repeating: "a", count: 65))) == nil)
    }

    @Test func bytesInFlightAreBounded() {
        let network = Self.network(1)
        #expect(Self.connect(network))
        network.faults.lost = 100
        let frame = [UInt8](repeating: 0, count: 1 << 20)
        #expect(network.sendUp(frame) == .sent)
        #expect(network.sendUp(frame) == .sent)
        #expect(network.sendUp([1]) == .busy)
        #expect(network.sendUp([UInt8](repeating: 0, count: 1 << 20 + 1)) == .busy)
        for _ in 0..<4 { #expect(network.sendDown(frame) == .sent) }
        #expect(network.sendDown([1]) == .busy)
    }
}
