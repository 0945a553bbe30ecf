import ArgumentParser
import FleetClient
import Platform
import PowerManager

struct PowerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "power",
        abstract: "Show a board's power state, or wish for another.",
        subcommands: [PowerShowCommand.self, PowerSetCommand.self],
        defaultSubcommand: PowerShowCommand.self)
}

struct PowerShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a board's power state, why it is in it, and since when.")

    @Argument(help: "The device's id.")
    var id: String

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let prefix = "reported/power/"
        let answer = try await Session.run { try await $0.twin(id, prefix: prefix) }
        if output.isJSON { return Console.json(answer.object) }
        guard !answer.content.isEmpty else {
            throw FleetClientError(
                .notFound, "\(Display.clean(id)) reports no power state",
                hint: "Set power.enabled in the board's configuration, with an agent that has it")
        }
        for cell in answer.content where cell.value != .null {
            let name = String(cell.path.dropFirst(prefix.count))
            let value = cell.value.stringValue ?? cell.value.json
            let pad = String(repeating: " ", count: max(1, 8 - name.count))
            Console.line(Display.clean(name + pad + value))
        }
    }
}

struct PowerSetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Wish for a power state, perhaps for a time.",
        discussion: """
            performance, balanced, saver or critical; off halts a board that may be halted until \
            the time is over; auto takes the wish back. The time begins when the board has the \
            wish. A danger, such as heat or an empty battery, goes before any wish.
            """)

    @Argument(help: "The device's id.")
    var id: String

    @Argument(help: "auto, performance, balanced, saver, critical or off.")
    var state: String

    @Option(name: .customLong("for"), help: "For how long: 90s, 30m or 2h. Default: for good.")
    var span: String?

    @Option(help: "Seconds to wait for the device's answer. Default: 10 on a terminal, else 0.")
    var wait: Double?

    @OptionGroup var output: OutputOptions

    private static let path = "desired/power/state"

    func validate() throws {
        let states = ["auto"] + PowerState.allCases.map(\.rawValue)
        guard states.contains(state) else {
            throw ValidationError("The state is one of \(states.joined(separator: ", ")).")
        }
        guard state != "off" || span != nil else {
            throw ValidationError("off needs --for, such as --for 8h: only its alarm wakes it.")
        }
    }

    /// A wish as any other: the same roles, audit and answers.
    func run() async throws {
        var fields: [(String, Value)] = [("state", .string(state))]
        if let span { fields.append(("for", .string(span))) }
        var words = [id, Self.path, Value.object(fields).json]
        if let wait { words += ["--wait", "\(wait)"] }
        if output.isJSON { words.append("--json") }
        try await TwinSetCommand.parse(words).run()
    }
}
