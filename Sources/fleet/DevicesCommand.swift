import ArgumentParser
import FleetClient

struct DevicesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "devices", abstract: "List the devices of the fleet.",
        subcommands: [DevicesOfCommand.self])

    @OptionGroup var selection: SelectorOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let selector = try selection.parsed()
        let answer = try await Session.run { try await $0.devices(selector) }
        if output.isJSON { return Console.json(answer.object) }
        guard !answer.content.isEmpty else { return explainNone(selector) }
        var table = Table([
            .init("DEVICE", comfortableWidth: 20), .init("NAME", comfortableWidth: 12),
            .init("STATE"), .init("SEEN", .right), .init("PENDING", .right),
            .init("REFUSED", .right), .init("LABELS", comfortableWidth: 9),
        ])
        let now = Console.now()
        for device in answer.content {
            table.add([
                .init(device.id), .init(device.name == device.id ? "" : device.name),
                device.stateCell,
                .init(Age.text(of: device.lastSeen, now: now)),
                .init(device.twin.pending, unlessZero: .caution),
                .init(device.twin.refused, unlessZero: .bad), .init(device.labelText),
            ])
        }
        Console.table(table)
    }

    private func explainNone(_ selector: DeviceSelector?) {
        if let selector {
            Console.paragraph("No device has the labels \(selector).")
            Console.paragraph("See all devices and their labels with `fleet devices`.")
            return
        }
        Console.line("No device yet. To add one, on the board:")
        Console.line("  1. Install edge-agent.")
        Console.line("  2. In its configuration set device.id, and uplink.host and uplink.port to")
        Console.line("     the MQTT broker that this hub uses; or, with uplink.link: coap, to the")
        Console.line("     hub itself, where it serves CoAP (fleet-hub serve --coap).")
        Console.line("  3. Give it a key: `edge-agent enroll TOKEN`, with a token that")
        Console.line("     `fleet token create` prints here.")
        Console.line("  4. Run `edge-agent run --config FILE`.")
        Console.line("The device appears here by itself once it has enrolled or connected.")
    }
}

extension Device {
    var stateCell: Table.Cell {
        if isRemoved { return .init("removed", .faint) }
        if let state = identity?.state, state != "active" { return .init(state, .bad) }
        // It goes on sending, and most of that is not taken.
        if let ingest { return .init(ingest.state == "slowed" ? "slowed" : "cut off", .bad) }
        return isConnected ? .init("online", .good) : .init("offline", .caution)
    }

    /// `rack=2,site=barn`.
    var labelText: String {
        labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
    }
}
