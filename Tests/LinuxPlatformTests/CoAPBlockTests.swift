import Testing

@testable import LinuxPlatform

@Suite struct CoAPBlockTests {
    /// RFC 7959 §3: Block1 0/1/128, 1/1/128, 3/0/128 and so on, as they are on the wire.
    @Test(
        arguments: [
            (0, true, 3, [0x0B]), (1, true, 3, [0x1B]), (3, false, 3, [0x33]),
            (0, false, 0, []), (16, false, 6, [0x01, 0x06]),
            (1 << 20 - 1, true, 6, [0xFF, 0xFF, 0xFE]),
        ] as [(Int, Bool, Int, [UInt8])])
    func blocksReadAsTheyAreWritten(number: Int, hasMore: Bool, exponent: Int, bytes: [UInt8]) {
        let block = CoAPBlock(number: number, hasMore: hasMore, exponent: exponent)
        #expect(block.bytes == bytes)
        #expect(CoAPBlock(bytes) == block)
    }

    @Test func whatIsNoBlockIsRefused() {
        // The exponent 7 is reserved, and four bytes are too many (§2.2).
        #expect(CoAPBlock([0x07]) == nil)
        #expect(CoAPBlock([0, 0, 0, 6]) == nil)
    }

    @Test func optionsStayInOrder() {
        var message = CoAPMessage(.get)
        message.addQuery("b", "2")
        message.path = ["v1", "down"]
        message.addQuery("a", "1")
        message.add(.observe, [])
        #expect(message.options.map(\.number) == [6, 11, 11, 15, 15])
        #expect(message.path == ["v1", "down"])
        #expect(message.query("a") == "1" && message.query("b") == "2" && message.query("c") == nil)
        #expect(CoAPCode.incomplete.text == "4.08" && CoAPCode.tooLarge.text == "4.13")
    }

    @Test(arguments: [0, 1, 1023, 1024, 1025, 5000])
    func aBodyGoesUpInBlocksAndComesDownInBlocks(size: Int) throws {
        let body = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
        var upload = BlockUpload(tag: [1], token: [2], body: body)
        var assembly = BlockAssembly(tag: [1], maximum: size)
        for _ in 0...5 {
            var request = CoAPMessage(.post)
            upload.fill(&request)
            let block = request.block(.block1) ?? CoAPBlock(number: 0, hasMore: false, exponent: 6)
            let answer = assembly.add(block, request.payload, announced: request.integer(.size1))
            guard answer == .continue else {
                #expect(answer == .complete)
                break
            }
            var reply = CoAPMessage(.continue)
            reply.add(.block1, block.bytes)
            #expect(upload.receive(reply) == .next)
            // Its repetition changes nothing, nor does that of the block.
            #expect(upload.receive(reply) == .ignored)
            #expect(
                assembly.add(block, request.payload, announced: nil) == .continue)
        }
        #expect(assembly.body == body)
        #expect(upload.receive(CoAPMessage(.changed)) == .complete)

