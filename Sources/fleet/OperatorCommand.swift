import ArgumentParser
import FleetClient
import Platform

struct OperatorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "operator",
        abstract: "Make, list or revoke those who may use the hub.",
        subcommands: [
            OperatorCreateCommand.self, OperatorListCommand.self, OperatorRevokeCommand.self,
        ])
}

struct OperatorCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Make an operator and the token for it, which is shown this once.",
        discussion: """
            A viewer reads; an operator also changes devices and has boards join; an admin also \
            makes operators and reads the audit log. With --labels only devices that have them \
            exist for the operator.
            """)

    @Argument(help: "The operator's name, 1 to 64 of a-z A-Z 0-9 . _ -")
    var name: String

    @Option(help: "viewer, operator or admin.")
    var role = "viewer"

    @Option(help: "Labels of the devices that it may see, such as site=barn. Default: all devices.")
    var labels: String?

    @Option(help: "How long the token counts: a number with s, m, h or d; or never.")
    var expires = "30d"

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let lifetime = expires == "never" ? nil : try Span(expires).milliseconds
        let scope = try labels.map { (text) throws(FleetClientError) in try DeviceSelector(text) }
        let pairs = Dictionary(
            (scope?.requirements ?? []).map { ($0.key, $0.value) },
            uniquingKeysWith: { _, last in last })
        let (name, role) = (name, role)
        let answer = try await Session.run {
            try await $0.createOperator(name, role: role, labels: pairs, lifetime: lifetime)
        }
        if output.isJSON { return Console.json(answer.object) }
        // On a line of its own, without a word before it: it is there to be copied and piped.
        Console.line(Display.clean(answer.content.token))
        guard Console.isTerminal else { return }
        let end = answer.content.entry.expiresAt.map { "until \(Times.brief($0)) UTC" }
        Console.note("It counts \(end ?? "until it is revoked"). Log in with: fleet login URL")
    }
}

struct OperatorListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the operators, without their tokens.")

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let answer = try await Session.run { try await $0.operators() }
        if output.isJSON { return Console.json(answer.object) }
        var table = Table([
            .init("NAME", comfortableWidth: 20), .init("ROLE"), .init("STATE"),
            .init("EXPIRES", comfortableWidth: 19), .init("LABELS", comfortableWidth: 9),
        ])
        for one in answer.content {
            let labels = one.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            table.add([
                .init(one.name), .init(one.role),
                one.state == "active" ? .init(one.state, .good) : .init(one.state, .faint),
                .init(one.expiresAt.map(Times.brief) ?? "never"),
                .init(labels.joined(separator: ",")),
            ])
        }
        Console.table(table)
    }
}

struct OperatorRevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "End an operator's token at once.")

    @Argument(help: "The operator's name.")
    var name: String

    func run() async throws {
        try await Session.run { try await $0.revokeOperator(name) }
        Console.line("The token of \(Display.clean(name)) counts no more.")
    }
}
