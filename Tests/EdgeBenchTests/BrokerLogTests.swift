import Testing

@testable import edge_bench

/// Lines as mosquitto 2.0.11 writes them with `log_type all` and `log_timestamp false`.
@Suite struct BrokerLogTests {
    private static func sending(_ id: Int, dup: Int = 0, topic: String = "z/a") -> String {
        "Sending PUBLISH to edge-sub (d\(dup), q1, r0, m\(id), '\(topic)', ... (7 bytes))"
    }

    private static func answer(_ id: Int) -> String {
        "Received PUBACK from edge-sub (Mid: \(id), RC:0)"
    }

    private static func log(_ lines: [String]) -> BrokerLog {
        BrokerLog(topic: "z/a", text: lines.joined(separator: "\n") + "\n")
    }

    @Test func aRealLogIsReadThroughReconnects() {
        let log = BrokerLog(topic: "z/a", text: Self.real)
        #expect(log.received == 6)
        #expect(log.sent == 6)
        #expect(log.resent == 2)
        #expect(log.acknowledged == [1, 2, 3, 5, 6])
        #expect(log.subscriber == "edge-sub")
        #expect(log.faults.isEmpty)
    }

    /// The broker was killed-at by nobody here: the subscriber was, after 3 and again at the end.
    private static let real = """
        New client connected from 127.0.0.1:44346 as edge-sub (p2, c0, k60).
        No will message specified.
        Sending CONNACK to edge-sub (0, 0)
        Received SUBSCRIBE from edge-sub
        \tz/# (QoS 1)
        edge-sub 1 z/#
        Sending SUBACK to edge-sub
        Received PUBLISH from pub1 (d0, q1, r0, m1, 'z/a', ... (7 bytes))
        Sending PUBLISH to edge-sub (d0, q1, r0, m1, 'z/a', ... (7 bytes))
        Sending PUBACK to pub1 (m1, rc0)
        Received PUBLISH from pub1 (d0, q1, r0, m2, 'z/a', ... (7 bytes))
        Sending PUBLISH to edge-sub (d0, q1, r0, m2, 'z/a', ... (7 bytes))
        Sending PUBACK to pub1 (m2, rc0)
        Received PUBACK from edge-sub (Mid: 1, RC:0)
        Received PUBACK from edge-sub (Mid: 2, RC:0)
        Received PUBLISH from pub1 (d0, q1, r0, m3, 'z/a', ... (7 bytes))
        Sending PUBLISH to edge-sub (d0, q1, r0, m3, 'z/a', ... (7 bytes))
        Received PUBLISH from pub1 (d0, q1, r0, m4, 'z/a', ... (7 bytes))
        Sending PUBLISH to edge-sub (d0, q1, r0, m4, 'z/a', ... (7 bytes))
        Client edge-sub closed its connection.
        Received PUBLISH from pub1 (d0, q1, r0, m5, 'z/a', ... (7 bytes))
        Sending PUBACK to pub1 (m5, rc0)
        Received PUBLISH from pub1 (d0, q1, r0, m6, 'z/a', ... (7 bytes))
        Sending PUBACK to pub1 (m6, rc0)
        New client connected from 127.0.0.1:44362 as edge-sub (p5, c0, k60).
        Sending CONNACK to edge-sub (1, 0)
        Sending PUBLISH to edge-sub (d1, q1, r0, m3, 'z/a', ... (7 bytes))
        Sending PUBLISH to edge-sub (d1, q1, r0, m4, 'z/a', ... (7 bytes))
        Sending PUBLISH to edge-sub (d0, q1, r0, m5, 'z/a', ... (7 bytes))
        Sending PUBLISH to edge-sub (d0, q1, r0, m6, 'z/a', ... (7 bytes))
        Received SUBSCRIBE from edge-sub
        Received PUBACK from edge-sub (Mid: 3, RC:0)
        Received PUBACK from edge-sub (Mid: 5, RC:0)
        Received PUBACK from edge-sub (Mid: 6, RC:0)
        Client edge-sub closed its connection.
        """

    /// `db__message_write_inflight_out_single` sets dup only after a write that succeeded.
    @Test func aRepeatWithoutDupIsTheSameMessage() {
        let log = Self.log([
            Self.sending(1), Self.sending(2), Self.sending(2), Self.answer(1), Self.answer(2),
            Self.sending(3), Self.answer(3),
        ])
        #expect(log.sent == 3)
        #expect(log.resent == 1)
        #expect(log.acknowledged == [1, 2, 3])
        #expect(log.faults.isEmpty)
    }

    @Test func messageIdsComeRoundAgain() {
        var lines: [String] = []
        let count = 70_000
        for number in 1...count {
            let id = (number - 1) % 65_535 + 1
            lines += [Self.sending(id), Self.answer(id)]
        }
        // One that is left open at the end under an id that was used before.
        lines.append(Self.sending(count % 65_535 + 1))
        let log = Self.log(lines)
        #expect(log.sent == count + 1)
        #expect(log.acknowledged.count == count)
        #expect(!log.acknowledged.contains(count + 1))
        #expect(log.faults.isEmpty)
    }

    @Test func otherTopicsShareTheIdsButNotTheNumbers() {
        let log = Self.log([
            Self.sending(1, topic: "z/other"), Self.sending(2), Self.sending(3, topic: "z/a/b"),
            Self.sending(4), Self.answer(3), Self.answer(1), Self.answer(4),
        ])
        #expect(log.sent == 2)
        #expect(log.acknowledged == [2])
        #expect(log.faults.isEmpty)
    }

    @Test func whatMakesTheCountUnsoundIsAFault() {
        let second = "Sending PUBLISH to spy (d0, q1, r0, m1, 'z/a', ... (7 bytes))"
        #expect(Self.log([Self.sending(1), second]).faults.count == 1)
        let unsure = "Sending PUBLISH to edge-sub (d0, q0, r0, m0, 'z/a', ... (7 bytes))"
        #expect(Self.log([unsure]).faults.count == 1)
        let lost = Self.log([
            "Sending CONNACK to edge-sub (0, 0)", Self.sending(1),
            "Sending CONNACK to edge-sub (0, 0)", Self.answer(1),
        ])
        #expect(lost.faults.count == 1)
        #expect(lost.acknowledged.isEmpty)
        #expect(Self.log([Self.sending(1), Self.sending(9, dup: 1)]).faults.count == 1)
    }

    @Test func faultsAreBounded() {
        let spy = "Sending PUBLISH to spy (d0, q1, r0, m1, 'z/a', ... (7 bytes))"
        let log = Self.log([Self.sending(1)] + Array(repeating: spy, count: 1000))
        #expect(log.faults.count == 20)
    }

    @Test(arguments: [
        "", "Sending PUBLISH to ", "Sending PUBLISH to x (d", "Sending PUBLISH to x (d0, q1, r0, m",
        "Sending PUBLISH to x (dA, qB, rC, mD, 'z/a', ... (7 bytes))",
        "Received PUBACK from edge-sub (Mid: , RC:0)", "Received PUBACK from ",
        "Sending PUBLISH to x (d0, q1, r0, m1, 'z/a", "Received PUBLISH from '",
    ])
    func anyOtherLineIsPassedOver(line: String) {
        let log = Self.log([line])
        #expect(log.sent == 0)
        #expect(log.received == 0)
        #expect(log.acknowledged.isEmpty)
    }
}
