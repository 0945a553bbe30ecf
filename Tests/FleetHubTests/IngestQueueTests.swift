import Platform
import Testing

@testable import FleetHub

@Suite struct IngestQueueTests {
    private static func frames(_ device: String, _ count: Int, bytes: Int = 10) -> [DeviceFrame] {
        (0..<count).map { number in
            DeviceFrame(
                device: device, bytes: [UInt8](repeating: UInt8(number & 0xFF), count: bytes))
        }
    }

    private static func devices(_ group: [IngestQueue.Entry]) -> [String] {
        group.map(\.frame.device)
    }

    /// Everything that waits, in the order in which it would be committed.
    private static func all(_ queue: inout IngestQueue, group: Int = 1000) -> [IngestQueue.Entry] {
        var entries: [IngestQueue.Entry] = []
        while !queue.isEmpty {
            let next = queue.next(frames: group, bytes: .max)
            queue.finished(next)
            entries += next
        }
        return entries
    }

    @Test func boardsAreServedInTurn() {
        var queue = IngestQueue()
        let dropped = queue.take(
            Self.frames("a", 3) + Self.frames("b", 1) + Self.frames("c", 2), through: 6)
        #expect(dropped == [])
        #expect(Self.devices(Self.all(&queue)) == ["a", "b", "c", "a", "c", "a"])
    }

    @Test func framesOfABoardStayInOrder() {
        var queue = IngestQueue()
        _ = queue.take(Self.frames("a", 5), through: 5)
        _ = queue.take(Self.frames("b", 5), through: 10)
        let own = Self.all(&queue).filter { $0.frame.device == "a" }.map { $0.frame.bytes[0] }
        #expect(own == [0, 1, 2, 3, 4])
    }

    @Test func aLaneHasABound() {
        var settings = IngestQueue.Settings()
        settings.framesPerDevice = 4
        var queue = IngestQueue(settings: settings)
        #expect(queue.take(Self.frames("a", 4), through: 4) == [])
        #expect(queue.take(Self.frames("a", 2), through: 6) == ["a", "a"])
        #expect(queue.take(Self.frames("b", 1), through: 7) == [])
        #expect(queue.frames == 5)
        #expect(queue.waiting(of: "a") == 4)
    }

    @Test func aSlowedBoardHasLessRoom() {
        var settings = IngestQueue.Settings()
        settings.framesPerDevice = 4
        settings.framesPerSlowedDevice = 2
        var queue = IngestQueue(settings: settings)
        let dropped = queue.take(
            Self.frames("a", 4) + Self.frames("b", 4), through: 8, isSlowed: { $0 == "a" })
        #expect(dropped == ["a", "a"])
    }

    @Test func nothingOfABoardThatIsShutOutIsTaken() {
        var queue = IngestQueue()
        let dropped = queue.take(
            Self.frames("a", 2) + Self.frames("b", 1), through: 3, isShut: { $0 == "a" })
        #expect(dropped == ["a", "a"])
        #expect(Self.devices(Self.all(&queue)) == ["b"])
        #expect(queue.acknowledgement() == 3)
    }

    @Test func bytesOfABoardHaveABound() {
        var settings = IngestQueue.Settings()
        settings.bytesPerDevice = 100
        var queue = IngestQueue(settings: settings)
        // One frame of any length always has room, or its board could never say it.
        #expect(queue.take(Self.frames("a", 1, bytes: 500), through: 1) == [])
        #expect(queue.take(Self.frames("a", 1, bytes: 1), through: 2) == ["a"])
        #expect(queue.take(Self.frames("b", 11, bytes: 10), through: 13) == ["b"])
        #expect(queue.bytes == 600)
    }

    @Test func whereAllIsFullTheBoardWithMostGivesWay() {
        var settings = IngestQueue.Settings()
        settings.frames = 10
        var queue = IngestQueue(settings: settings)
        #expect(queue.take(Self.frames("flood", 10), through: 10) == [])
        // Others find room, and the flood's latest go.
        #expect(queue.take(Self.frames("a", 2), through: 12) == ["flood", "flood"])
        #expect(queue.take(Self.frames("flood", 1), through: 13) == ["flood"])
        #expect(queue.frames == 10)
        #expect(queue.waiting(of: "a") == 2)
        let own = Self.all(&queue).filter { $0.frame.device == "flood" }.map { $0.frame.bytes[0] }
        #expect(own == [0, 1, 2, 3, 4, 5, 6, 7])
    }

    @Test func allBytesHaveABound() {
        var settings = IngestQueue.Settings()
        settings.bytes = 1000
        var queue = IngestQueue(settings: settings)
        var count: UInt64 = 0
        for number in 0..<50 {
            count += 1
            _ = queue.take(Self.frames("board-\(number % 7)", 1, bytes: 90), through: count)
            #expect(queue.bytes <= 1000)
        }
        #expect(queue.bytes > 900)
    }

