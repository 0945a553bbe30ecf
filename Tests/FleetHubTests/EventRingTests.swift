import Platform
import Testing

@testable import FleetHub

@Suite struct EventRingTests {
    private let start = WallTime(milliseconds: 2)
    private let now = WallTime(milliseconds: 1_795_411_636_000)

    /// Everything in a stream that has ended.
    private func all(_ stream: AsyncStream<HubEvent>) async -> [UInt64] {
        var ids: [UInt64] = []
        for await event in stream { ids.append(event.id) }
        return ids
    }

    @Test func aWatcherSeesWhatComesInOrder() async {
        var ring = EventRing(start: start)
        ring.publish("hub", .int(0))
        let stream = ring.watch(after: nil, at: now)
        for number in 1...3 { ring.publish("device", .int(Int64(number))) }
        ring.finish()
        #expect(await all(stream) == [2001, 2002, 2003])
        #expect(ring.watcherCount == 0)
    }

    @Test func aWatcherThatReturnsGetsWhatItMissed() async {
        var ring = EventRing(start: start)
        for number in 0..<10 { ring.publish("hub", .int(Int64(number))) }
        let stream = ring.watch(after: 2006, at: now)
        ring.publish("hub", .int(10))
        ring.finish()
        #expect(await all(stream) == [2007, 2008, 2009, 2010])
    }

    @Test func whatIsRememberedIsBoundedAndAllOfItReplayed() async {
        var ring = EventRing(start: start)
        let count = EventRing.capacity * 5 / 2
        for number in 0..<count { ring.publish("hub", .int(Int64(number))) }
        let stream = ring.watch(after: 0, at: now)
        ring.finish()
        var events: [HubEvent] = []
        for await event in stream { events.append(event) }
        let oldest = count - EventRing.capacity
        #expect(events.first == .missed(before: 2000 + UInt64(oldest), at: now))
        #expect(events.dropFirst().map(\.data) == (oldest..<count).map { .int(Int64($0)) })
        #expect(events.map(\.id) == (oldest - 1..<count).map { 2000 + UInt64($0) })
    }

    /// Whether a watcher that comes back with an id is told of a gap, and what it gets then.
    /// The ring holds the last `capacity` of `capacity + 10` events from 2000 on.
    @Test(arguments: [
        // Of an earlier run, or the start of this one: too old.
        (0, true), (1, true), (1999, true), (2000, true), (2008, true),
        // The last that is not remembered is the last that was seen, and so on to the newest.
        (2009, false), (2010, false), (2009 + UInt64(EventRing.capacity), false),
        // Never given: of a run whose clock was ahead.
        (2010 + UInt64(EventRing.capacity), true), (UInt64.max, true),
    ])
    func aGapIsToldFirst(id: UInt64, isMissing: Bool) async {
        var ring = EventRing(start: start)
        for number in 0..<(EventRing.capacity + 10) { ring.publish("twin", .int(Int64(number))) }
        let stream = ring.watch(after: id, at: now)
        ring.publish("twin", .null)
        ring.finish()
        var events: [HubEvent] = []
        for await event in stream { events.append(event) }
        let missed = events.filter { $0.kind == "hub" }
        #expect(missed == (isMissing ? [.missed(before: 2010, at: now)] : []))
        #expect(missed.isEmpty || events.first == missed.first)
        // Whatever was told, what follows has no hole.
        let last = 2010 + UInt64(EventRing.capacity)
        #expect(events.map(\.id) == Array((isMissing ? 2009 : id + 1)...last))
    }

    @Test func whoComesBackFromAGapIsToldOnce() async {
        var ring = EventRing(start: start)
        for _ in 0..<(EventRing.capacity * 2) { ring.publish("twin", .null) }
        var iterator = ring.watch(after: 2000, at: now).makeAsyncIterator()
        let missed = await iterator.next()
        #expect(missed?.kind == "hub")
        let again = ring.watch(after: missed?.id, at: now)
        ring.finish()
        #expect(await all(again).count == EventRing.capacity)
    }

    @Test func aNewRunTellsOnlyWhoWasThereBefore() async {
        var ring = EventRing(start: start)
        let returned = ring.watch(after: 7, at: now)
        let new = ring.watch(after: 0, at: now)
        ring.publish("twin", .null)
        ring.finish()
        #expect(await all(returned) == [1999, 2000])
        #expect(await all(new) == [2000])
    }

    @Test func aMissedEventNamesTheFirstThatIsKnown() {
        let event = HubEvent.missed(before: 1_795_411_636_000_017, at: now)
        #expect(event.kind == "hub")
        #expect(
            event.data
                == .object([
                    ("state", .string("missed")), ("first", .int(1_795_411_636_000_017)),
                    ("time", .string(RFC3339.text(now))),
                ]))
    }

    @Test func aWatcherThatFallsBehindIsEndedAndOthersAreNot() async throws {
        var ring = EventRing(start: start)
        let slow = ring.watch(after: nil, at: now)
        for number in 0..<EventRing.watcherCapacity { ring.publish("hub", .int(Int64(number))) }
        let quick = ring.watch(after: nil, at: now)
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
        do { _ = ring.watch(after: nil, at: now) }
        ring.publish("hub", .null)
        #expect(ring.watcherCount == 0)
    }

    @Test func aWatcherThatWentAwayIsNamedAtOnce() async {
        var ring = EventRing(start: start)
        let kept = ring.watch(after: nil, at: now)
        do { _ = ring.watch(after: nil, at: now) }
        var departures = ring.departures.makeAsyncIterator()
        if let watcher = await departures.next() { ring.leave(watcher) }
        #expect(ring.watcherCount == 1)
        ring.publish("hub", .null)
        ring.finish()
        // The right one was forgotten, and those that the ring ends itself did not leave.
        #expect(await all(kept) == [2000])
        #expect(await departures.next() == nil)
    }

    @Test func watchersAreBounded() async {
        var ring = EventRing(start: start)
        var streams = (0..<EventRing.watchersMaximum).map { _ in ring.watch(after: nil, at: now) }
        #expect(await all(ring.watch(after: 0, at: now)) == [])
        #expect(ring.watcherCount == EventRing.watchersMaximum)
        // All may leave before anybody looks: no departure is lost.
        streams = []
        var departures = ring.departures.makeAsyncIterator()
        for _ in 0..<EventRing.watchersMaximum {
            if let watcher = await departures.next() { ring.leave(watcher) }
        }
        #expect(ring.watcherCount == 0)
        #expect(streams.isEmpty)
    }

    @Test func whoComesAfterTheEndFindsTheEnd() async {
        var ring = EventRing(start: start)
        ring.finish()
        #expect(await all(ring.watch(after: nil, at: now)) == [])
    }

    @Test func idsOfALaterRunAreHigher() async {
        var first = EventRing(start: WallTime(milliseconds: 1000))
        for _ in 0..<500 { first.publish("hub", .null) }
        var second = EventRing(start: WallTime(milliseconds: 1001))
        let stream = second.watch(after: nil, at: now)
        second.publish("hub", .null)
        second.finish()
        #expect(await all(stream) == [1_001_000])
        // A clock before 1970 gives ids, too.
        var early = EventRing(start: WallTime(milliseconds: -5))
        early.publish("hub", .null)
    }
}
