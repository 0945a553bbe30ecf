import Foundation
import LinuxPlatform
import Platform
import Testing

@testable import EdgeAgent

private let host = "board-1"
private let defaults = AgentConfiguration.defaults(hostName: host)

private func read(_ text: String, hostName: String = host) throws -> AgentConfiguration {
    let node = try YAMLDocument.read(Array(text.utf8), file: "agent.yaml")
    return try AgentConfiguration.read(node, file: "agent.yaml", hostName: hostName)
}

/// What is wrong with a file whose YAML is good; empty where nothing is.
private func errors(_ text: String, hostName: String = host) throws -> [ConfigurationError] {
    let node = try YAMLDocument.read(Array(text.utf8), file: "agent.yaml")
    do {
        _ = try AgentConfiguration.read(node, file: "agent.yaml", hostName: hostName)
        return []
    } catch {
        return error.errors
    }
}

/// One field, in line 2.
private func file(_ field: ConfigurationField, _ value: String) -> String {
    "\(field.section):\n  \(field.name): \(value)\n"
}

/// A value other than the default for a field, and what it changes.
private struct Change: Sendable, CustomTestStringConvertible {
    let field: String
    let value: String
    let apply: @Sendable (inout AgentConfiguration) -> Void

    init(
        _ field: String, _ value: String,
        _ apply: @escaping @Sendable (inout AgentConfiguration) -> Void
    ) {
        self.field = field
        self.value = value
        self.apply = apply
    }

    var testDescription: String { "\(field): \(value)" }
}

private let changes = [
    Change("device.id", "0042") { $0.device.id = "0042" },
    Change("device.labels", "{site: barn, rack: 2}") {
        $0.device.labels = ["site": "barn", "rack": "2"]
    },
    Change("state.directory", "/srv/agent") {
        $0.state.directory = "/srv/agent"
        $0.control.socket = "/srv/agent/agent.sock"
    },
    Change("state.log_bytes_max", "65536") { $0.state.logBytesMax = 65_536 },
    Change("state.log_age_max_s", "60") { $0.state.logAgeMax = 60_000 },
    Change("state.commit_event_ms", "0") { $0.state.commitEvent = 0 },
    Change("state.commit_telemetry_ms", "600000") { $0.state.commitTelemetry = 600_000 },
    Change("uplink.enabled", "false") { $0.uplink.isEnabled = false },
    Change("uplink.link", "coap") {
        $0.uplink.link = .coap
        $0.uplink.port = 5683
    },
    Change("uplink.host", "::1") {
        $0.uplink.host = "::1"
        $0.uplink.isHostNamed = true
    },
    Change("uplink.port", "0x1F90") {
        $0.uplink.port = 8080
        $0.uplink.isPortNamed = true
    },
    Change("uplink.tls", "on") { $0.uplink.tls = .on },
    Change("uplink.fallback", "coap") { $0.uplink.fallback = .coap },
    Change("uplink.fallback_host", "::1") {
        $0.uplink.fallbackHost = "::1"
        $0.uplink.isFallbackHostNamed = true
    },
    Change("uplink.fallback_port", "5684") {
        $0.uplink.fallbackPort = 5684
        $0.uplink.isFallbackPortNamed = true
    },
    Change("uplink.fallback_after_s", "1") { $0.uplink.fallbackAfter = 1000 },
    Change("uplink.keepalive_s", "5") { $0.uplink.keepalive = 5000 },
    Change("uplink.frames_in_flight_max", "+20") { $0.uplink.framesInFlightMax = 20 },
    Change("uplink.frame_bytes_max", "1024") { $0.uplink.frameBytesMax = 1024 },
    Change("uplink.ack_timeout_ms", "100") { $0.uplink.ackTimeout = 100 },
    Change("uplink.reconnect_min_ms", "010") { $0.uplink.reconnectMin = 10 },
    Change("uplink.reconnect_max_ms", "500") { $0.uplink.reconnectMax = 500 },
    Change("uplink.daily_bytes_max", "32768") { $0.uplink.dailyBytesMax = 32_768 },
    Change("local_broker.enabled", "false") { $0.localBroker.isEnabled = false },
    Change("local_broker.host", "'localhost'") { $0.localBroker.host = "localhost" },
    Change("local_broker.port", "1884") { $0.localBroker.port = 1884 },
    Change("local_broker.window", "1000") { $0.localBroker.window = 1000 },
    Change("local_broker.payload_bytes_max", "1024") { $0.localBroker.payloadBytesMax = 1024 },
    Change("local_broker.devices_max", "1") { $0.localBroker.devicesMax = 1 },
    Change("local_broker.zigbee2mqtt_topic", "site/z2m") {
        $0.localBroker.zigbee2MQTTTopic = "site/z2m"
    },
    Change("local_broker.homeassistant_topic", "ha") { $0.localBroker.homeAssistantTopic = "ha" },
    Change("board.sample_interval_ms", "600000") { $0.board.sampleInterval = 600_000 },
    Change("board.report_interval_ms", "30000") { $0.board.reportInterval = 30_000 },
    Change("control.socket", "/run/a.sock") { $0.control.socket = "/run/a.sock" },
]

@Suite struct AgentConfigurationReferenceTests {
    @Test func referenceSaysTheDefaults() throws {
        #expect(try read(AgentConfiguration.reference()) == defaults)
        #expect(AgentConfiguration.reference().utf8.allSatisfy { $0 < 0x80 })
        for line in AgentConfiguration.reference().split(separator: "\n") {
            #expect(line.utf8.count <= 100, "\(line)")
        }
    }