    /// The factor by which a flood may delay others: a board's frame waits for at most one frame of
    /// the flood for each frame of its own, so for twice as much as in a fleet without it, whatever
    /// the flood has waiting.
    @Test(arguments: [1, 10, 1000]) func aFloodDelaysNobodyByMoreThanOneTurn(_ boards: Int) {
        var queue = IngestQueue()
        var count: UInt64 = 0
        _ = queue.take(Self.frames("flood", 100_000), through: 100_000)
        for board in 0..<boards {
            count += 1
            _ = queue.take(Self.frames("b\(board)", 2), through: 100_000 + 2 * count)
        }
        let order = Self.devices(Self.all(&queue))
        let without = 2 * boards
        let last = order.lastIndex { $0 != "flood" } ?? .max
        #expect(last < without + 2)
        #expect(order[..<last].count { $0 == "flood" } <= 2)
    }

    @Test func longFramesTakeSeveralTurns() {
        var settings = IngestQueue.Settings()
        settings.turnBytes = 100
        var queue = IngestQueue(settings: settings)
        _ = queue.take(Self.frames("large", 2, bytes: 300), through: 2)
        _ = queue.take(Self.frames("small", 5, bytes: 50), through: 7)
        // Three turns' worth at once, then two turns passed.
        #expect(
            Self.devices(Self.all(&queue))
                == ["large", "small", "small", "small", "large", "small", "small"])
    }

    @Test func aGroupIsBounded() {
        var queue = IngestQueue()
        _ = queue.take(Self.frames("a", 30, bytes: 100), through: 30)
        #expect(queue.next(frames: 7, bytes: .max).count == 7)
        #expect(queue.next(frames: 100, bytes: 500).count == 5)
        #expect(queue.frames == 18)
    }

    @Test func linksHearWhenAllOfADeliveryIsDealtWith() {
        var queue = IngestQueue()
        _ = queue.take(Self.frames("a", 2), through: 2)
        _ = queue.take(Self.frames("b", 1), through: 3)
        #expect(queue.acknowledgement() == nil)
        let first = queue.next(frames: 2, bytes: .max)
        #expect(Self.devices(first) == ["a", "b"])
        queue.finished(first)
        // The first delivery has a frame that waits; the second may not overtake it.
        #expect(queue.acknowledgement() == nil)
        queue.finished(queue.next(frames: 2, bytes: .max))
        #expect(queue.acknowledgement() == 3)
        #expect(queue.acknowledgement() == nil)
        _ = queue.take([], through: 4)
        #expect(queue.acknowledgement() == 4)
    }

    @Test func whatIsDroppedIsDealtWith() {
        var queue = IngestQueue()
        _ = queue.take(Self.frames("a", 3) + Self.frames("b", 1), through: 4)
        #expect(queue.drop("a") == 3)
        #expect(queue.drop("a") == 0)
        #expect(Self.devices(Self.all(&queue)) == ["b"])
        #expect(queue.acknowledgement() == 4)
        #expect(queue.bytes == 0)
    }

    /// Any mix of boards, lengths and groups: nothing is lost but what was said to be dropped, each
    /// board's order holds, and in the end the links hear of everything.
    @Test func randomDeliveriesAreAllDealtWith() {
        var random = SystemRandomNumberGenerator()
        let seed = UInt64.random(in: 1...UInt64.max, using: &random)
        print("seed \(seed)")
        var state = seed
        func below(_ bound: UInt64) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % bound)
        }
        var settings = IngestQueue.Settings()
        settings.frames = 60
        settings.bytes = 5000
        settings.framesPerDevice = 9
        settings.turnBytes = 64
        var queue = IngestQueue(settings: settings)
        var (through, taken, dropped, served) = (UInt64(0), 0, 0, 0)
        var heard: UInt64 = 0
        for _ in 0..<5000 {
            if below(2) == 0 {
                let frames = (0..<below(20)).map { _ in
                    DeviceFrame(
                        device: "b\(below(12))", bytes: [UInt8](repeating: 1, count: below(300)))
                }
                through += UInt64(frames.count) + 1
                taken += frames.count
                dropped += queue.take(frames, through: through).count
            } else {
                let group = queue.next(frames: 1 + below(30), bytes: 1 + below(3000))
                served += group.count
                queue.finished(group)
            }
            #expect(queue.frames <= 60 && queue.bytes <= 5000)
            if let count = queue.acknowledgement() {
                #expect(count > heard)
                heard = count
            }
        }
        served += Self.all(&queue).count
        heard = queue.acknowledgement() ?? heard
        #expect(heard == through)
        #expect(served + dropped == taken)
        #expect(queue.bytes == 0)
    }
}
