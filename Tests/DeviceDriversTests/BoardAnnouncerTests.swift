import DeviceDrivers
import Platform
import Testing

@Suite struct BoardAnnouncerTests {
    private static let board = "cloudos-edge-barn-7"
    private static let attic = "homeassistant/sensor/\(board)/attic_-temperature/config"
    private static let pin = "homeassistant/switch/\(board)/pins_-a0/config"

    private static func announcer(isEnabled: Bool = true) -> BoardAnnouncer {
        BoardAnnouncer(
            board: "barn-7", prefix: "homeassistant", version: "1", isEnabled: isEnabled)
    }

    /// All messages that wait, each answered at once.
    private static func drain(_ announcer: inout BoardAnnouncer) -> [String: String] {
        var sent: [String: String] = [:]
        var number: UInt64 = 0
        while let message = announcer.next {
            number += 1
            announcer.onSent(number)
            sent[message.topic] = String(decoding: message.payload, as: UTF8.self)
            let isAnswered = announcer.onAnswered(number)
            #expect(isAnswered)
        }
        return sent
    }

    private static func temperature(_ value: Double) -> AnnouncedProperty {
        AnnouncedProperty("temperature", .number(value), unit: "°C")
    }

    private static func told(_ announcer: inout BoardAnnouncer) {
        announcer.onDevices(["attic", "pins"])
        let available = AnnouncedProperty("available", .bool(true))
        _ = announcer.onReadings(
            "attic", kind: "tmp102", [temperature(21.5), available], isWhole: true)
        _ = announcer.onReadings(
            "pins", kind: "mcp23017",
            [AnnouncedProperty("a0", .bool(false), settable: .flag), available], isWhole: true)
    }

    private static func message(
        _ topic: String, _ payload: String, isRetained: Bool = true
    ) -> BusMessage {
        BusMessage(topic: topic, payload: Array(payload.utf8), isRetained: isRetained)
    }

    @Test func whatIsAnnouncedIsWhatHomeAssistantAsksFor() throws {
        var announcer = Self.announcer()
        Self.told(&announcer)
        announcer.onConnected()
        let sent = Self.drain(&announcer)
        let sensor = try JSONReader.read(try #require(sent[Self.attic]))
        #expect(sensor["state_topic"] == .string("cloudos-edge/barn-7/attic/temperature"))
        #expect(sensor["unit_of_measurement"] == .string("°C"))
        #expect(sensor["device_class"] == .string("temperature"))
        #expect(sensor["state_class"] == .string("measurement"))
        #expect(sensor["unique_id"] == .string("cloudos-edge_barn-7_attic_temperature"))
        #expect(sensor["origin"]?["name"]?.stringValue != nil)
        #expect(sensor["device"]?["identifiers"]?.arrayValue?.count == 1)
        #expect(sensor["device"]?["via_device"] == .string("cloudos-edge_barn-7"))
        #expect(sensor["availability_mode"] == .string("all"))
        #expect(
            sensor["availability"]?.arrayValue?.compactMap { $0["topic"]?.stringValue }
                == ["cloudos-edge/barn-7/availability", "cloudos-edge/barn-7/attic/available"])
        let pin = try JSONReader.read(try #require(sent[Self.pin]))
        #expect(pin["command_topic"] == .string("cloudos-edge/barn-7/pins/a0/set"))
        #expect(pin["payload_on"] == .string("true"))
        #expect(sent["cloudos-edge/barn-7/availability"] == "online")
        #expect(sent["cloudos-edge/barn-7/attic/temperature"] == "21.5")
        #expect(sent["cloudos-edge/barn-7/attic/available"] == "true")
        #expect(sent["cloudos-edge/barn-7/pins/a0"] == "false")
        // That a device is there is no entity.
        #expect(!sent.keys.contains { $0.contains("available/config") })
        #expect(announcer.will?.topic == "cloudos-edge/barn-7/availability")
        #expect(announcer.will?.payload == "offline")
    }

    @Test func anUnchangedAnnouncementIsSaidOnce() {
        var announcer = Self.announcer()
        announcer.onConnected()
        Self.told(&announcer)
        _ = Self.drain(&announcer)
        _ = announcer.onReadings("attic", kind: "tmp102", [Self.temperature(22)], isWhole: true)
        #expect(Self.drain(&announcer) == ["cloudos-edge/barn-7/attic/temperature": "22.0"])
        // A broker that forgot hears it all again.
        announcer.onConnected()
        #expect(Self.drain(&announcer)[Self.attic]?.isEmpty == false)
    }

    @Test func aDeviceThatGoesIsTakenBackWithItsStates() {
        var announcer = Self.announcer()
        announcer.onConnected()
        Self.told(&announcer)
        _ = Self.drain(&announcer)
        announcer.onDevices(["pins"])
        #expect(
            Self.drain(&announcer) == [
                Self.attic: "", "cloudos-edge/barn-7/attic/temperature": "",
                "cloudos-edge/barn-7/attic/available": "",
            ])
        #expect(announcer.count == 1)
    }