    @Test func everyFieldHasAChange() {
        #expect(changes.map(\.field) == AgentConfiguration.fields.map(\.fullName))
        #expect(
            AgentConfiguration.sections.map(\.name)
                .filter { $0 != AgentConfiguration.devicesSection }
                == AgentConfiguration.fields.map(\.section).reduce(into: []) {
                    if $0.last != $1 { $0.append($1) }
                })
    }

    /// Changes one line of the reference, as an operator does.
    @Test(arguments: changes)
    fileprivate func changesJustThatField(change: Change) throws {
        let field = try #require(AgentConfiguration.fields.first { $0.fullName == change.field })
        var section = ""
        var replaced = 0
        let lines = AgentConfiguration.reference().split(
            separator: "\n", omittingEmptySubsequences: false
        ).map { line -> String in
            if line.first?.isLetter == true { section = String(line.dropLast()) }
            guard section == field.section,
                line.hasPrefix("  \(field.name): ") || line.hasPrefix("  # \(field.name): ")
            else { return String(line) }
            replaced += 1
            return "  \(field.name): \(change.value)"
        }
        #expect(replaced == 1)
        var expected = defaults
        change.apply(&expected)
        #expect(expected != defaults)
        #expect(try read(lines.joined(separator: "\n")) == expected)
    }

    @Test(arguments: ["", "# nothing\n", "---\n", "~\n", "{}\n", "uplink:\ndevice: {labels: }\n"])
    func leftOutIsDefault(text: String) throws {
        #expect(try read(text) == defaults)
    }

    @Test func shippedExampleIsGood() throws {
        let path = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../packaging/agent/edge-agent.yaml").standardized.path
        let bytes = try #require(FileManager.default.contents(atPath: path), "\(path)")
        #expect(try read(String(decoding: bytes, as: UTF8.self)) == defaults)
        // Also with the commented lines that hold a field in force.
        let all = String(decoding: bytes, as: UTF8.self)
            .replacing("# id:", with: "id:").replacing("# directory:", with: "directory:")
            .replacing("# site:", with: "site:").replacing("# rack:", with: "rack:")
        let configuration = try read(all)
        #expect(configuration.device.id == "board-17")
        #expect(configuration.device.labels == ["site": "barn", "rack": "2"])
    }
}

@Suite struct AgentConfigurationErrorTests {
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

@Suite struct AgentConfigurationMutationTests {
    /// Mutated files give errors that name a line, or a configuration within every bound.
    @Test func mutatedFilesAreSafe() {
        let seed =
            ProcessInfo.processInfo.environment["TEST_SEED"].flatMap { UInt64($0) }
            ?? UInt64.random(in: 0...UInt64.max)
        print("AgentConfigurationMutationTests: TEST_SEED=\(seed)")
        var random = SplitMix64(seed: seed)
        let valid =
            "device:\n  id: b\n  labels: {site: barn}\n"
            + AgentConfiguration.reference().split(separator: "\n").filter { line in
                !line.contains("#") && !line.hasPrefix("device") && !line.contains("labels")
            }.joined(separator: "\n") + "\n  socket: /run/a.sock\n"
        #expect(throws: Never.self) { try read(valid) }
        var (accepted, refused) = (0, 0)
        for round in 0..<3000 {
            var bytes = Array(valid.utf8)
            for _ in 0...Int.random(in: 0..<3, using: &random) { mutate(&bytes, &random) }
            do {
                let node = try YAMLDocument.read(bytes)
                let configuration = try AgentConfiguration.read(node, hostName: host)
                check(configuration, "seed \(seed), round \(round)")
                accepted += 1
            } catch {
                refused += 1
                let found =
                    (error as? ConfigurationErrors)?.errors
                    ?? (error as? ConfigurationError).map { [$0] } ?? []
                let lines = bytes.count { $0 == UInt8(ascii: "\n") } + 1
                #expect(
                    !found.isEmpty && found.allSatisfy { 1...lines ~= $0.line },
                    "seed \(seed), round \(round): \(error)")
            }
        }
        // Else the mutations are too weak or too strong to test anything.
        #expect(accepted > 0 && refused > 0, "seed \(seed): \(accepted) and \(refused)")
    }

    private func mutate(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
        let start = Int.random(in: 0..<bytes.count, using: &random)
        let end = min(bytes.count, start + Int.random(in: 1...12, using: &random))
        let letters = Array("09ax_-:'\"[]{}#&*!%|> \n\t~.,/+".utf8) + [0x00, 0xC3, 0xFF]
        let letter = letters[Int.random(in: 0..<letters.count, using: &random)]
        switch Int.random(in: 0..<5, using: &random) {
        case 0: bytes[start] = letter
        case 1: bytes.insert(letter, at: start)
        case 2: bytes.removeSubrange(start..<end)
        case 3: bytes.insert(contentsOf: bytes[start..<end], at: start)
        default: bytes[start] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        }
        if bytes.isEmpty { bytes = [letter] }
    }

    private func check(_ configuration: AgentConfiguration, _ where: Comment) {
        for field in AgentConfiguration.fields {
            switch field.form {
            case .flag: break
            case .count(let path, let range, _):
                #expect(range.contains(Int64(configuration[keyPath: path])), `where`)
            case .span(let path, let range, let unit):
                let (count, rest) = configuration[keyPath: path].count
                    .quotientAndRemainder(dividingBy: unit.rawValue)
                #expect(range.contains(count) && rest == 0, `where`)
            case .text(let path, let rule):
                #expect(rule.accepts(configuration[keyPath: path]), `where`)
            case .choice(let path, let words):
                #expect(words.contains(configuration[keyPath: path]), `where`)
            case .labels(let path):
                for (key, value) in configuration[keyPath: path] {
                    #expect(TextRule.labelKey.accepts(key), `where`)
                    #expect(TextRule.labelValue.accepts(value), `where`)
                }
            }
        }
    }
}
