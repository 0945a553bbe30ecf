import ArgumentParser
import FleetClient
import Platform

struct TokenCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Make a token with which one board may join.",
        discussion: """
            Run `edge-agent enroll TOKEN` on the board. The token is shown this once, works once, \
            and leads to this hub and to no other.
            """)

    @Option(help: "Labels that the board gets, such as site=barn,rack=2.")
    var labels = ""

    @Option(help: "How long a board may join with it: a number with s, m, h or d, at most 7d.")
    var ttl = "1h"

    @Flag(help: "Have the board wait for `fleet device approve`.")
    var needsApproval = false

    @Flag(help: "Print a line for the shell of a board that has no agent: it installs and enrols.")
    var install = false

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let lifetime = try Span(ttl)
        let labels = try labels.split(separator: ",").map {
            (text) throws(FleetClientError) in try Label(String(text))
        }
        let pairs = Dictionary(
            labels.map { ($0.key, $0.value) }, uniquingKeysWith: { _, last in last })
        let needsApproval = needsApproval
        let answer = try await Session.run {
            try await $0.createToken(
                labels: pairs, lifetime: lifetime.milliseconds, needsApproval: needsApproval)
        }
        if output.isJSON { return Console.json(answer.object) }
        // On a line of its own, without a word before it: it is there to be copied and piped.
        Console.line(
            Display.clean(install ? answer.content.install ?? "" : answer.content.text))
        guard Console.isTerminal else { return }
        Console.note(
            (install ? "Run this on the board." : "On the board: edge-agent enroll TOKEN.")
                + " It works once, until "
                + "\(Times.brief(answer.content.entry.expiresAt)) UTC.")
    }
}
