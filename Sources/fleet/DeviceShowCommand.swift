import ArgumentParser
import FleetClient

struct DeviceShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show one device and the log streams held of it.")

    @Argument(help: "The device's id.")
    var id: String

    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await Session.run { client in
            let answer = try await client.device(id)
            if output.isJSON { return Console.json(answer.object) }
            show(answer.content)
            let cursors = try await client.logCursors(id).content
            if !cursors.isEmpty { show(cursors) }
        }
    }

    private func show(_ device: Device) {
        let now = Console.now()
        let state = device.stateCell
        field("device", device.id)
        field("name", device.name)
        field("state", state.text, state.tone)
        if let identity = device.identity { show(identity) }
        field("seen", Age.text(of: device.lastSeen, now: now), ago: device.lastSeen)
        field("registered", Age.text(of: device.registeredAt, now: now), ago: device.registeredAt)
        field("labels", device.labels.isEmpty ? "none" : device.labelText)
        field(
            "twin",
            "\(device.twin.cells) cells, \(device.twin.pending) pending, "
                + "\(device.twin.refused) refused")
        field("log", "\(device.log.rows) rows, \(device.log.gapRows) lost")
    }

    private func show(_ identity: DeviceIdentity) {
        let tone: Table.Tone = identity.state == "active" ? .good : .caution
        let reason = identity.reason.map { ": " + $0 } ?? ""
        field("identity", identity.state + reason, tone)
        guard let end = identity.certificateExpiresAt else { return }
        field("certificate", "until \(Times.brief(end)) UTC")
    }

    private func field(
        _ name: String, _ value: String, _ tone: Table.Tone = .plain, ago time: String? = nil
    ) {
        let label = name + String(repeating: " ", count: max(1, 12 - name.count))
        let age = value == "now" ? value : value + " ago"
        let whole = time.map { "\(age), \($0)" } ?? value
        let shown = Display.truncated(Display.clean(whole), to: Console.width - label.count)
        Console.line(label + (Console.isColored ? Table.colored(shown, tone) : shown))
    }

    private func show(_ cursors: [LogCursor]) {
        var table = Table([
            .init("STREAM", comfortableWidth: 20), .init("EPOCH", comfortableWidth: 16),
            .init("UPTO", .right), .init("ROWS", .right), .init("LOST", .right),
            .init("TRIMMED", .right),
        ])
        for cursor in cursors {
            table.add([
                .init(cursor.stream), .init(cursor.epoch), .init(String(cursor.upto)),
                .init(String(cursor.rows)), .init(cursor.gapRows, unlessZero: .caution),
                .init(String(cursor.trimmedRows)),
            ])
        }
        Console.line("")
        Console.table(table)
    }
}
