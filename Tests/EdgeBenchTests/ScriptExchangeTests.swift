import Platform
import Testing

@testable import edge_bench

/// Clocks that differ, and frames that come late, twice or damaged.
@Suite struct ScriptExchangeTests {
    // MARK: Clocks

    /// Both clocks stand where they began.
    @Test(arguments: [("d1", "hub"), ("zebra", "zebra"), ("hua", "hub"), ("hubs", "hubs")])
    func equalClocksAreDecidedByTheGreaterName(device: String, winner: String) throws {
        for order in [["hub", device], [device, "hub"]] {
            let answers = try Script.answers(
                """
                {"do":"new","at":"\(device)","role":"device"}
                {"do":"new","at":"hub","role":"hub"}
                {"do":"set","at":"\(order[0])","key":"desired/mode","value":"\(order[0])"}
                {"do":"set","at":"\(order[1])","key":"desired/mode","value":"\(order[1])"}
                {"do":"sync","from":"\(device)","to":"hub"}
                {"do":"value","at":"hub"}
                {"do":"value","at":"\(device)"}
                """)
            let shown = "{\"desired/mode\":\"\(winner)\"}"
            #expect(answers == [Script.value("hub", shown), Script.value(device, shown)])
        }
    }

    @Test func theLaterClockWins() throws {
        let answers = try Script.withPair(
            """
            {"do":"clock","at":"d1","ms":1767225600001}
            {"do":"set","at":"d1","key":"config/a","value":"later"}
            {"do":"set","at":"hub","key":"config/a","value":"earlier"}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"value","at":"hub"}
            """)
        #expect(answers == [Script.value("hub", "{\"config/a\":\"later\"}")])
    }

    @Test func aClockInTheFutureWinsNoLongerThanItMay() throws {
        let answers = try Script.withPair(
            """
            {"do":"clock","at":"d1","ms":4102444800000}
            {"do":"set","at":"d1","key":"config/a","value":"2099"}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"set","at":"hub","key":"config/a","value":"hub"}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"value","at":"d1"}
            {"do":"events","at":"hub"}
            """)
        #expect(answers.first == Script.value("d1", "{\"config/a\":\"hub\"}"))
        #expect(try Script.events(answers.last) == ["clock_ahead"])
        #expect(answers.last?.contains("\"ahead_ms\":2335219200000") == true)
        #expect(answers.last?.contains("\"path\":\"config/a\"") == true)
    }

    // MARK: Frames

    @Test func framesCountInAnyOrderAndAnyNumberOfTimes() throws {
        let answers = try Script.withPair(
            """
            {"do":"inc","at":"d1","key":"counters/x","by":3}
            {"do":"send","from":"d1","to":"hub","as":"m1"}
            {"do":"inc","at":"d1","key":"counters/x","by":4}
            {"do":"add","at":"d1","key":"sets/l","value":1}
            {"do":"send","from":"d1","to":"hub","as":"m2"}
            {"do":"remove","at":"d1","key":"sets/l","value":1}
            {"do":"send","from":"d1","to":"hub","as":"m3"}
            {"do":"deliver","frame":"m3"}
            {"do":"deliver","frame":"m1"}
            {"do":"deliver","frame":"m2"}
            {"do":"deliver","frame":"m1"}
            {"do":"deliver","frame":"m3"}
            {"do":"value","at":"hub"}
            {"do":"set","at":"hub","key":"config/c","value":3}
            {"do":"send","from":"hub","to":"d1","as":"h1"}
            {"do":"deliver","frame":"h1"}
            {"do":"deliver","frame":"h1"}
            {"do":"value","at":"d1"}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"value","at":"hub"}
            {"do":"events","at":"hub"}
            """)
        let both = "{\"config/c\":3,\"counters/x\":7}"
        #expect(
            answers == [
                Script.value("hub", "{\"counters/x\":7}"), Script.value("d1", both),
                Script.value("hub", both), "{\"at\":\"hub\",\"events\":[]}",
            ])
    }

    @Test func aDamagedFrameIsRefusedAndChangesNothing() throws {
        let answers = try Script.withPair(
            """
            {"do":"set","at":"d1","key":"config/a","value":1}
            {"do":"send","from":"d1","to":"hub","as":"m"}
            {"do":"corrupt","frame":"m","byte":7,"xor":1}
            {"do":"deliver","frame":"m"}
            {"do":"value","at":"hub"}
            {"do":"events","at":"hub"}
            {"do":"corrupt","frame":"m","byte":7,"xor":1}
            {"do":"deliver","frame":"m"}
            {"do":"value","at":"hub"}
            {"do":"send","from":"hub","to":"d1","as":"h"}
            {"do":"corrupt","frame":"h","byte":0,"xor":255}
            {"do":"deliver","frame":"h"}
            {"do":"events","at":"d1"}
            """)
        try #require(answers.count == 4)
        #expect(answers[0] == Script.value("hub", "{}"))
        #expect(try Script.events(answers[1]) == ["frame_refused"])
        #expect(answers[2] == Script.value("hub", "{\"config/a\":1}"))
        #expect(try Script.events(answers[3]) == ["frame_refused"])
    }

    /// What a hub sends in a session uses the words of what it sent before.
    @Test func newsComeInAnyOrder() throws {
        let news = (0..<3).map { number in
            """
            {"do":"set","at":"hub","key":"desired/d\(number)","value":\(number)}
            {"do":"send","from":"hub","to":"d1","as":"f\(number)"}

            """
        }.joined()
        let deliveries = [2, 0, 1, 2, 0].map {
            "{\"do\":\"deliver\",\"frame\":\"f\($0)\"}\n"
        }.joined()
        let answers = try Script.withPair(
            """
            {"do":"set","at":"d1","key":"config/a","value":1}
            {"do":"sync","from":"d1","to":"hub"}
            \(news)\(deliveries){"do":"sync","from":"d1","to":"hub"}
            \(deliveries){"do":"set","at":"hub","key":"desired/last","value":1}
            {"do":"sync","from":"d1","to":"hub"}
            {"do":"value","at":"d1"}
            {"do":"events","at":"d1"}
            """)
        let shown = #"{"config/a":1,"desired/d0":0,"desired/d1":1,"desired/d2":2,"desired/last":1}"#
        #expect(answers.first == Script.value("d1", shown))
        #expect(try Script.events(answers.last).isEmpty)
    }
}
