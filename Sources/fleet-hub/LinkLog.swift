import FleetHub
import Logging
import Platform
import ServiceLifecycle

/// Writes a line for each board that a link turned away, where one looks first: the hub's events are
/// in memory. The links bound how often there is one, and keep what strangers sent printable.
struct LinkLog: Service {
    let hub: FleetHub
    let logger: Logger

    func run() async throws {
        let events = await hub.events(after: nil, as: .hub)
        await cancelWhenGracefulShutdown {
            for await event in events {
                guard let line = Self.line(of: event) else { continue }
                logger.warning("\(line)")
            }
        }
    }

    /// Nil for what is no refusal.
    static func line(of event: HubEvent) -> Logger.Message? {
        guard event.data["state"]?.stringValue == "link_refused",
            let reason = event.data["reason"]?.stringValue
        else { return nil }
        let who = event.data["device"]?.stringValue ?? "a stranger"
        return "links: refused \(who): \(reason)"
    }
}
