import DeviceDrivers
import Platform
import Testing

@Suite struct ShellyGen2Tests {
    private static func message(
        _ path: String, _ payload: String, _ priority: MessagePriority,
        _ properties: [String: Value]
    ) -> MessageCase {
        MessageCase(
            topic: "shellyplus1pm-a8/\(path)", payload: payload, device: "shellyplus1pm-a8",
            properties: properties, priority: priority)
    }

    static let cases: [MessageCase] = [
        message("online", "true", .event, ["online": .bool(true)]),
        message(
            "status/switch:0",
            #"{"id":0,"output":true,"apower":8.9,"aenergy":{"total":6.5,"by_minute":[1.5,2]}}"#,
            .telemetry,
            [
                "switch:0.id": .int(0), "switch:0.output": .bool(true),
                "switch:0.apower": .double(8.9), "switch:0.aenergy.total": .double(6.5),
                "switch:0.aenergy.by_minute": .array([.double(1.5), .int(2)]),
            ]),
        message(
            "status/switch:1", #"{"id":1,"output":false,"errors":["overpower"]}"#, .alarm,
            [
                "switch:1.id": .int(1), "switch:1.output": .bool(false),
                "switch:1.errors": .array([.string("overpower")]),
            ]),
        message(
            "status/input:0", #"{"id":0,"state":false}"#, .event,
            ["input:0.id": .int(0), "input:0.state": .bool(false)]),
        message(
            "status/smoke:0", #"{"id":0,"alarm":true,"mute":false}"#, .alarm,
            ["smoke:0.id": .int(0), "smoke:0.alarm": .bool(true), "smoke:0.mute": .bool(false)]),
        message(
            "status/temperature:0", #"{"id":0,"tC":46.6,"tF":115.9}"#, .telemetry,
            [
                "temperature:0.id": .int(0), "temperature:0.tC": .double(46.6),
                "temperature:0.tF": .double(115.9),
            ]),
        message(
            "status/cloud", #"{"connected":true}"#, .event, ["cloud.connected": .bool(true)]),
        message(
            "events/rpc",
            #"{"src":"x","dst":"x/events","method":"NotifyStatus","#
                + #""params":{"ts":1631186545.04,"switch:0":{"id":0,"output":true}}}"#,
            .event, ["switch:0.id": .int(0), "switch:0.output": .bool(true)]),
    ]

    @Test(arguments: cases) func reports(message: MessageCase) {
        var bridge = MQTTDeviceBridge(settings: .init())
        #expect(bridge.reports(message.topic, message.payload) == [message.expected])
    }

    @Test func everyEventOfANotificationIsReported() {
        var bridge = MQTTDeviceBridge(settings: .init())
        let event = { (kind: String, time: Double) in
            #"{"component":"input:0","id":0,"event":"\#(kind)","ts":\#(time)}"#
        }
        let reports = bridge.reports(
            "shellyplusi4-01/events/rpc",
            #"{"method":"NotifyEvent","params":{"ts":1.5,"events":["#
                + [event("single_push", 1.25), event("double_push", 1.5)].joined(separator: ",")
                + "]}}")
        let expected = [("single_push", 1.25), ("double_push", 1.5)].map { kind, time in
            SeenReport(
                device: "shellyplusi4-01",
                properties: [
                    "input:0.event": .string(kind), "input:0.event.ts": .double(time),
                ], priority: .event)
        }
        #expect(reports == expected)
    }

    @Test(arguments: [
        ("status/switch:0", "on"), ("status/sys", "[1]"), ("online", "1"), ("events/rpc", "{}"),
        ("events/rpc", #"{"method":"Reboot","params":{}}"#),
        ("events/rpc", #"{"method":"NotifyEvent","params":{"events":[{"event":"x"}]}}"#),
        ("status/sys", "\u{7B}\"a\":NaN}"),
    ])
    func saysWhatItCannotRead(path: String, payload: String) {
        var bridge = MQTTDeviceBridge(settings: .init())
        let directives = bridge.receive("shellyplus1-a/\(path)", payload)
        #expect(directives.count == 1 && directives.unreadable.count == 1)
    }

    @Test func boundsTheEventsOfOneMessage() {
        var bridge = MQTTDeviceBridge(settings: .init())
        func notify(_ count: Int) -> [DeviceDirective] {
            let events = [String](
                repeating: #"{"component":"input:0","event":"x"}"#, count: count
            ).joined(separator: ",")
            return bridge.receive(
                "shelly/events/rpc",
                #"{"method":"NotifyEvent","params":{"events":[\#(events)]}}"#)
        }
        #expect(notify(32).reports.count == 32)
        #expect(notify(33).unreadable.count == 1)
        #expect(notify(0).areIgnored)
    }
}
