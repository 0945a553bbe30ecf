import Platform
import Testing

@testable import LinuxPlatform

/// What the contract does not ask: CoAP over real sockets where the network or the hub does the
/// unusual.
@Suite(.enabled(if: CoAPStage.isInstalled, "needs libcoap (Debian: libcoap3)"))
struct CoAPLinkTests {
    /// The protocol's bound, in 1025 blocks each way.
    @Test func theLargestFramePassesBothWays() async throws {
        let stage = try CoAPStage(board: { $0.patience = 10_000 })
        #expect(try await stage.connect())
        let frame = (0..<(1 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 7) }
        #expect(stage.link.send(frame) == .sent)
        #expect(stage.endpoint.send(frame, to: "board") == .sent)
        #expect(
            try await Stage.linux.eventually {
                stage.framesAtHub == [frame] && stage.framesAtBoard == [frame]
            })
        #expect(stage.losses == [])
    }

    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func lostRepeatedAndReorderedDatagramsLoseNothing(seed: UInt64) async throws {
        // Patience beyond retransmissions of the library, as outside of tests, and beyond what a busy
        // machine keeps an answer waiting.
        let stage = try CoAPStage(
            seed: seed, hub: { $0.silenceMaximum = 30_000 }, board: { $0.patience = 10_000 })
        #expect(try await stage.connect())
        stage.proxy.set(.init(lost: 10, repeated: 30, overtaken: 30))
        let frames = (0..<40).map { number in
            [UInt8(number)] + [UInt8](repeating: 7, count: number % 8 == 0 ? 3000 : 50)
        }
        for frame in frames {
            #expect(stage.link.send(frame) == .sent)
            #expect(stage.endpoint.send(frame, to: "board") == .sent)
        }
        let isDone = try await Stage.linux.eventually {
            stage.framesAtHub.count >= frames.count && stage.framesAtBoard.count >= frames.count
        }
        #expect(isDone, "\(stage.framesAtHub.count) up, \(stage.framesAtBoard.count) down")
        #expect(stage.framesAtHub == frames)
        #expect(stage.framesAtBoard == frames)
        #expect(stage.losses == [])
    }

    /// 20,000 of them, of which half come twice and half are overtaken by up to eight others.
    @Test func repeatedAndReorderedDatagramsByTheThousandLoseNothing() async throws {
        let stage = try CoAPStage(
            seed: 5, hub: { $0.silenceMaximum = 30_000 }, board: { $0.patience = 10_000 })
        #expect(try await stage.connect())
        stage.proxy.set(.init(repeated: 50, overtaken: 50))
        var (up, down): (UInt32, UInt32) = (0, 0)
        let isDone = try await Stage.linux.eventually {
            let isEnough = stage.proxy.datagrams >= 20_000
            while !isEnough, Int(up) - stage.counts.up < 8,
                stage.link.send(CoAPUplink.bytes(up)) == .sent
            { up += 1 }
            while !isEnough, Int(down) - stage.counts.down < 8,
                stage.endpoint.send(CoAPUplink.bytes(down), to: "board") == .sent
            { down += 1 }
            return isEnough && stage.counts == (Int(up), Int(down))
        }
        #expect(isDone, "\(stage.proxy.datagrams) datagrams, \(stage.counts) of \(up), \(down)")
        #expect(stage.framesAtHub == (0..<up).map(CoAPUplink.bytes))
        #expect(stage.framesAtBoard == (0..<down).map(CoAPUplink.bytes))
        #expect(stage.losses == [])
    }

    @Test func aBodyGoesOnFromAnotherAddress() async throws {
        let stage = try CoAPStage()
        #expect(try await stage.connect())
        let frame = [UInt8](repeating: 9, count: 200_000)
        let before = stage.proxy.datagrams
        stage.proxy.move(after: 150)
        #expect(stage.link.send(frame) == .sent)
        #expect(try await Stage.linux.eventually { stage.framesAtHub == [frame] })
        // 196 blocks and their answers: far fewer than from the beginning again.
        #expect(stage.proxy.datagrams - before < 2 * 196 + 100)
        stage.proxy.move(after: 150)
        #expect(stage.endpoint.send(frame, to: "board") == .sent)
        #expect(try await Stage.linux.eventually { stage.framesAtBoard == [frame] })
        stage.proxy.move()
        #expect(stage.endpoint.send([1], to: "board") == .sent)
        #expect(try await Stage.linux.eventually { stage.framesAtBoard.last == [1] })
        #expect(stage.losses == [])
    }

    @Test func aHubThatCommitsLateIsWaitedForAndOneThatNeverDoesIsGivenUp() async throws {
        let stage = try CoAPStage()
        #expect(try await stage.connect())
        stage.commits.with { $0 = false }
        #expect(stage.link.send([1]) == .sent)
        #expect(try await Stage.linux.eventually { stage.framesAtHub == [[1]] })
        // Longer than the first attempts' patience: asked again, not handed over again.
        try await Task.sleep(for: .milliseconds(1500))
        stage.endpoint.acknowledge(through: 1)
        #expect(stage.link.send([2]) == .sent)
        #expect(try await Stage.linux.eventually { stage.framesAtHub == [[1], [2]] })
        #expect(stage.losses == [])
        #expect(
            try await Stage.linux.eventually {
                stage.losses.contains(.disconnected(reason: "no answer from the hub"))
            })
    }

    @Test func aHubThatStopsSaysSoAndAPortWhereNobodyListensIsNoticedAtOnce() async throws {
        let port = try UDPProxy.freePort()
        let endpoint = try CoAPHubEndpoint(
            settings: CoAPStage.hub(port), entropy: LinuxEntropy())
        var settings = CoAPStage.board(port)
        // Only what the hub says ends a poll in time.
        settings.hold = 50_000
        let link = try CoAPLink(device: "board", settings: settings, entropy: LinuxEntropy())
        let up = Stage.linux.collect(endpoint.events)
        let down = Stage.linux.collect(link.events)
        #expect(
            try await Stage.linux.eventually {
                up.elements.contains(.presence(device: "board", isOnline: true))
                    && down.elements.contains(.connected)
            })
        // Its poll waits there.
        try await Task.sleep(for: .milliseconds(100))
        endpoint.close()
        #expect(
            try await Stage.linux.eventually {
                down.elements.contains(
                    .disconnected(reason: "the hub refuses: 5.03 the hub stops"))
            })
        #expect(
            try await Stage.linux.eventually {
                down.elements.contains(.disconnected(reason: "nobody listens at the hub's port"))
            })
        link.close()
        #expect(try await Stage.linux.eventually { down.hasEnded && up.hasEnded })
    }

    @Test func sessionsAreCapped() async throws {
        let port = try UDPProxy.freePort()
        var settings = CoAPStage.hub(port)
        settings.devicesPerShard = 3
        let endpoint = try CoAPHubEndpoint(settings: settings, entropy: LinuxEntropy())
        defer { endpoint.close() }
        let up = Stage.linux.collect(endpoint.events)
        let links = try (0..<4).map { number in
            try CoAPLink(
                device: "board-\(number)", settings: CoAPStage.board(port),
                entropy: LinuxEntropy())
        }
        let downs = links.map { Stage.linux.collect($0.events) }
        let reason = "the hub refuses: 5.03 this hub serves 3 devices and no more"
        #expect(
            try await Stage.linux.eventually {
                downs.filter { $0.elements.contains(.connected) }.count == 3
                    && downs.contains { $0.elements.contains(.disconnected(reason: reason)) }
            })
        func online() -> Int {
            up.elements.count { if case .presence(_, true) = $0 { true } else { false } }
        }
        // A board may know of its connection before the hub's reader has been told of it.
        _ = try await Stage.linux.eventually { online() >= 3 }
        #expect(online() == 3)
        for link in links { link.close() }
    }

    @Test func aDeviceThatMovesToAnotherShardIsReachedThere() async throws {
        let port = try UDPProxy.freePort()
        var settings = CoAPStage.hub(port)
        settings.shards = 2
        let endpoint = try CoAPHubEndpoint(settings: settings, entropy: LinuxEntropy())
        defer { endpoint.close() }
        let up = Stage.linux.collect(endpoint.events)
        var links: [CoAPLink] = []
        var proxies: [UDPProxy] = []
        defer {
            for link in links { link.close() }
            for proxy in proxies { proxy.close() }
        }
        for shard in 0..<2 {
            // It has moved: nothing is heard of it where it was, nor does it say so.
            for proxy in proxies { proxy.set(.init(lost: 100)) }
            let proxy = try UDPProxy(hubPort: port + shard, seed: UInt64(shard))
            proxies.append(proxy)
            let link = try CoAPLink(
                device: "board", settings: CoAPStage.board(proxy.port), entropy: LinuxEntropy())
            let down = Stage.linux.collect(link.events)
            #expect(try await Stage.linux.eventually { down.elements.contains(.connected) })
            #expect(
                try await Stage.linux.eventually {
                    _ = endpoint.send([UInt8(shard)], to: "board")
                    return down.elements.contains(.frame([UInt8(shard)]))
                })
            links.append(link)
        }
        links[1].close()
        #expect(
            try await Stage.linux.eventually {
                up.elements.contains(.presence(device: "board", isOnline: false))
            })
    }

    @Test func aPortThatIsTakenIsTriedAgain() async throws {
        let port = try UDPProxy.freePort()
        let first = try CoAPHubEndpoint(settings: CoAPStage.hub(port), entropy: LinuxEntropy())
        let firstUp = Stage.linux.collect(first.events)
        #expect(try await Stage.linux.eventually { firstUp.elements.contains(.connected(.coap)) })
        let second = try CoAPHubEndpoint(settings: CoAPStage.hub(port), entropy: LinuxEntropy())
        let secondUp = Stage.linux.collect(second.events)
        #expect(
            try await Stage.linux.eventually {
                secondUp.elements.contains { event in
                    if case .disconnected(.coap, let reason) = event {
                        reason.hasPrefix("cannot listen on 127.0.0.1:\(port)")
                    } else {
                        false
                    }
                }
            })
        first.close()
        #expect(try await Stage.linux.eventually { secondUp.elements.contains(.connected(.coap)) })
        second.close()
        #expect(try await Stage.linux.eventually { firstUp.hasEnded && secondUp.hasEnded })
    }

    @Test func aMissingLibraryIsSaidClearly() {
        #expect {
            try CoAPLibrary("libcoap-of-nobody.so.3")
        } throws: { error in
            guard let error = error as? CoAPError else { return false }
            return error.code == .libraryMissing
                && error.description.contains("libcoap-of-nobody.so.3")
                && error.advice.contains("libcoap3")
        }
        // One that lacks what is needed is not taken either.
        #expect {
            try CoAPLibrary("libm.so.6")
        } throws: { error in
            (error as? CoAPError)?.message.contains("it has no coap_") ?? false
        }
    }
}
