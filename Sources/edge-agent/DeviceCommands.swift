import DeviceDrivers
import LinuxPlatform
import Platform

/// `edge-agent devices`: what is declared, with the last readings, and what else is there.
enum DevicesCommand {
    static func run(_ arguments: Arguments) -> Int32 {
        switch LocalAgent.ask(arguments, [("op", .string("devices"))]) {
        case .failure(let failure): return failure.code
        case .success(let answer):
            let declared = answer["declared"] ?? .array([])
            let discovered = answer["discovered"] ?? .array([])
            if arguments.isJSON {
                Output.line(
                    Value.object([("declared", declared), ("discovered", discovered)]).json)
            } else {
                for device in declared.arrayValue ?? [] { show(device) }
                for device in discovered.arrayValue ?? [] {
                    Output.line("\(text(device, "name")) \(text(device, "kind")), not declared")
                }
            }
            return ExitCode.done
        }
    }

    private static func show(_ device: Value) {
        let words = ["name", "kind", "bus", "address", "state"].map { text(device, $0) }
        Output.line(words.filter { !$0.isEmpty }.joined(separator: " "))
        for reading in device["readings"]?.arrayValue ?? [] {
            let value = reading["value"] ?? .null
            let shown = value.stringValue ?? value.json
            Output.line("  \(text(reading, "property")) \(shown) \(text(reading, "unit"))")
        }
        if let reason = device["reason"]?.stringValue { Output.line("  \(reason)") }
    }

    private static func text(_ value: Value, _ key: String) -> String {
        value[key]?.stringValue ?? ""
    }
}

/// `edge-agent i2c scan`: who answers on the board's buses. It needs no agent.
enum ScanCommand {
    static func run(_ arguments: Arguments) -> Int32 {
        let named = arguments.words.dropFirst().first
        let names = named.map { [$0] } ?? LinuxI2CBus.names()
        guard !names.isEmpty else {
            Output.error("edge-agent: no I2C bus. \(I2CError.missingBus("i2c-1").hint)")
            return ExitCode.failed
        }
        var buses: [Value] = []
        var code = ExitCode.done
        for name in names {
            do throws(I2CError) {
                var bus = try LinuxI2CBus(name)
                let found = try I2CScan(&bus).found.map(Self.entry)
                buses.append(.object([("bus", .string(name)), ("found", .array(found))]))
            } catch {
                Output.error("edge-agent: \(error)")
                code = ExitCode.failed
            }
        }
        if arguments.isJSON {
            Output.line(Value.object([("buses", .array(buses))]).json)
        } else {
            for bus in buses { show(bus) }
        }
        return code
    }

    private static func entry(
        _ found: (address: I2CAddress, presence: I2CScan.Presence)
    ) -> Value {
        var fields: [(String, Value)] = [("address", .string(found.address.description))]
        switch found.presence {
        case .present:
            let kinds = DeviceKinds.candidates(at: found.address.rawValue)
            fields.append(("kinds", .array(kinds.map { .string($0) })))
        case .owned(let owner):
            fields.append(("kernel_driver", owner.map { .string($0) } ?? .string("unknown")))
        }
        return .object(fields)
    }

    private static func show(_ bus: Value) {
        let found = bus["found"]?.arrayValue ?? []
        Output.line("\(bus["bus"]?.stringValue ?? ""): \(found.count) found")
        for entry in found {
            let address = entry["address"]?.stringValue ?? ""
            if let owner = entry["kernel_driver"]?.stringValue {
                Output.line("  \(address) has the kernel's driver \(owner)")
            } else {
                let kinds = (entry["kinds"]?.arrayValue ?? []).compactMap(\.stringValue)
                let text = kinds.isEmpty ? "unknown" : kinds.joined(separator: ", ")
                Output.line("  \(address) may be: \(text)")
            }
        }
    }
}
