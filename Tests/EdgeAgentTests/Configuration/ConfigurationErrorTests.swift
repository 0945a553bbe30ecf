import LinuxPlatform
import Platform
import Testing

@testable import EdgeAgent

@Suite struct ConfigurationErrorTests: ReadsConfiguration {
    @Test func unknownFieldReadsAsPromised() throws {
        let text = "device:\n  id: a\n\n\nuplink:\n  host: ::1\n  prot: 1\n"
        let error = try #require(try errors(text).first)
        #expect(
            error.description.hasPrefix(
                "agent.yaml:7: uplink.prot: unknown field. Did you mean uplink.port? "
                    + "Known fields here: enabled, link, host, port, "))
    }

    @Test(arguments: [
        ("uplink:\n  prot: 1\n", 2, "uplink.prot", "Did you mean uplink.port?"),
        ("uplink:\n  keep-alive_s: 9\n", 2, "uplink.keep-alive_s", "uplink.keepalive_s?"),
        ("uplink:\n  window: 9\n", 2, "uplink.window", "Did you mean local_broker.window?"),
        ("uplnik: {}\n", 1, "uplnik", "Did you mean uplink?"),
        ("\nsocket: /a\n", 2, "socket", "Did you mean control.socket?"),
        ("uplink:\n  zzzzzz: 1\n", 2, "uplink.zzzzzz", "Known fields here: enabled, link, host"),
        ("zzz: 1\n", 1, "zzz", "Known sections: device, state"),
        ("<<: {}\n", 1, "<<", "unknown section"),
    ])
    func unknownNames(text: String, line: Int, field: String, words: String) throws {
        let found = try errors(text)
        #expect(found.count == 1)
        #expect(found.first?.line == line)
        #expect(found.first?.field == field)
        #expect(found.first?.description.contains(words) == true, "\(found)")
    }

    @Test func farNamesGetNoQuestion() throws {
        let error = try #require(try errors("uplink:\n  zzzzzz: 1\n").first)
        #expect(!error.hint.contains("Did you mean"))
        let long = String(repeating: "p", count: 1000)
        let other = try #require(try errors("uplink:\n  \"\(long)\": 1\n").first)
        #expect(!other.hint.contains("Did you mean"))
        #expect(other.description.count < 400)
    }

    /// Values of the wrong type, for every field.
    @Test(arguments: AgentConfiguration.fields.map(\.fullName))
    func wrongTypes(name: String) throws {
        let field = try #require(AgentConfiguration.fields.first { $0.fullName == name })
        let wrong =
            switch field.form {
            case .flag: ["yes", "True", "1", "'true'", "[true]", "", "~"]
            case .count, .span: ["x", "1.5", "1e3", "'1000'", "1_000", "[1]", "{a: 1}", "", "true"]
            case .text: ["[a]", "{a: b}", "", "null", "\"\"", "\"a\\0b\""]
            case .choice: ["MQTT", "[mqtt]", "{mqtt: 1}", "", "~", "mqtt,coap", "1"]
            case .labels: ["x", "[a]", "{a: [b]}", "{a: ~}", "{'': x}", "{a: \"\\n\"}", "{a-: b}"]
            }
        for value in wrong {
            let found = try errors(file(field, value))
            #expect(found.count == 1, "\(value): \(found)")
            #expect(found.first?.line == 2)
            #expect(found.first?.field?.hasPrefix(name) == true, "\(found)")
            #expect(found.first?.message.contains("expected") == true)
            #expect(found.first?.hint.isEmpty == false)
        }
    }

    @Test(arguments: AgentConfiguration.fields.map(\.fullName))
    func ranges(name: String) throws {
        let field = try #require(AgentConfiguration.fields.first { $0.fullName == name })
        let range: ClosedRange<Int64>
        switch field.form {
        case .count(_, let bounds, _), .span(_, let bounds, _): range = bounds
        default: return
        }
        for bound in [range.lowerBound, range.upperBound] {
            // At a bound another field may still object; the range must not.
            for error in try errors(file(field, "\(bound)")) {
                #expect(!error.message.contains("out of range"), "\(error)")
            }
        }
        let beyond = "9" + String(repeating: "0", count: 30)
        for value in ["\(range.lowerBound - 1)", "\(range.upperBound + 1)", beyond, "-\(beyond)"] {
            let found = try errors(file(field, value))
            #expect(found.count == 1)
            #expect(found.first?.line == 2 && found.first?.field == name)
            #expect(found.first?.message.hasPrefix("out of range: ") == true, "\(found)")
            let words = "from \(range.lowerBound) to \(range.upperBound)"
            #expect(found.first?.message.contains(words) == true, "\(found)")
        }
    }

    @Test(arguments: [
        "0.0.0.0", "10.0.0.5", "128.0.0.1", "127.0.0", "127.1", "127.0.0.256", "127.0.0.01",
        "0177.0.0.1", "127.0.0.1.", "127.0.0.+1", "::", "::2", "[::1]", "localhost.example.com",
        "LOCALHOST", "hub.local", "127.0.0.1:1883", "127.example.com", "", "7",
    ])
    func otherHostsAreRefused(host: String) throws {
        let error = try #require(try errors("local_broker:\n  host: '\(host)'\n").first)
        #expect(error.line == 2 && error.field == "local_broker.host")
        let hint = "Plain links reach only loopback; use 127.0.0.1, ::1 or localhost."
        #expect(error.hint == hint)
        for plain in ["tls: off", "link: coap\n  tls: off"] {
            let error = try #require(
                try errors("uplink:\n  \(plain)\n  host: '\(host)'\n").first)
            #expect(error.field == "uplink.host")
            #expect(error.hint == hint || error.message.hasPrefix("expected"), "\(error)")
        }
        let fallback = "uplink:\n  tls: off\n  fallback: coap\n  fallback_host: '\(host)'\n"
        #expect(try errors(fallback).first?.field == "uplink.fallback_host")
    }

    @Test(arguments: ["10.0.0.5", "hub.local", "fe80::1%eth0", "2001:db8::5"])
    func withTLSAnyHostIsGood(host: String) throws {
        for link in ["mqtt", "coap"] {
            let uplink = try read("uplink:\n  link: \(link)\n  host: '\(host)'\n").uplink
            #expect(uplink.host == host && uplink.isHostNamed && !uplink.isPortNamed)
        }
        #expect(
            try errors("uplink:\n  tls: on\n  fallback: coap\n  fallback_host: \(host)\n").isEmpty)
    }

    @Test(arguments: ["", "[::1]", "hub:1883", "-x", "a b", "hub/x"])
    func whatIsNoHostIsRefused(host: String) throws {
        #expect(try errors("uplink:\n  host: '\(host)'\n").map(\.field) == ["uplink.host"])
    }

    @Test(arguments: ["127.0.0.1", "127.255.3.4", "::1", "localhost"])
    func loopbackHostsAreGood(host: String) throws {
        #expect(try read("uplink:\n  host: '\(host)'\n").uplink.host == host)
    }

    /// Bounds and characters of text, each just inside and just outside.
    @Test(arguments: [
        ("device.id", String(repeating: "a", count: 64), true),
        ("device.id", String(repeating: "a", count: 65), false),
        ("device.id", "A.b_c-9", true), ("device.id", "a b", false), ("device.id", "a/b", false),
        ("device.id", "ä", false), ("device.id", "..", false), ("device.id", "...", true),
        ("state.directory", "relative", false),
        ("state.directory", "/" + String(repeating: "d", count: 1024), false),
        ("control.socket", "/" + String(repeating: "s", count: 106), true),
        ("control.socket", "/" + String(repeating: "s", count: 107), false),
        ("control.socket", "agent.sock", false),
        ("local_broker.zigbee2mqtt_topic", String(repeating: "t", count: 128), true),
        ("local_broker.zigbee2mqtt_topic", String(repeating: "t", count: 129), false),
        ("local_broker.zigbee2mqtt_topic", "a/+/b", false),
        ("local_broker.zigbee2mqtt_topic", "a/#", false),
        ("local_broker.zigbee2mqtt_topic", "/a", false),
        ("local_broker.zigbee2mqtt_topic", "a/", false),
        ("local_broker.zigbee2mqtt_topic", "$SYS", false),
        ("local_broker.zigbee2mqtt_topic", "fleet/v1", false),
        ("local_broker.zigbee2mqtt_topic", "cloudos-edge", false),
        ("local_broker.zigbee2mqtt_topic", "fleets", true),
    ])
    func textBounds(name: String, value: String, isGood: Bool) throws {
        let field = try #require(AgentConfiguration.fields.first { $0.fullName == name })
        let found = try errors(file(field, "\"\(value)\""))
        #expect(found.isEmpty == isGood, "\(found)")
    }

    @Test func labelBounds() throws {
        func labels(_ count: Int) -> String {
            "device:\n  labels:\n" + (0..<count).map { "    k\($0): v\n" }.joined()
        }
        #expect(try read(labels(32)).device.labels.count == 32)
        let error = try #require(try errors(labels(33)).first)
        #expect(error.line == 35 && error.field == "device.labels")
        let long = String(repeating: "x", count: 64)
        #expect(try errors("device: {labels: {\(long): \(long)}}\n").isEmpty)
        #expect(try errors("device: {labels: {\(long)x: a}}\n").count == 1)
        #expect(try errors("device: {labels: {a: \(long)x}}\n").count == 1)
    }

    @Test(arguments: [
        ("uplink:\n  reconnect_min_ms: 60001\n", 2, "uplink.reconnect_min_ms"),
        (
            "uplink:\n  reconnect_max_ms: 20\n  reconnect_min_ms: 21\n", 3,
            "uplink.reconnect_min_ms"
        ),
        ("uplink:\n  daily_bytes_max: 32767\n", 2, "uplink.daily_bytes_max"),
        ("uplink:\n  fallback: mqtt\n", 2, "uplink.fallback"),
        ("uplink:\n  fallback: coap\n  link: coap\n", 3, "uplink.link"),
        (
            "state:\n  log_bytes_max: 65536\nuplink:\n  frame_bytes_max: 65537\n", 4,
            "uplink.frame_bytes_max"
        ),
        ("board:\n  sample_interval_ms: 600001\n", 2, "board.sample_interval_ms"),
        (
            "local_broker:\n  zigbee2mqtt_topic: homeassistant/z\n", 2,
            "local_broker.zigbee2mqtt_topic"
        ),
        (
            "local_broker:\n  homeassistant_topic: zigbee2mqtt\n", 2,
            "local_broker.homeassistant_topic"
        ),
        ("state:\n  directory: /" + String(repeating: "d", count: 96), 2, "state.directory"),
        ("power:\n  battery_empty_mv: 4100\n", 2, "power.battery_empty_mv"),
        ("power:\n  group: /sys/class\n", 2, "power.group"),
    ])
    func acrossFields(text: String, line: Int, field: String) throws {
        let found = try errors(text)
        #expect(found.count == 1, "\(found)")
        #expect(found.first?.line == line && found.first?.field == field, "\(found)")
    }

    @Test func acrossFieldsJustWithin() throws {
        let directory = "/" + String(repeating: "d", count: 95)
        let configuration = try read("state:\n  directory: \(directory)\n")
        #expect(configuration.control.socket.utf8.count == 107)
        let long = "state:\n  directory: /\(directory)\ncontrol:\n  socket: /run/a.sock\n"
        #expect(try read(long).control.socket == "/run/a.sock")
        #expect(try errors("uplink: {reconnect_min_ms: 60000}\n").isEmpty)
    }

    @Test func aRefusedFieldIsNotHeldAgainstAnother() throws {
        let found = try errors("uplink:\n  reconnect_min_ms: 60001\n  reconnect_max_ms: x\n")
        #expect(found.map(\.field) == ["uplink.reconnect_max_ms"])
    }

    @Test func hostNameThatIsNoID() throws {
        let error = try #require(try errors("", hostName: "my board").first)
        #expect(error.line == 1 && error.field == "device.id")
        #expect(error.message.contains("'my board'"))
        #expect(try errors("device:\n  id: a\n", hostName: "my board").isEmpty)
    }

    @Test func collectsUpToTwentyInTheOrderOfTheFile() throws {
        func unknown(_ count: Int) -> String {
            "uplink:\n" + (0..<count).map { "  x\($0)zzz: 1\n" }.joined()
        }
        let mixed = "uplink:\n  reconnect_min_ms: 60001\n  port: 0\n  zzzzz: 1\nboard: 7\n"
        #expect(try errors(mixed).map(\.line) == [2, 3, 4, 5])
        #expect(try errors(unknown(20)).map(\.line) == Array(2...21))
        let node = try YAMLDocument.read(Array(unknown(25).utf8))
        let thrown = #expect(throws: ConfigurationErrors.self) {
            try AgentConfiguration.read(node, hostName: host)
        }
        #expect(thrown?.errors.count == ConfigurationErrors.maximumCount)
        #expect(thrown?.omitted == 5)
        #expect(thrown?.description.hasSuffix("\nand 5 more; mend these first") == true)
        #expect(thrown?.description.hasPrefix("line 2: uplink.x0zzz: unknown field. ") == true)
    }

    @Test func duplicateFieldsAndSections() throws {
        for text in ["uplink:\n  port: 1\n  port: 2\n", "uplink: {}\n\nuplink: {}\n"] {
            let error = #expect(throws: ConfigurationError.self) { try read(text) }
            #expect(error?.line == 3)
        }
    }

    @Test(arguments: ["- uplink\n", "uplink\n", "uplink: 5\n", "uplink: [host]\n", "'~'\n"])
    func wrongShapes(text: String) throws {
        let found = try errors(text)
        #expect(found.count == 1)
        #expect(found.first?.line == 1)
    }

    @Test(arguments: [
        ("port", "prot", 1), ("", "abc", 3), ("abc", "abc", 0), ("kitten", "sitting", 3),
        ("ca", "abc", 3), ("ab", "ba", 1),
    ])
    func editDistance(left: String, right: String, distance: Int) {
        #expect(EditDistance.between(left, right) == distance)
        #expect(EditDistance.between(right, left) == distance)
    }
}
