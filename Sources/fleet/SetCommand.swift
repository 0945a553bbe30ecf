import ArgumentParser
import FleetClient
import Platform

struct SetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Set a property of a board's device and see it done.",
        discussion: """
            The wish is safe at the hub once this prints `pending`, and the board carries it out when \
            it is next online. Then this waits until the device itself has confirmed it. Exit codes: \
            0 done, 5 refused by the board or the device, 1 not confirmed in time; with --wait 0 a \
            pending wish is 0. Names and values are those of `fleet devices of ID`.
            """)

    @Argument(help: "The board's id.")
    var id: String

    @Argument(help: "The device and its property, such as relay/pump.")
    var property: String

    @Argument(
        help: """
            on, off, a number, a word, or JSON. Put -- before what begins with a minus sign.
            """)
    var value: String

    /// Longer than a board waits for its device (15 s), so that the board's own word is heard.
    @Option(help: "Seconds to wait for the device, 0 to 3600.")
    var wait: Double = 20

    @OptionGroup var output: OutputOptions

    private var path: String { "desired/devices/\(property)" }

    func validate() throws {
        guard 0...3600 ~= wait else {
            throw ValidationError("--wait takes 0 to 3600 seconds.")
        }
        guard DeviceWish.isProperty(property) else {
            throw ValidationError(
                "\(property) names no property: write DEVICE/PROPERTY, such as relay/pump.")
        }
    }

    func run() async throws {
        let desired = TwinText.value(value)
        let answer = try await Session.run { client in
            let accepted = try await client.setCell(id, path, desired)
            say("pending", .caution)
            guard wait > 0 else { return accepted }
            return try await client.settledCell(id, path, within: .seconds(wait))
        }
        if output.isJSON { Console.json(answer.object) }
        let wish = DeviceWish(answer.content)
        if wish == .done { return say("applied", .good) }
        if wish == .pending, wait == 0 { return }
        throw wish.error(board: id, property: property, seconds: wait)
    }

    private func say(_ status: String, _ tone: Table.Tone) {
        if output.isJSON { return }
        let shown = Console.isColored ? Table.colored(status, tone) : status
        let text = Display.clean("\(property) = \(value)")
        Console.line(shown + "  " + Display.truncated(text, to: Console.width - 9))
    }
}
