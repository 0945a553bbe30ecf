import DeviceDrivers
import Glibc
import LinuxPlatform
import Platform

/// `edge-agent devices`: what is declared and what the broker's devices say, with the last readings,
/// and what else is there.
enum DevicesCommand {
    /// How often a watch looks: readings come seldom more often.
    private static let watchInterval: Int32 = 1000

    static func run(_ arguments: Arguments) -> Int32 {
        var before: Value?
        while true {
            switch LocalAgent.ask(arguments, [("op", .string("devices"))]) {
            case .failure(let failure): return failure.code
            case .success(let answer):
                let list = Value.object(
                    ["declared", "discovered"].map { ($0, answer[$0] ?? .array([])) })
                if list != before { show(list, since: before, isJSON: arguments.isJSON) }
                before = list
            }
            guard arguments.isWatch else { return ExitCode.done }
            // An interrupt ends the program, and so does an agent that is gone.
            poll(nil, 0, watchInterval)
        }
    }

    /// All of it, or what has changed.
    private static func show(_ list: Value, since before: Value?, isJSON: Bool) {
        guard !isJSON else { return Output.line(list.json) }
        guard let before else {
            for device in devices(list) { show(device) }
            return
        }
        let known = Set(devices(before).flatMap(lines))
        for line in devices(list).flatMap(lines) where !known.contains(line) { Output.line(line) }
    }

    private static func devices(_ list: Value) -> [Value] {
        (list["declared"]?.arrayValue ?? []) + (list["discovered"]?.arrayValue ?? [])
    }

    private static func show(_ device: Value) {
        Output.line(head(device))
        for reading in device["readings"]?.arrayValue ?? [] { Output.line("  " + words(reading)) }
        if let reason = device["reason"]?.stringValue { Output.line("  \(reason)") }
    }

    /// Each fact on a line of its own, with the device's name.
    private static func lines(_ device: Value) -> [String] {
        let name = text(device, "name")
        return [head(device)]
            + (device["readings"]?.arrayValue ?? []).map { "\(name) \(words($0))" }
    }

    private static func head(_ device: Value) -> String {
        // Sensors of the kernel's that no block names have nothing to say yet.
        let tail = device["readings"] == nil ? ", not declared" : ""
        let words = ["name", "kind", "bus", "address", "chip", "line", "state"].map {
            text(device, $0)
        }
        return words.filter { !$0.isEmpty }.joined(separator: " ") + tail
    }

    private static func words(_ reading: Value) -> String {
        let value = reading["value"] ?? .null
        let words = [
            text(reading, "property"), value.stringValue ?? value.json, text(reading, "unit"),
        ]
        return words.filter { !$0.isEmpty }.joined(separator: " ")
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