        var download = BlockDownload(maximum: size)
        var number = 0
        while true {
            let (block, bytes) = try #require(CoAPBlock.cut(body, number: number, exponent: 6))
            var answer = CoAPMessage(.content)
            answer.add(.entityTag, [1])
            answer.add(.block2, block.bytes)
            answer.payload = Array(bytes)
            switch download.receive(answer) {
            case .next(let next): number = next.number
            case .complete(let all):
                #expect(all == body)
                return
            case .ignored, .broken:
                Issue.record("block \(number) is not taken")
                return
            }
        }
    }

    /// RFC 7959 §2.3: the server may ask for smaller blocks from the second on.
    @Test func theHubMayAskForSmallerBlocks() {
        var upload = BlockUpload(tag: [1], token: [2], body: [UInt8](repeating: 7, count: 2000))
        var reply = CoAPMessage(.continue)
        reply.add(.block1, CoAPBlock(number: 0, hasMore: true, exponent: 4).bytes)
        #expect(upload.receive(reply) == .next)
        var request = CoAPMessage(.post)
        upload.fill(&request)
        #expect(request.block(.block1) == CoAPBlock(number: 4, hasMore: true, exponent: 4))
        #expect(request.payload.count == 256)
    }

    @Test func beginningsThatAreLostAreRepeatedWithinABound() {
        var upload = BlockUpload(tag: [1], token: [2], body: [1])
        for _ in 0..<BlockUpload.restartsMaximum {
            #expect(upload.receive(CoAPMessage(.incomplete)) == .next)
        }
        #expect(upload.receive(CoAPMessage(.incomplete)) == .failed)
    }

    @Test func aBodyThatChangesBetweenItsBlocksIsBroken() {
        var download = BlockDownload(maximum: 4096)
        func answer(_ number: Int, tag: UInt8) -> CoAPMessage {
            var answer = CoAPMessage(.content)
            answer.add(.entityTag, [tag])
            answer.add(.block2, CoAPBlock(number: number, hasMore: true, exponent: 6).bytes)
            answer.payload = [UInt8](repeating: 0, count: 1024)
            return answer
        }
        #expect(
            download.receive(answer(0, tag: 1))
                == .next(CoAPBlock(number: 1, hasMore: false, exponent: 6)))
        #expect(download.receive(answer(0, tag: 1)) == .ignored)
        #expect(download.receive(answer(1, tag: 2)) == .broken)
    }

    @Test func bundlesReadAsTheyAreWritten() {
        let sizes = [0, 1, 23, 24, 255, 256, 65_535, 65_536]
        var bundle = FrameBundle(queue: .max, number: 300)
        bundle.frames = sizes.map { [UInt8](repeating: 1, count: $0) }
        let bytes = bundle.bytes
        #expect(FrameBundle(bytes) == bundle)
        let most = bundle.frames.reduce(FrameBundle.headMaximum) {
            $0 + FrameBundle.size(of: $1)
        }
        #expect(bytes.count <= most)
        // RFC 8949 appendix A: 24 is 1818, h'01020304' is 4401020304.
        #expect(
            FrameBundle(queue: 1, number: 24, frames: [[1, 2, 3, 4]]).bytes
                == [0x01, 0x18, 0x18, 0x44, 1, 2, 3, 4])
        // Both integers take 12 bytes, the first two frames one and two.
        for end in 0..<20 {
            #expect((FrameBundle(Array(bytes.prefix(end))) != nil) == [12, 13, 15].contains(end))
        }
        let bad: [[UInt8]] = [
            [], [0x01], [0x01, 0x41], [0x01, 0x01, 0x42, 0], [0x1C, 1], [0x5F, 0xFF],
        ]
        for bytes in bad { #expect(FrameBundle(bytes) == nil) }
        let many = [UInt8](repeating: 0x40, count: FrameBundle.framesMaximum + 1)
        #expect(FrameBundle([0, 0] + many) == nil)
        #expect(FrameBundle([0, 0] + many.dropLast()) != nil)
    }

    @Test func theQueueKeepsWhatIsNotConfirmed() {
        var queue = DownQueue(name: 1)
        for byte in 1...5 as ClosedRange<UInt8> {
            let isTaken = queue.append([byte])
            #expect(isTaken)
        }
        #expect(queue.bundle(after: 0, limit: 1000, isWhole: false).frames.count == 5)
        #expect(queue.bundle(after: 0, limit: 22, isWhole: false).frames == [[1], [2]])
        #expect(queue.bundle(after: 0, limit: 0, isWhole: true).frames == [[1]])
        #expect(queue.bundle(after: 0, limit: 0, isWhole: false).frames == [])
        queue.confirm(through: 2)
        queue.confirm(through: 1)
        // Nobody has what was never sent.
        queue.confirm(through: 6)
        #expect(queue.bundle(after: 0, limit: 1000, isWhole: false).number == 3)
        #expect(queue.bundle(after: 4, limit: 1000, isWhole: false).frames == [[5]])
        #expect(
            queue.bundle(after: 5, limit: 1000, isWhole: false)
                == FrameBundle(queue: 1, number: 6))
        #expect(queue.bytes == 3)
    }
}
