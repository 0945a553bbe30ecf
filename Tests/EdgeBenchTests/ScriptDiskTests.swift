import Platform
import Testing

@testable import edge_bench

/// Disks that lose power, are restored, cloned or emptied.
@Suite struct ScriptDiskTests {
    @Test func aCrashLosesNothingThatALineWrote() throws {
        let answers = try Script.withPair(
            """
            {"do":"add","at":"d1","key":"sets/l","value":1}
            {"do":"crash","at":"d1"}
            {"do":"add","at":"d1","key":"sets/l","value":2}
            {"do":"crash","at":"hub"}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"crash","at":"hub"}
            {"do":"value","at":"hub"}
            {"do":"events","at":"hub"}
            """)
        #expect(answers.first == Script.value("hub", "{\"sets/l\":[1,2]}"))
        #expect(try Script.events(answers.last) == [])
    }

    @Test func aRestoredDeviceGetsBackWhatItSent() throws {
        let answers = try Script.withPair(
            """
            {"do":"add","at":"d1","key":"sets/l","value":"a"}
            {"do":"backup","at":"d1","as":"b1"}
            {"do":"add","at":"d1","key":"sets/l","value":"b"}
            {"do":"remove","at":"d1","key":"sets/l","value":"a"}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"restore","at":"d1","from":"b1"}
            {"do":"value","at":"d1"}
            {"do":"add","at":"d1","key":"sets/l","value":"c"}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"value","at":"d1"}
            {"do":"value","at":"hub"}
            {"do":"events","at":"hub"}
            """)
        try #require(answers.count == 4)
        #expect(answers[0] == Script.value("d1", "{\"sets/l\":[\"a\"]}"))
        #expect(answers[1] == Script.value("d1", "{\"sets/l\":[\"b\",\"c\"]}"))
        #expect(answers[2] == Script.value("hub", "{\"sets/l\":[\"b\",\"c\"]}"))
        #expect(try Script.events(answers[3]) == ["restore_detected"])
    }

    /// A card of before the board's last life, and an empty one, know nothing of that life.
    @Test(arguments: [true, false])
    func anOldOrEmptyCardIsTold(isEmpty: Bool) throws {
        let card =
            isEmpty
            ? #"{"do":"wipe","at":"d1"}"# : #"{"do":"restore","at":"d1","from":"b1"}"#
        let answers = try Script.withPair(
            """
            {"do":"set","at":"d1","key":"config/x","value":1}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"backup","at":"d1","as":"b1"}
            {"do":"crash","at":"d1"}
            {"do":"set","at":"d1","key":"config/x","value":2}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"crash","at":"d1"}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"events","at":"hub"}
            \(card)
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"value","at":"d1"}
            {"do":"events","at":"hub"}
            """)
        try #require(answers.count == 3)
        #expect(try Script.events(answers[0]).isEmpty)
        #expect(answers[1] == Script.value("d1", "{\"config/x\":2}"))
        #expect(try Script.events(answers[2]) == ["restore_detected"])
    }

    @Test func twoBoardsOfOneCardLoseNothing() throws {
        let sync = """
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"sync","from":"d2","to":"hub"}

            """
        let answers = try Script.withPair(
            """
            {"do":"put","at":"d1","key":"notes/a","value":"both"}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"clone","at":"d1","as":"d2"}
            {"do":"put","at":"d1","key":"notes/a","value":"one"}
            {"do":"put","at":"d2","key":"notes/a","value":"two"}
            {"do":"inc","at":"d1","key":"counters/x","by":3}
            {"do":"inc","at":"d2","key":"counters/x","by":4}
            {"do":"set","at":"d2","key":"config/x","value":"d2"}
            {"do":"set","at":"d1","key":"config/x","value":"d1"}
            \(sync)\(sync){"do":"value","at":"hub"}
            {"do":"value","at":"d1"}
            {"do":"value","at":"d2"}
            {"do":"events","at":"hub"}
            """)
        let shown = "{\"config/x\":\"d2\",\"counters/x\":7,\"notes/a\":[\"one\",\"two\"]}"
        #expect(Array(answers.dropLast()) == ["hub", "d1", "d2"].map { Script.value($0, shown) })
        #expect(try Script.events(answers.last).contains("fork_detected"))
    }

