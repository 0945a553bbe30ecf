import Platform
import SyncProtocol
import TestSupport
import Testing

@testable import SQLiteStore

/// Two databases that differ beneath the rules are found out and made equal again.
@Suite struct AuditTests {
    private static let heartbeat: Set<UInt8> = [3, 7, 14]
    private static let comparison: Set<UInt8> = [12, 13]

    /// A board and a hub that hold the same, of every kind.
    private static func pair(
        _ more: Int = 40, frameBytes: Int = 4096
    ) throws -> AuditPair {
        let pair = try AuditPair(EngineDisk(), EngineEntropy(), frameBytes: frameBytes)
        try pair.write([
            .set(TwinPath("notes/a"), .string("mine")), .add(TwinPath("sets/a"), .string("one")),
            .add(TwinPath("sets/a"), .string("gone")), .increment(TwinPath("counters/a"), by: 3),
        ])
        try pair.connect()
        try pair.hubWrite([
            .set(TwinPath("desired/a"), .string("on")), .set(TwinPath("config/a"), .int(1)),
            .set(TwinPath("config/b"), .int(2)), .increment(TwinPath("counters/a"), by: 4),
            .add(TwinPath("sets/a"), .string("two")), .remove(TwinPath("sets/a"), .string("gone")),
        ])
        try pair.write(
            try (0..<more).map { .set(try TwinPath("reported/a/\($0)"), .int(Int64($0))) })
        try pair.changed()
        try pair.connect()
        #expect(try pair.isEqual)
        #expect(pair.reports == (0, 0))
        pair.forgetSent()
        return pair
    }

    /// What can happen to a database.
    static let damages: [String] = [
        "DELETE FROM cell WHERE path='reported/a/7'",
        "DELETE FROM cell WHERE path='config/a'",
        "DELETE FROM cell WHERE path='sets/a'",
        "DELETE FROM cell WHERE path='notes/a' OR path='counters/a'",
        "DELETE FROM cell",
        "UPDATE cell SET value=x'0302' WHERE path='config/b'",
        "UPDATE cell SET value=x'FF00' WHERE path='config/b'",
        "UPDATE cell SET value=x'0501' WHERE path='counters/a'",
        "UPDATE cell SET value=x'050361AAAA' WHERE path='sets/a'",
        "UPDATE cell SET stamp=stamp-65536 WHERE path='config/a'",
        "UPDATE cell SET stamp=stamp+1 WHERE path='reported/a/3'",
        "UPDATE cell SET ctr=ctr+100000 WHERE path='reported/a/3'",
        "UPDATE cell SET ctr=0 WHERE path='reported/a/3'",
        "UPDATE cell SET rep=77 WHERE path='notes/a'",
        "UPDATE cell SET slot=x'05' WHERE path='desired/a'",
        "UPDATE cell SET path='reported/z' WHERE path='reported/a/3'",
        "UPDATE cell SET path='nowhere' WHERE path='reported/a/3'",
        "INSERT INTO cell SELECT doc, 'reported/z', slot, rep, ctr, stamp, value FROM cell "
            + "WHERE path='reported/a/3'",
    ]

