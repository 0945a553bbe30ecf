import Platform
import Testing

@testable import FleetHub

@Suite struct EventRingTests {
    private let start = WallTime(milliseconds: 2)

    /// Everything in a stream that has ended.
    private func all(_ stream: AsyncStream<HubEvent>) async -> [UInt64] {
        var ids: [UInt64] = []
        for await event in stream { ids.append(event.id) }
        return ids
    }

    @Test func aWatcherSeesWhatComesInOrder() async {
        var ring = EventRing(start: start)
        ring.publish("hub", .int(0))
        let stream = ring.watch(after: nil)
        for number in 1...3 { ring.publish("device", .int(Int64(number))) }
        ring.finish()
        #expect(await all(stream) == [2001, 2002, 2003])
        #expect(ring.watcherCount == 0)
    }

    @Test func aWatcherThatReturnsGetsWhatItMissed() async {
        var ring = EventRing(start: start)
        for number in 0..<10 { ring.publish("hub", .int(Int64(number))) }
        let stream = ring.watch(after: 2006)
        ring.publish("hub", .int(10))
        ring.finish()
        #expect(await all(stream) == [2007, 2008, 2009, 2010])
    }

    @Test func whatIsRememberedIsBounded() async {
        var ring = EventRing(start: start)
        for number in 0..<(EventRing.capacity * 3) { ring.publish("hub", .int(Int64(number))) }
        let stream = ring.watch(after: 0)
        ring.finish()
        let ids = await all(stream)
        #expect(ids.count == EventRing.watcherCapacity - 1)
        #expect(ids.last == 2000 + UInt64(EventRing.capacity * 3) - 1)
    }

    @Test func aWatcherThatFallsBehindIsEndedAndOthersAreNot() async throws {
        var ring = EventRing(start: start)
        let slow = ring.watch(after: nil)
        for number in 0..<EventRing.watcherCapacity { ring.publish("hub", .int(Int64(number))) }
        let quick = ring.watch(after: nil)
        #expect(ring.watcherCount == 2)
        ring.publish("hub", .int(-1))
        try #require(ring.watcherCount == 1)
        ring.publish("hub", .int(-2))
        // It gets what it had room for, without a hole, and then its end.
        let seen = await all(slow)
        #expect(seen == (0..<UInt64(EventRing.watcherCapacity)).map { 2000 + $0 })
        ring.finish()
        #expect(await all(quick).count == 2)
    }

    @Test func aWatcherThatWentAwayIsForgotten() async {
        var ring = EventRing(start: start)
        do { _ = ring.watch(after: nil) }
        ring.publish("hub", .null)
        #expect(ring.watcherCount == 0)
    }

    @Test func idsOfALaterRunAreHigher() async {
        var first = EventRing(start: WallTime(milliseconds: 1000))
        for _ in 0..<500 { first.publish("hub", .null) }
        var second = EventRing(start: WallTime(milliseconds: 1001))
        let stream = second.watch(after: nil)
        second.publish("hub", .null)
        second.finish()
        #expect(await all(stream) == [1_001_000])
        // A clock before 1970 gives ids, too.
        var early = EventRing(start: WallTime(milliseconds: -5))
        early.publish("hub", .null)
    }
}
