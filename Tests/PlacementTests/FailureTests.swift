import Placement
import Platform
import TestSupport
import Testing

/// A policy whose calls may stand in an expectation, which takes no mutating ones.
private final class Fleet {
    private var policy = FailurePolicy()
    var leases: LeaseBook { policy.leases }

    func join(_ board: String, now: MonotonicTime) {
        policy.join(board, expected: 30_000, now: now)
    }
    func start(_ workload: String, on board: String, isSingle: Bool, now: MonotonicTime) -> Bool {
        policy.start(workload, on: board, isSingle: isSingle, now: now)
    }
    @discardableResult func hear(_ board: String, now: MonotonicTime) -> [FailurePolicy.Directive] {
        policy.hear(board, now: now)
    }
    func tick(now: MonotonicTime) -> [FailurePolicy.Directive] { policy.tick(now: now) }
    func isSuspected(_ board: String, now: MonotonicTime) -> Bool {
        policy.isSuspected(board, now: now)
    }
}

/// The same for a book of leases.
private final class Book {
    private var book = LeaseBook()

    func grant(_ board: String, now: MonotonicTime) -> LeaseBook.Lease? {
        book.grant("db", to: board, now: now)
    }
    func release(_ board: String, term: UInt64) -> Bool {
        book.release("db", by: board, term: term)
    }
}

@Suite struct FailureTests {
    private func time(_ seconds: Int) -> MonotonicTime {
        MonotonicTime(milliseconds: Int64(seconds) * 1000)
    }

    /// Boards b0… that report every 30 s until `time(300)`.
    private func fleet(_ boards: Int) -> Fleet {
        let policy = Fleet()
        for board in 0..<boards { policy.join("b\(board)", now: time(0)) }
        for second in stride(from: 30, through: 300, by: 30) {
            for board in 0..<boards { #expect(policy.hear("b\(board)", now: time(second)).isEmpty) }
        }
        return policy
    }

    @Test func suspicionFollowsTheBoardsOwnHabit() {
        var (quick, slow) = (
            Suspicion(expected: 5_000, now: time(0)), Suspicion(expected: 5_000, now: time(0))
        )
        for step in 1...40 {
            quick.hear(now: time(step * 5))
            slow.hear(now: time(step * 30))
        }
        #expect(quick.phi(now: time(200 + 60)) > 5)
        #expect(slow.phi(now: time(1_200 + 60)) < 1)
        var last = -1.0
        for second in stride(from: 1_200, to: 3_000, by: 10) {
            #expect(slow.phi(now: time(second)) > last)
            last = slow.phi(now: time(second))
        }
    }

    @Test func longSilencesDoNotTeachEndlessPatience() {
        var board = Suspicion(expected: 30_000, now: time(0))
        for step in 1...60 { board.hear(now: time(step * 30)) }
        board.hear(now: time(1_800 + 90_000))
        for step in 1...10 { board.hear(now: time(91_800 + step * 30)) }
        #expect(board.phi(now: time(92_100 + 900)) > 8)
    }

    @Test func aBlipMovesNothing() {
        let policy = fleet(10)
        #expect(policy.start("web", on: "b0", isSingle: false, now: time(300)))
        for second in stride(from: 301, through: 480, by: 1) {
            #expect(policy.tick(now: time(second)).isEmpty)
        }
        #expect(policy.isSuspected("b0", now: time(540)))
        #expect(policy.hear("b0", now: time(540)) == [.keep(workload: "web", board: "b0")])
        #expect(!policy.isSuspected("b0", now: time(541)))
    }

    @Test func aDeadBoardsReplicaIsMadeUpForOnceAndItsReturnRestartsNothing() {
        let policy = fleet(10)
        #expect(policy.start("web", on: "b0", isSingle: false, now: time(300)))
        var found: [FailurePolicy.Directive] = []
        for second in stride(from: 300, through: 3_000, by: 10) {
            for board in 1..<10 { policy.hear("b\(board)", now: time(second)) }
            found += policy.tick(now: time(second))
        }
        #expect(found == [.addReplica(workload: "web", silent: "b0")])
        #expect(
            policy.hear("b0", now: time(3_001)) == [.retireSubstitute(workload: "web", board: "b0")]
        )
        #expect(policy.hear("b0", now: time(3_031)).isEmpty)
    }

