import Platform
import Testing

@testable import EdgeAgent

@Suite struct SurroundingsTests {
    private static let file = "/etc/edge-agent/edge-agent.yaml"

    private func well() -> Surroundings {
        var around = Surroundings(
            file: Self.file, configuration: .defaults(hostName: "board-1"))
        around.capacity = (8 << 30, 1 << 30)
        around.status = status(uplink: "synchronized", broker: "connected")
        return around
    }

    private func status(uplink: String, broker: String, store: String = "ok") -> Value {
        .object([
            ("version", .string("1")), ("store", .string(store)),
            ("local_broker", .object([("state", .string(broker))])),
            (
                "uplink",
                .object([("state", .string(uplink)), ("reason", .string("certificate revoked"))])
            ),
        ])
    }

    private func finding(
        _ check: String, _ change: (inout Surroundings) -> Void
    ) throws -> Finding {
        var around = well()
        change(&around)
        return try #require(around.findings().first { $0.check == check })
    }

    @Test func nothingIsWrong() {
        let findings = well().findings()
        #expect(
            findings.map(\.check)
                == ["config", "clock", "state", "disk", "agent", "broker", "hub"])
        #expect(findings.allSatisfy { $0.result == .ok && $0.advice.isEmpty })
    }

    @Test func eachFaultIsNamedAndHasALineThatMendsIt() throws {
        let faults: [(String, Finding.Result, String, (inout Surroundings) -> Void)] = [
            ("config", .fail, "line 3", { $0.fault = "line 3: unknown field" }),
            ("clock", .warn, "no time server", { $0.clock = .plausible }),
            ("clock", .fail, "before this program", { $0.clock = .unset }),
            (
                "state", .fail, "cannot be written",
                {
                    $0.writing = FileError(
                        path: "/x", operation: "create", code: 13, message: "Permission denied")
                }
            ),
            ("disk", .fail, "readings are lost", { $0.capacity = (8 << 30, 1 << 20) }),
            ("disk", .warn, "the log may take 64 MiB", { $0.capacity = (8 << 30, 32 << 20) }),
            ("agent", .fail, "no agent answers", { $0.status = nil }),
            (
                "agent", .fail, "cannot write its store",
                { [self] in
                    $0.status = status(
                        uplink: "synchronized", broker: "connected", store: "failing")
                }
            ),
            (
                "broker", .fail, "no MQTT broker",
                { [self] in $0.status = status(uplink: "synchronized", broker: "disconnected") }
            ),
            (
                "hub", .fail, "certificate revoked",
                { [self] in $0.status = status(uplink: "disconnected", broker: "connected") }
            ),
            (
                "hub", .warn, "has not answered yet",
                { [self] in $0.status = status(uplink: "connected", broker: "connected") }
            ),
            (
                "broker", .fail, "no MQTT broker",
                {
                    $0.status = nil
                    $0.brokerAnswers = false
                }
            ),
            (
                "hub", .fail, "nobody listens",
                {
                    $0.status = nil
                    $0.hubAnswers = false
                }
            ),
            ("hub", .warn, "only a running agent", { $0.status = nil }),
        ]
        for (check, result, text, change) in faults {
            let found = try finding(check, change)
            #expect(found.result == result, "\(found)")
            #expect(found.detail.contains(text), "\(found)")
            #expect(!found.advice.isEmpty, "\(found)")
        }
    }

    @Test func whatIsSwitchedOffIsNotMissed() {
        var around = well()
        around.status = nil
        around.configuration.localBroker.isEnabled = false
        around.configuration.uplink.isEnabled = false
        #expect(around.findings().map(\.check) == ["config", "clock", "state", "disk", "agent"])
    }

    @Test(arguments: [2, 13, 28, 30, 5])
    func aFolderThatCannotBeWrittenHasItsOwnLine(code: Int32) throws {
        let found = try finding("state") {
            $0.writing = FileError(path: "/x", operation: "create", code: code, message: "no")
        }
        let words: [Int32: String] = [
            2: "install -d", 13: "chown", 28: "vacuum", 30: "remount", 5: "Check",
        ]
        #expect(found.advice.contains(words[code] ?? "?"))
    }
}
