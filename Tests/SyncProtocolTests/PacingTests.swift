import Platform
import SyncProtocol
import Synchronization
import TestSupport
import Testing

/// Randomness that a seed repeats.
final class SeededEntropy: Entropy {
    private let generator: Mutex<SeededGenerator>

    init(_ generator: SeededGenerator) { self.generator = Mutex(generator) }

    func next() -> UInt64 { generator.withLock { $0.next() } }
}

/// Always the same number.
struct FixedEntropy: Entropy {
    let value: UInt64

    func next() -> UInt64 { value }
}

@Suite struct BackoffTests {
    @Test func theCeilingDoublesToItsMaximum() {
        var ceilings: [Int64] = []
        for attempt in 0..<12 {
            var most: Int64 = 0
            for value: UInt64 in 0..<2200 {
                var backoff = Backoff(first: 10, maximum: 2000)
                for _ in 0..<attempt { _ = backoff.next(FixedEntropy(value: 0)) }
                most = max(most, backoff.next(FixedEntropy(value: value)).count)
            }
            ceilings.append(most)
        }
        #expect(ceilings == [10, 20, 40, 80, 160, 320, 640, 1280, 2000, 2000, 2000, 2000])
    }

    /// Full jitter: every wait from zero to the ceiling is as likely, or a fleet would come back
    /// in waves.
    @Test func waitsAreSpreadEvenly() {
        let entropy = SeededEntropy(SeededGenerator.announced(for: "waitsAreSpreadEvenly"))
        var buckets = [Int](repeating: 0, count: 10)
        for _ in 0..<20_000 {
            var backoff = Backoff(first: 999, maximum: 999)
            let wait = backoff.next(entropy)
            guard wait >= 0, wait <= 999 else {
                Issue.record("a wait of \(wait.count) ms")
                return
            }
            buckets[Int(wait.count) / 100] += 1
        }
        // 2000 each are expected with a deviation of 42; eight deviations never happen.
        for count in buckets { #expect(abs(count - 2000) < 340) }
    }

    @Test func aResetStartsAgain() {
        var backoff = Backoff(first: 8, maximum: 1000)
        for _ in 0..<50 { _ = backoff.next(FixedEntropy(value: 1)) }
        #expect(backoff.next(FixedEntropy(value: 1000)) == 1000)
        backoff.reset()
        #expect(backoff.next(FixedEntropy(value: 8)) == 8)
    }

    @Test func extremesStayInBounds() {
        var long = Backoff(first: Milliseconds(.max / 2), maximum: Milliseconds(.max - 1))
        var none = Backoff(first: 0, maximum: 0)
        var negative = Backoff(first: -5, maximum: 100)
        for _ in 0..<100 {
            let wait = long.next(FixedEntropy(value: .max))
            #expect(wait >= 0 && wait.count < .max)
            #expect(none.next(FixedEntropy(value: .max)) == 0)
            #expect(negative.next(FixedEntropy(value: .max)) == 0)
        }
    }
}

@Suite struct ByteBudgetTests {
    private func at(_ milliseconds: Int64) -> MonotonicTime {
        MonotonicTime(milliseconds: milliseconds)
    }

    @Test func classesAreHeldBackOneAfterTheOther() {
        var budget = ByteBudget(daily: 1000)
        #expect(budget.lowest(at(0)) == .telemetry)
        budget.onSent(799, at: at(1))
        #expect(budget.lowest(at(2)) == .telemetry)
        budget.onSent(1, at: at(3))
        #expect(budget.lowest(at(4)) == .event)
        budget.onSent(149, at: at(5))
        #expect(budget.lowest(at(6)) == .event)
        budget.onSent(1, at: at(7))
        #expect(budget.lowest(at(8)) == .alarm)
        #expect(budget.left == 50)
    }

    @Test func anAlarmAlwaysGoes() {
        var budget = ByteBudget(daily: 10)
        budget.onSent(1_000_000, at: at(0))
        #expect(budget.lowest(at(1)) == .alarm)
        #expect(budget.left == 0)
        var none = ByteBudget(daily: 0)
        #expect(none.lowest(at(0)) == .alarm)
    }

    @Test func renewsAfterADayOfMonotonicTime() {
        var budget = ByteBudget(daily: 100)
        budget.onSent(100, at: at(500))
        #expect(budget.lowest(at(500 + 86_399_999)) == .alarm)
        #expect(budget.lowest(at(500 + 86_400_000)) == .telemetry)
        #expect(budget.used == 0)
        budget.onSent(30, at: at(500 + 2 * 86_400_000))
        #expect(budget.used == 30 && budget.left == 70)
    }

    @Test func anUnmeteredLinkTakesEverything() {
        var budget = ByteBudget(daily: nil)
        budget.onSent(.max / 2, at: at(0))
        #expect(budget.lowest(at(1)) == .telemetry && budget.left == nil)
    }
}