    @Test func aSilenceOfManyIsTheNetworksUntilPatienceEnds() {
        let policy = fleet(12)
        for board in 0..<4 {
            #expect(policy.start("w\(board)", on: "b\(board)", isSingle: false, now: time(300)))
        }
        var first: Int?
        for second in stride(from: 300, through: 4_000, by: 10) {
            for board in 4..<12 { policy.hear("b\(board)", now: time(second)) }
            let found = policy.tick(now: time(second))
            if first == nil, !found.isEmpty {
                first = second
                #expect(found.count == 4)
            }
        }
        #expect(first == 300 + 1_800)
    }

    /// Whoever reports more often is beyond doubt earlier; the others are silent all the same.
    @Test func aCommonSilenceIsCommonAlsoForThoseOfOtherHabits() {
        let policy = Fleet()
        for board in 0..<12 { policy.join("b\(board)", now: time(0)) }
        for second in stride(from: 30, through: 3_000, by: 30) {
            for board in 0..<12 where board > 2 || second % 60 == 0 {
                policy.hear("b\(board)", now: time(second))
            }
        }
        #expect(policy.start("web", on: "b3", isSingle: false, now: time(3_000)))
        for second in stride(from: 3_000, through: 3_000 + 1_790, by: 10) {
            for board in 4..<12 { policy.hear("b\(board)", now: time(second)) }
            #expect(policy.tick(now: time(second)).isEmpty)
        }
    }

    @Test func aSingleOneWaitsForItsLeaseWhateverTheSuspicion() {
        let policy = fleet(10)
        #expect(policy.start("db", on: "b0", isSingle: true, now: time(300)))
        #expect(!policy.start("db", on: "b1", isSingle: true, now: time(364)))
        #expect(policy.leases.holder(of: "db", now: time(364))?.board == "b0")
        #expect(policy.leases.holder(of: "db", now: time(365)) == nil)
        var found: [FailurePolicy.Directive] = []
        for second in stride(from: 365, through: 2_000, by: 10) {
            for board in 1..<10 { policy.hear("b\(board)", now: time(second)) }
            found += policy.tick(now: time(second))
        }
        #expect(found == [.placeAgain(workload: "db", silent: "b0")])
        #expect(policy.start("db", on: "b1", isSingle: true, now: time(2_000)))
        // The old holder is told to stop: its term is over.
        #expect(policy.hear("b0", now: time(2_010)) == [.stop(workload: "db", board: "b0")])
    }

    @Test func noTwoBoardsEverHoldOneLease() {
        var generator = SeededGenerator.announced(for: "leases")
        let book = Book()
        var now = 0
        // By board, when its lease ends by its own clock, which the margin allows to be slow.
        var held: [String: Int] = [:]
        var grants = 0
        for _ in 0..<5_000 {
            now += Int.random(in: 0...20, using: &generator)
            let board = "b\(Int.random(in: 0..<4, using: &generator))"
            if let lease = book.grant(board, now: time(now)) {
                grants += 1
                #expect(held.allSatisfy { $0.key == board || $0.value <= now })
                held[board] = now + 60
                if generator.once(in: 10) {
                    #expect(!book.release("other", term: lease.term))
                    #expect(!book.release(board, term: lease.term + 1))
                    #expect(book.release(board, term: lease.term))
                    held[board] = nil
                }
            }
        }
        #expect(grants > 500)
    }

    @Test func terms() throws {
        let book = Book()
        let first = try #require(book.grant("a", now: time(0)))
        #expect(book.grant("a", now: time(30))?.term == first.term)
        #expect(book.grant("b", now: time(200))?.term == first.term + 1)
    }
}