    @Test func switchedOffItTakesBackWhatTheBrokerHolds() {
        var announcer = Self.announcer(isEnabled: false)
        announcer.onConnected()
        Self.told(&announcer)
        #expect(Self.drain(&announcer).isEmpty)
        let config = #"{"state_topic":"cloudos-edge/barn-7/attic/temperature"}"#
        #expect(announcer.receive(Self.message(Self.attic, config)) == .ignored)
        #expect(
            Self.drain(&announcer) == [
                Self.attic: "", "cloudos-edge/barn-7/attic/temperature": "",
                "cloudos-edge/barn-7/availability": "",
            ])
        #expect(announcer.will == nil && announcer.subscriptions.isEmpty)
    }

    @Test func whatWaitsForItsFirstReadingIsNotTakenBack() {
        var announcer = Self.announcer()
        announcer.onDevices(["attic"])
        announcer.onConnected()
        _ = Self.drain(&announcer)
        let old = "homeassistant/sensor/\(Self.board)/attic_-humidity/config"
        let gone = "homeassistant/sensor/\(Self.board)/cellar_-humidity/config"
        for topic in [Self.attic, old, gone] {
            #expect(announcer.receive(Self.message(topic, "{}")) == .ignored)
        }
        // Who is declared no more goes at once, the others once the device was read.
        #expect(Self.drain(&announcer) == [gone: ""])
        _ = announcer.onReadings("attic", kind: "tmp102", [Self.temperature(20)], isWhole: true)
        let sent = Self.drain(&announcer)
        #expect(sent[old] == "")
        #expect(sent[Self.attic]?.isEmpty == false)
    }

    @Test func ownMessagesAreNobodysDevice() {
        var announcer = Self.announcer()
        Self.told(&announcer)
        announcer.onConnected()
        var bridge = MQTTDeviceBridge(settings: MQTTDeviceSettings())
        for (topic, payload) in Self.drain(&announcer) {
            let back = Self.message(topic, payload)
            #expect(announcer.receive(back) == .ignored, "\(topic)")
            // Even one that got past would be no device: its topics are reserved.
            for directive in bridge.receive(back) {
                if case .report = directive { Issue.record("\(topic) is a device") }
                if case .remember = directive { Issue.record("\(topic) is remembered") }
            }
        }
        #expect(bridge.knownDevices.isEmpty)
        #expect(Self.drain(&announcer).isEmpty)
        // Another board's, over a bridge.
        let other = "homeassistant/sensor/cloudos-edge-barn-8/attic_-temperature/config"
        #expect(announcer.receive(Self.message(other, "{}")) == .ignored)
        #expect(Self.drain(&announcer).isEmpty)
        // A device's own announcement is for the readers of devices.
        let theirs = Self.message("homeassistant/sensor/thermo/config", "{}")
        #expect(announcer.receive(theirs) == .notOurs)
    }

    @Test func aCommandIsAWish() {
        var announcer = Self.announcer()
        Self.told(&announcer)
        let topic = "cloudos-edge/barn-7/pins/a0/set"
        #expect(
            announcer.receive(Self.message(topic, "true", isRetained: false))
                == .wish(device: "pins", property: "a0", .bool(true)))
        // One that a broker kept would be carried out at each start.
        #expect(announcer.receive(Self.message(topic, "true")) == .ignored)
        for other in [
            "cloudos-edge/barn-7/attic/temperature/set", "cloudos-edge/barn-8/pins/a0/set",
            "cloudos-edge/barn-7/pins/a9/set", "cloudos-edge/barn-7/pins/a0/get",
        ] {
            #expect(
                announcer.receive(Self.message(other, "true", isRetained: false)) == .ignored)
        }
        #expect(announcer.subscriptions == ["cloudos-edge/barn-7/+/+/set"])
    }

    @Test func namesThatLookAlikeHaveTopicsOfTheirOwn() {
        var announcer = Self.announcer()
        let names = ["a.b", "a_2eb", "a", "a_-b"]
        announcer.onDevices(names)
        for name in names {
            _ = announcer.onReadings(name, kind: "x", [Self.temperature(1)], isWhole: true)
            _ = announcer.onReadings(
                name, kind: "x", [AnnouncedProperty("b_-t", .int(1))], isWhole: true)
        }
        #expect(announcer.count == 8)
        announcer.onDevices(["a"])
        #expect(announcer.count == 2)
    }

    @Test func anotherKindOfValueIsAnotherEntity() {
        var announcer = Self.announcer()
        announcer.onDevices(["pins"])
        _ = announcer.onReadings(
            "pins", kind: "x", [AnnouncedProperty("a0", .bool(true))], isWhole: true)
        _ = Self.drain(&announcer)
        _ = announcer.onReadings(
            "pins", kind: "x", [AnnouncedProperty("a0", .bool(true), settable: .flag)],
            isWhole: true)
        let sent = Self.drain(&announcer)
        #expect(sent["homeassistant/binary_sensor/\(Self.board)/pins_-a0/config"] == "")
        #expect(sent[Self.pin]?.isEmpty == false)
        #expect(announcer.count == 1)
        // A value that is not known leaves the entity and says so.
        _ = announcer.onReadings(
            "pins", kind: "x", [AnnouncedProperty("a0", .null, settable: .flag)], isWhole: true)
        #expect(Self.drain(&announcer) == ["cloudos-edge/barn-7/pins/a0": "None"])
    }

    @Test func thereIsRoomForSoManyAndNoMore() {
        var announcer = Self.announcer()
        announcer.onDevices(["a"])
        let many = (0..<BoardAnnouncer.entitiesMaximum + 3).map {
            AnnouncedProperty("p\($0)", .int(1))
        }
        #expect(announcer.onReadings("a", kind: "x", many, isWhole: true) == 3)
        #expect(announcer.count == BoardAnnouncer.entitiesMaximum)
        // Not more on the way than the broker takes from one client.
        var number: UInt64 = 0
        while announcer.next != nil {
            number += 1
            announcer.onSent(number)
        }
        #expect(number == UInt64(BoardAnnouncer.outstandingMaximum))
        let answers = [announcer.onAnswered(1), announcer.onAnswered(1)]
        #expect(answers == [true, false])
        #expect(announcer.next != nil)
    }

    @Test func formerTopicsAreKeptInMindUpToABound() {
        var announcer = Self.announcer(isEnabled: false)
        let most = BoardAnnouncer.ghostsMaximum
        for place in 0..<most * 2 {
            let topic = "homeassistant/sensor/\(Self.board)/x_-p\(place)/config"
            _ = announcer.receive(Self.message(topic, "{}"))
        }
        #expect(Self.drain(&announcer).count <= most + 2)
    }
}
