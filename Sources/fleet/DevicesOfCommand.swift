import ArgumentParser
import FleetClient
import Platform

struct DevicesOfCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "of", abstract: "List the devices of a board with their last values.",
        discussion: """
            Those on its buses and those behind its broker. AGE is that of the value; empty where it \
            is further back than the last thousand rows of the board's log. Set a property with \
            `fleet set`.
            """)

    @Argument(help: "The board's id.")
    var id: String

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let devices = try await Session.run { try await $0.localDevices(id) }
        if output.isJSON {
            return Console.json(
                .object([
                    ("device", .string(id)), ("devices", .array(devices.map(\.object))),
                ]))
        }
        guard !devices.isEmpty else {
            Console.paragraph(
                "\(id) has told of no device. Declare one at config/devices/NAME, or let it speak to "
                    + "the board's broker (docs/mqtt-devices.md).")
            return
        }
        var table = Table([
            .init("DEVICE", comfortableWidth: 14), .init("KIND", comfortableWidth: 12),
            .init("PRESENCE"), .init("PROPERTY", comfortableWidth: 14),
            .init("VALUE", .right, comfortableWidth: 10), .init("UNIT"), .init("AGE", .right),
        ])
        let now = Console.now()
        for device in devices {
            let head: [Table.Cell] = [.init(device.id), .init(device.kind), device.presenceCell]
            if device.readings.isEmpty { table.add(head) }
            for (place, reading) in device.readings.enumerated() {
                table.add(
                    (place == 0 ? head : ["", "", ""]) + [
                        .init(reading.property),
                        .init(reading.value.stringValue ?? reading.value.json),
                        .init(reading.unit),
                        .init(reading.time.map { Age.text(of: $0, now: now) } ?? ""),
                    ])
            }
        }
        Console.table(table)
    }
}

extension LocalDevice {
    fileprivate var presenceCell: Table.Cell {
        switch presence {
        case "online", "heard": .init(presence, .good)
        case "offline": .init(presence, .bad)
        default: .init(presence, .caution)
        }
    }
}
