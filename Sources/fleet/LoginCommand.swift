import ArgumentParser
import FleetClient
import Glibc

struct LoginCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "login",
        abstract: "Save the URL of a hub and a token for it.",
        discussion: """
            Asks the hub first; nothing is saved unless it accepts the token. Without --token \
            the token is read from standard input, where no list of processes shows it.
            """)

    @Argument(help: "The hub, such as http://127.0.0.1:8080.")
    var url: String

    // A hash may begin with a dash.
    @Option(
        parsing: .unconditional,
        help:
            "The hash of the hub's authority, as `fleet-hub ca` prints it there, for an https URL.")
    var ca: String?

    @Option(help: "The token, as `fleet-hub init` or `fleet operator create` printed it.")
    var token: String?

    func run() async throws {
        let hubURL = try HubURL(url)
        let limits = FleetClient.Limits()
        var authority: HubAuthority?
        // Before the token is asked for: nobody types it for a hub that is not the right one.
        if let ca {
            authority = try await HubAuthority.fetch(from: hubURL, hash: ca, limits: limits)
        }
        let settings = try ClientSettings(
            url: hubURL, token: try token ?? readToken(), authority: authority)
        let hub = try await FleetClient.with(settings) { try await $0.hub().content }
        let path = try ClientSettings.path(Console.variable)
        try settings.save(to: path)
        let name = hub.operatorName.map { " as \(Display.clean($0)) (\(hub.operatorRole ?? ""))" }
        Console.line(
            "Logged in to \(hubURL)\(name ?? ""), fleet-hub \(Display.clean(hub.version)).")
        if let authority { Console.line("It proved itself with the authority \(authority.hash).") }
        Console.line("Saved in \(path), readable by you only.")
        if !hubURL.isEncrypted, !hubURL.isLoopback {
            Console.note(
                "fleet: warning: \(hubURL) is not encrypted, so the token can be read on the way. "
                    + "Use https, or a tunnel such as ssh -L.")
        }
        for name in ["FLEET_URL", "FLEET_TOKEN", "FLEET_CA"] where Console.variable(name) != nil {
            Console.note("fleet: warning: \(name) is set and wins over what was saved. Unset it.")
        }
    }

    private func readToken() throws -> String {
        if isatty(STDIN_FILENO) == 1 {
            // Reads from the terminal without echo.
            guard let typed = getpass("Token: ") else { return "" }
            return String(cString: typed)
        }
        let bytes = try Console.read("-", maximumBytes: 4096)
        let text = String(decoding: bytes, as: UTF8.self)
        let isSpace: (Character) -> Bool = { $0.isWhitespace }
        return String(
            text.drop(while: isSpace).reversed().drop(while: isSpace).reversed())
    }
}
