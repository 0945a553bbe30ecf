import ArgumentParser
import FleetClient
import Platform

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check settings, hub, token and clock, and say what to do.",
        discussion: "Ends with the exit code of the first failure; a warning is none.")

    @OptionGroup var output: OutputOptions

    func run() async throws {
        var diagnosis = Diagnosis()
        do {
            let settings = try ClientSettings.load(Console.variable)
            diagnosis.add("settings", .ok, try source())
            checkURL(settings.url, &diagnosis)
            diagnosis = try await FleetClient.with(settings) { [diagnosis] client in
                await check(client, diagnosis)
            }
        } catch let error as FleetClientError {
            diagnosis.add("settings", error)
        }
        if output.isJSON { Console.json(diagnosis.object) } else { show(diagnosis) }
        if let code = diagnosis.exitCode { throw ExitCode(code) }
    }

    private func source() throws(FleetClientError) -> String {
        let names = ["FLEET_URL", "FLEET_TOKEN"].filter { Console.variable($0) != nil }
        if names.count == 2 { return "FLEET_URL and FLEET_TOKEN" }
        let path = try ClientSettings.path(Console.variable)
        return ([path + ", readable by you only"] + names).joined(separator: "; ")
    }

    private func checkURL(_ url: HubURL, _ diagnosis: inout Diagnosis) {
        if url.isEncrypted || url.isLoopback {
            diagnosis.add("url", .ok, url.description)
        } else {
            diagnosis.add(
                "url", .warn, "\(url) is not encrypted: the token can be read on the way",
                advice: "Use https, or a tunnel such as ssh -L.")
        }
    }

    private func check(_ client: FleetClient, _ before: Diagnosis) async -> Diagnosis {
        var diagnosis = before
        let start = ContinuousClock.now
        do {
            let health = try await client.health().content
            let took = start.duration(to: .now)
            diagnosis.add("hub", .ok, "answered in \(Int(took / .milliseconds(1))) ms")
            checkHealth(health, &diagnosis)
            await checkToken(client, &diagnosis)
            checkClock(health.time, &diagnosis)
        } catch {
            diagnosis.add("hub", error)
        }
        return diagnosis
    }

    private func checkHealth(_ health: HubHealth, _ diagnosis: inout Diagnosis) {
        let detail =
            "\(health.status): store \(health.store), mqtt \(health.mqtt), "
            + "coap \(health.coap)" + (health.coaps.map { ", coaps \($0)" } ?? "")
        var advice: [String] = []
        if health.store == "full" { advice.append("Free space on the hub's disk.") }
        if health.store == "damaged" {
            advice.append("Run `fleet-hub doctor --data DIR` on the hub.")
        }
        if health.mqtt == "disconnected" {
            advice.append("Start the MQTT broker, or give the hub its address with --mqtt.")
        }
        if health.coap == "disconnected" {
            advice.append("Free the hub's CoAP port, or give it another one with --coap.")
        }
        if health.coaps == "disconnected" {
            advice.append("Free the hub's CoAP port for DTLS, or give it another with --coaps.")
        }
        if health.status == "ok", advice.isEmpty {
            diagnosis.add("health", .ok, detail)
        } else {
            let fallback = "Read the hub's own log."
            diagnosis.add(
                "health", .warn, detail,
                advice: advice.isEmpty ? fallback : advice.joined(separator: " "))
        }
    }

    private func checkToken(_ client: FleetClient, _ diagnosis: inout Diagnosis) async {
        do {
            let hub = try await client.hub().content
            diagnosis.add("token", .ok, "accepted by fleet-hub \(hub.version)")
        } catch {
            diagnosis.add("token", error)
        }
    }

    private func checkClock(_ time: WallTime?, _ diagnosis: inout Diagnosis) {
        guard let time else {
            diagnosis.add(
                "clock", .warn, "the hub's answer says no time, so clocks cannot be compared",
                advice: "Compare `date` here and on the hub.")
            return
        }
        // The hub says whole seconds and the answer took a while.
        let difference = Console.now() - time
        let seconds = difference.count / 1000
        if seconds.magnitude <= 2 {
            diagnosis.add("clock", .ok, "agrees with the hub's")
        } else {
            let side = seconds > 0 ? "ahead of" : "behind"
            diagnosis.add(
                "clock", .warn, "\(seconds.magnitude) s \(side) the hub's",
                advice: "Set both by a time server; ages shown here are off by as much.")
        }
    }

    private func show(_ diagnosis: Diagnosis) {
        for check in diagnosis.checks {
            let result = check.result.rawValue
            let word = result + String(repeating: " ", count: 6 - result.count)
            let name = check.name + String(repeating: " ", count: max(1, 10 - check.name.count))
            let lines = Display.wrapped(Display.clean(check.detail), to: Console.width - 16)
            let first = (Console.isColored ? Table.colored(word, check.result.tone) : word) + name
            Console.line(first + (lines.first ?? ""))
            let indent = String(repeating: " ", count: 16)
            for line in lines.dropFirst() { Console.line(indent + line) }
            if !check.advice.isEmpty { Console.paragraph("→ " + check.advice, indent: 16) }
        }
    }
}