    @Test(arguments: damages, [true, false])
    func damageIsRepairedAndReportedOnce(damage: String, isAtHub: Bool) throws {
        let pair = try Self.pair()
        let before = try pair.mine.cells().sorted { $0.dot < $1.dot }
        try pair.damage(damage, atHub: isAtHub)
        try pair.wait()
        #expect(try pair.isEqual)
        // What a side can put in order itself the other one does not hear of.
        #expect(max(pair.reports.hub, pair.reports.device) == 1)
        #expect(
            pair.reports.hub == 0 || isAtHub
                || pair.sent.contains { Self.comparison.contains($0.kind) })
        pair.forgetSent()
        // And then there is peace.
        try pair.wait()
        try pair.connect()
        #expect(pair.sent.allSatisfy { Self.heartbeat.contains($0.kind) })
        #expect(max(pair.reports.hub, pair.reports.device) == 1)
        guard damage.hasPrefix("DELETE") || damage.hasPrefix("INSERT") else { return }
        #expect(try pair.mine.cells().sorted { $0.dot < $1.dot } == before)
        #expect(pair.reports.device == 1)
    }

    /// Of two versions of one write the hub's stays; of two writes the later one.
    @Test func whichSideStays() throws {
        let pair = try Self.pair()
        let path = try TwinPath("config/b")
        try pair.damage("UPDATE cell SET value=x'030E' WHERE path='config/b'", atHub: true)
        try pair.wait()
        #expect(try pair.mine.register(path)?.value == .int(7))
        try pair.damage("UPDATE cell SET value=x'0310' WHERE path='config/b'", atHub: false)
        try pair.wait()
        #expect(try pair.mine.register(path)?.value == .int(7))
        #expect(pair.reports == (2, 2))
        // The hub's row is an older write's.
        let held = try #require(try pair.theirs.register(path))
        try pair.damage(
            "UPDATE cell SET stamp=stamp-65536, ctr=1, value=x'0312' WHERE path='config/b'",
            atHub: true)
        try pair.damage("DELETE FROM cell WHERE ctr=1 AND path='desired/a'", atHub: true)
        try pair.wait()
        #expect(try pair.theirs.register(path) == held)
        #expect(try pair.isEqual)
    }

    /// A removed element that the board's database has again goes again, as long as a record says
    /// that it was removed.
    @Test func whatARecordNamesStaysAway() throws {
        let pair = try Self.pair()
        let path = try TwinPath("sets/a")
        let gone = Cell(
            path: path, dot: Dot(epoch: pair.device.epoch, counter: 4), stamp: 0,
            value: .string("gone"))
        for isAtHub in [true, false] {
            if isAtHub {
                try pair.hub.write { () throws(SQLiteError) in try pair.theirs.put(gone) }
            } else {
                try pair.device.write { () throws(SQLiteError) in try pair.mine.put(gone) }
            }
            try pair.wait()
            #expect(try pair.isEqual)
            #expect(try pair.mine.cells(at: path).map(\.value).contains(.string("gone")) == false)
        }
    }

    /// Whatever one side has lost, or has in the state of an earlier day, comes back from the other,
    /// and what was removed stays away: nothing that is acknowledged is lost as long as one side
    /// holds it.
    @Test(arguments: 0..<20) func whatOneSideHoldsComesBack(round: Int) throws {
        var generator = SeededGenerator.announced(for: "whatOneSideHoldsComesBack \(round)")
        let pair = try Self.pair(Int.random(in: 0...100, using: &generator))
        var stale: [[Cell]] = []
        for day in 0..<4 {
            let (mine, theirs) = (Self.writes(day, &generator), Self.writes(day, &generator))
            stale.append(try pair.mine.cells())
            try pair.write(try mine.map { try $0() })
            try pair.write([.set(TwinPath("reported/a/0"), .int(Int64(100 + day)))])
            try pair.changed()
            stale.append(try pair.mine.cells())
            try pair.hubWrite(try theirs.map { try $0() })
            try pair.wait()
        }
        try pair.wait()
        #expect(try pair.isEqual)
        #expect(pair.reports == (0, 0))
        let before = try pair.mine.cells().sorted { $0.dot < $1.dot }
        let old = stale.flatMap { $0 }.filter { !before.contains($0) }
        try pair.device.write { () throws(SQLiteError) in
            try pair.hub.write { () throws(SQLiteError) in
                for cell in before {
                    let twin = generator.once(in: 2) ? pair.mine : pair.theirs
                    if generator.once(in: 2) { try twin.remove(cell) }
                }
                for cell in old where generator.once(in: 3) {
                    let twin = generator.once(in: 2) ? pair.mine : pair.theirs
                    let other = twin.name == pair.mine.name ? pair.theirs : pair.mine
                    // The newer one of its slot must be somewhere still.
                    let newer = before.first { $0.path == cell.path && $0.slot == cell.slot }
                    if let newer, try other.cell(newer.dot) == nil { continue }
                    try twin.put(cell)
                }
            }
        }
        for _ in 0..<4 { try pair.wait() }
        #expect(try pair.mine.cells().sorted { $0.dot < $1.dot } == before)
        #expect(try pair.theirs.cells().sorted { $0.dot < $1.dot } == before)
    }

    /// Some writes to few keys of every kind that both sides write.
    private static func writes(
        _ day: Int, _ generator: inout SeededGenerator
    ) -> [() throws -> TwinWrite] {
        (0..<Int.random(in: 1...12, using: &generator)).map { _ in
            let key = "\(generator.next() % 3)"
            let value = Value.int(Int64(generator.next() % 5))
            switch generator.next() % 7 {
            case 0: return { .set(try TwinPath("config/" + key), value) }
            case 1: return { .set(try TwinPath("notes/" + key), .int(Int64(day))) }
            case 2: return { .add(try TwinPath("sets/" + key), value) }
            case 3: return { .remove(try TwinPath("sets/" + key), value) }
            case 4: return { .increment(try TwinPath("counters/" + key), by: 1) }
            case 5: return { .delete(try TwinPath("counters/" + key)) }
            default: return { .delete(try TwinPath("notes/" + key)) }
            }
        }
    }

    /// How long a root takes; printed, as no bound would hold everywhere.
    @Test func whatARootCosts() throws {
        let pair = try Self.pair(1000)
        let clock = ContinuousClock()
        let took = try clock.measure { for _ in 0..<20 { _ = try pair.theirs.root() } }
        print("root of \(try pair.theirs.count()) cells: \(took / 20)")
    }

    /// What a heartbeat costs: the question, and the answer with eight bytes of root.
    @Test func aHeartbeatCostsEightBytesMore() throws {
        let pair = try Self.pair()
        try pair.wait()
        #expect(pair.sent.map(\.kind) == [3, 14])
        #expect(pair.sent.map(\.bytes) == [12, 20])
    }

    /// Frames stay within what is configured, also where everything is missing.
    @Test(arguments: [1024, 4096, 32_768], [true, false])
    func everythingIsTooMuchForOneFrame(frameBytes: Int, isAtHub: Bool) throws {
        let pair = try Self.pair(1000, frameBytes: frameBytes)
        try pair.damage("DELETE FROM cell", atHub: isAtHub)
        for _ in 0..<10 where try !pair.isEqual { try pair.wait() }
        #expect(try pair.isEqual)
        #expect(pair.sent.filter { $0.kind == 12 }.allSatisfy { $0.bytes <= frameBytes })
        #expect(pair.sent.filter { $0.kind == 13 }.allSatisfy { $0.bytes <= 65_536 + 4096 })
        #expect(pair.reports == (1, 1))
    }

    /// One cell of a thousand is found in a few short frames.
    @Test func oneOfAThousandIsCheap() throws {
        let pair = try Self.pair(1000)
        try pair.damage("DELETE FROM cell WHERE path='reported/a/700'", atHub: false)
        try pair.wait()
        #expect(try pair.isEqual)
        let spent = pair.sent.filter { Self.comparison.contains($0.kind) }
        #expect(spent.count <= 8)
        #expect(spent.reduce(0) { $0 + $1.bytes } < 1500)
    }

    /// While a write is under way nobody takes it for a difference.
    @Test func writesOnTheirWayAreNoDifference() throws {
        let pair = try Self.pair()
        for round in 0..<20 {
            try pair.hubWrite([.set(TwinPath("config/a"), .int(Int64(round)))])
            if round.isMultiple(of: 3) {
                try pair.write([.set(TwinPath("reported/a/1"), .int(Int64(-round)))])
            }
            try pair.wait()
        }
        #expect(pair.reports == (0, 0))
        #expect(pair.sent.allSatisfy { Self.heartbeat.contains($0.kind) })
    }

    /// A board that never rests is audited too.
    @Test func aBusyBoardIsAudited() throws {
        let pair = try Self.pair()
        try pair.damage("DELETE FROM cell WHERE path='config/a'", atHub: false)
        for round in 0..<64 {
            try pair.write([.set(TwinPath("reported/a/1"), .int(Int64(-1 - round)))])
            try pair.changed()
        }
        #expect(try pair.isEqual)
        #expect(pair.reports == (1, 1))
    }

    /// Any damage to any cells on either side, on a link that loses, repeats and reorders.
    @Test(arguments: 0..<30) func anyDamageHeals(round: Int) throws {
        var generator = SeededGenerator.announced(for: "anyDamageHeals \(round)")
        let pair = try Self.pair(Int.random(in: 0...300, using: &generator), frameBytes: 1024)
        for _ in 0..<Int.random(in: 1...40, using: &generator) {
            let row =
                "(SELECT path FROM cell ORDER BY ctr*\(generator.next() % 97)%89, path LIMIT 1)"
            let change = [
                "DELETE FROM cell WHERE path=\(row)",
                "UPDATE cell SET value=x'03\(generator.once(in: 2) ? "04" : "06")' "
                    + "WHERE path=\(row)",
                "UPDATE cell SET stamp=stamp+1 WHERE path=\(row)",
                "UPDATE OR IGNORE cell SET ctr=\(1 + generator.next() % 60) WHERE path=\(row)",
                "UPDATE OR IGNORE cell SET slot=x'09' WHERE path=\(row)",
                "UPDATE OR IGNORE cell SET path='reported/n/\(generator.next() % 9)' "
                    + "WHERE path=\(row)",
            ]
            let sql = change.randomElement(using: &generator) ?? ""
            // A row under another key is as good as gone: where both are, no one can tell.
            try pair.damage(sql, atHub: !sql.contains("slot") && generator.once(in: 2))
        }
        var link = generator
        pair.arrivals = { link.once(in: 6) ? 0 : link.once(in: 6) ? 2 : 1 }
        pair.order = { frames in link.once(in: 3) ? frames.reversed() : frames }
        for _ in 0..<12 {
            try pair.wait()
            if generator.once(in: 3) {
                try pair.hubWrite([.set(TwinPath("config/c"), .int(Int64(generator.next() >> 8)))])
            }
            if generator.once(in: 3) { try pair.connect() }
        }
        pair.arrivals = { 1 }
        for _ in 0..<6 { try pair.wait() }
        let left = try pair.differences
        #expect(try pair.isEqual, "\(left)")
        pair.forgetSent()
        try pair.wait()
        #expect(pair.sent.allSatisfy { Self.heartbeat.contains($0.kind) })
    }
}
