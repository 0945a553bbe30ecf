import Platform
import Simulator
import Testing

@Suite struct WorldTests {
    /// Jobs run in an order that the seed alone decides.
    @Test func theSeedDecidesTheOrder() throws {
        func order(_ seed: UInt64) throws -> [Int] {
            let world = SimWorld(seed: seed)
            let seen = Seen()
            for number in 0..<20 {
                Task(executorPreference: world.executor.tasks) {
                    await Task.yield()
                    seen.add(number)
                }
            }
            try world.runUntilIdle()
            return seen.numbers
        }
        let orders = try (1...5 as ClosedRange<UInt64>).map(order)
        #expect(try orders == (1...5 as ClosedRange<UInt64>).map(order))
        #expect(Set(orders).count > 1)
        #expect(orders.allSatisfy { $0.sorted() == Array(0..<20) })
    }

    @Test func whatIsDueHappensInOrder() throws {
        let world = SimWorld(seed: 1)
        let seen = Seen()
        for time in [30, 10, 20, 10] as [Int64] {
            world.at(MonotonicTime(milliseconds: time)) { seen.add(Int(time)) }
        }
        try world.run(until: MonotonicTime(milliseconds: 20))
        #expect(seen.numbers == [10, 10, 20])
        #expect(world.now == MonotonicTime(milliseconds: 20))
        try world.run(for: 10)
        #expect(seen.numbers == [10, 10, 20, 30])
    }

    @Test func aWorldThatSpinsIsStopped() {
        let world = SimWorld(seed: 1)
        func again() { world.after(0, again) }
        again()
        #expect(throws: SimStall.self) {
            try world.run(for: 10)
        }
    }

    @Test func aBurntFuseLetsNothingThrough() throws {
        let world = SimWorld(seed: 1)
        let network = SimNetwork(world: world)
        let fuse = SimFuse()
        let link = network.link(for: "board", fuse: fuse)
        try world.run(for: .seconds(2))
        fuse.arm(calls: 1)
        #expect(link.send([1]) == .sent)
        #expect(link.send([2]) == .notConnected)
        #expect(fuse.isBurnt)
    }

    @Test func aRebootForgetsTheTimeOfDay() throws {
        let world = SimWorld(seed: 1)
        let clock = SimTimekeeper(world: world, wall: WallTime(milliseconds: 0))
        clock.setWall(WallTime(milliseconds: 9_000_000), isDisciplined: true)
        try world.run(for: 500)
        #expect(clock.now().wall == WallTime(milliseconds: 9_000_500))
        let boot = clock.bootID
        clock.reboot(wall: WallTime(milliseconds: 0))
        #expect(clock.bootID != boot)
        #expect(clock.now().monotonic == MonotonicTime(milliseconds: 0))
        #expect(!clock.now().isDisciplined && clock.now().wall == WallTime(milliseconds: 0))
    }
}

private final class Seen: @unchecked Sendable {
    // @unchecked: used by the thread that runs the world.
    private(set) var numbers: [Int] = []

    func add(_ number: Int) { numbers.append(number) }
}