    /// Two boards take turns for as long as nobody parts them; the operator is told once, and once of
    /// each that lags behind.
    @Test func twoBoardsOfOneCardAreToldOfOnce() throws {
        let turns = (1...5).map { turn in
            """
            {"do":"set","at":"d1","key":"config/x","value":\(turn)}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"set","at":"d2","key":"config/y","value":\(turn)}
            {"do":"sync","from":"d2","to":"hub"}

            """
        }
        let answers = try Script.withPair(
            "{\"do\":\"sync\",\"from\":\"d1\",\"to\":\"hub\"}\n"
                + "{\"do\":\"clone\",\"at\":\"d1\",\"as\":\"d2\"}\n" + turns.joined()
                + "{\"do\":\"events\",\"at\":\"hub\"}")
        let events = try Script.events(answers.last)
        #expect(events.count { $0 == "fork_detected" } == 1, "\(events)")
        #expect(events.count { $0 == "restore_detected" } <= 2, "\(events)")
    }

    @Test func aBackupIsTakenAgainAndGivenBackToItsKindAlone() throws {
        let again = (1...4).map { number in
            """
            {"do":"set","at":"d1","key":"config/x","value":\(number)}
            {"do":"backup","at":"d1","as":"b"}

            """
        }.joined()
        let answers = try Script.withPair(
            again + """
                {"do":"set","at":"d1","key":"config/x","value":9}
                {"do":"restore","at":"d1","from":"b"}
                {"do":"value","at":"d1"}
                """)
        #expect(answers == [Script.value("d1", "{\"config/x\":4}")])
        #expect(throws: ScriptFault.self) {
            try Script.withPair(again + "{\"do\":\"restore\",\"at\":\"hub\",\"from\":\"b\"}")
        }
    }

    @Test func aWipedHubIsFilledByItsDevices() throws {
        let answers = try Script.withPair(
            """
            {"do":"set","at":"d1","key":"config/x","value":1}
            {"do":"put","at":"hub","key":"notes/h","value":"h"}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"wipe","at":"hub"}
            {"do":"value","at":"hub"}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"value","at":"hub"}
            {"do":"events","at":"hub"}
            {"do":"events","at":"d1"}
            """)
        try #require(answers.count == 4)
        #expect(answers[0] == Script.value("hub", "{}"))
        #expect(answers[1] == Script.value("hub", "{\"config/x\":1,\"notes/h\":[\"h\"]}"))
        #expect(try Script.events(answers[2]) == ["hub_reset_detected"])
        #expect(try Script.events(answers[3]) == ["hub_reset_detected"])
    }

    @Test func aRestoredHubRaisesNothingThatWasRemoved() throws {
        let answers = try Script.withPair(
            """
            {"do":"add","at":"hub","key":"sets/l","value":"x"}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"backup","at":"hub","as":"b"}
            {"do":"remove","at":"d1","key":"sets/l","value":"x"}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"restore","at":"hub","from":"b"}
            {"do":"value","at":"hub"}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"value","at":"hub"}
            {"do":"value","at":"d1"}
            """)
        #expect(
            answers == [
                Script.value("hub", "{\"sets/l\":[\"x\"]}"), Script.value("hub", "{}"),
                Script.value("d1", "{}"),
            ])
    }

    /// Rows that the hub had confirmed are gone at the board, and the new hub never had them.
    /// The hub's older copy hears of a removal as an element that is missing; the other board, which
    /// still has it, must hear of it too.
    @Test func whatARestoredHubDropsIsPassedOn() throws {
        let answers = try Script.withPair(
            """
            {"do":"add","at":"d1","key":"sets/s","value":"x"}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"clone","at":"d1","as":"d2"}
            {"do":"sync","from":"d2","to":"hub"}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"backup","at":"hub","as":"b"}
            {"do":"remove","at":"d1","key":"sets/s","value":"x"}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"restore","at":"hub","from":"b"}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"sync","from":"d2","to":"hub"}
            {"do":"value","at":"hub"}
            {"do":"value","at":"d1"}
            {"do":"value","at":"d2"}
            """)
        #expect(answers == ["hub", "d1", "d2"].map { Script.value($0, "{}") })
    }

    @Test func rowsThatAWipedHubLostAreAGap() throws {
        let answers = try Script.withPair(
            """
            {"do":"log","at":"d1","key":"log/t","value":1}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"wipe","at":"hub"}
            {"do":"log","at":"d1","key":"log/t","value":2}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"value","at":"hub"}
            """)
        let log = try JSONReader.read(try #require(answers.first))["value"]?["log/t"]
        #expect(log?["count"] == .int(1))
        #expect(log?["first"] == .int(1))
        #expect(log?["last"] == .int(2))
        let gap = log?["gaps"]?.arrayValue?.first?.arrayValue
        #expect(log?["gaps"]?.arrayValue?.count == 1)
        #expect(gap?.first?.stringValue?.count == 16)
        #expect(gap?.dropFirst() == [.int(1), .int(1)])
    }
}
