import Platform
import Testing

@testable import FleetHubAPI

@Suite struct RateLimiterTests {
    private func time(_ milliseconds: Int64) -> MonotonicTime {
        MonotonicTime(milliseconds: milliseconds)
    }

    @Test func aBucketAllowsABurstThenItsRate() {
        var bucket = TokenBucket(capacity: 3, perSecond: 2, now: time(0))
        for _ in 0..<3 { #expect(bucket.take(at: time(0)) == nil) }
        #expect(bucket.take(at: time(0)) == Milliseconds(500))
        #expect(bucket.take(at: time(499)) == Milliseconds(1))
        #expect(bucket.take(at: time(500)) == nil)
        #expect(bucket.take(at: time(500)) == Milliseconds(500))
    }

    @Test func aBucketNeverHoldsMoreThanItsCapacity() {
        var bucket = TokenBucket(capacity: 2, perSecond: 1000, now: time(0))
        #expect(bucket.isFull(at: time(0)))
        for _ in 0..<2 { #expect(bucket.take(at: time(.max)) == nil) }
        #expect(bucket.take(at: time(.max)) == Milliseconds(1))
    }

    @Test func aClockThatStepsBackGivesNothing() {
        var bucket = TokenBucket(capacity: 1, perSecond: 1, now: time(1000))
        #expect(bucket.take(at: time(1000)) == nil)
        #expect(bucket.take(at: time(0)) == Milliseconds(1000))
        #expect(bucket.take(at: time(1999)) == Milliseconds(1))
        #expect(bucket.take(at: time(2000)) == nil)
    }

    @Test func extremeSettingsStayWithinBounds() {
        var large = TokenBucket(capacity: .max, perSecond: .max, now: time(.min))
        #expect(large.take(at: time(.min)) == nil)
        var small = TokenBucket(capacity: 0, perSecond: -1, now: time(0))
        #expect(small.take(at: time(0)) == nil)
        #expect(small.take(at: time(0)) == Milliseconds(1000))
    }

    @Test func addressesDoNotShareABucket() {
        var limits = ClientLimits.operators
        limits.requestsBurstMax = 1
        var limiter = RateLimiter(limits: limits)
        #expect(limiter.admit("127.0.0.1", at: time(0)) == nil)
        #expect(limiter.admit("127.0.0.1", at: time(0)) != nil)
        #expect(limiter.admit("127.0.0.2", at: time(0)) == nil)
    }

    @Test func theTableOfAddressesIsBounded() {
        var limits = ClientLimits.operators
        limits.addressesMax = 8
        limits.requestsBurstMax = 2
        limits.requestsPerSecondMax = 1
        var limiter = RateLimiter(limits: limits)
        for address in 0..<8 { #expect(limiter.admit("\(address)", at: time(0)) == nil) }
        // All eight are still refilling: a ninth waits, the known ones go on.
        #expect(limiter.admit("8", at: time(500)) == .seconds(1))
        #expect(limiter.admit("0", at: time(500)) == nil)
        #expect(limiter.count == 8)
        // After a second the idle ones are full, and forgotten.
        #expect(limiter.admit("8", at: time(1000)) == nil)
        #expect(limiter.count == 2)
    }
}
