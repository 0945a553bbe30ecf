import DeviceDrivers
import Platform
import PowerManager

/// What `desired/power/state` says: a state for a time, or none, which is `auto`.
struct PowerOrder: Sendable, Hashable {
    struct Fault: Error, Sendable, Hashable, CustomStringConvertible {
        let description: String
    }

    /// Nil leaves the choice to the agent.
    let state: PowerState?
    /// Nil is until another order.
    let span: Milliseconds?

    static let spans: ClosedRange<Milliseconds> = .seconds(1) ... .seconds(2_592_000)

    init(state: PowerState?, span: Milliseconds?) {
        self.state = state
        self.span = span
    }

    /// A state's name, or a map of `state` and perhaps `for`.
    init(_ value: Value) throws(Fault) {
        let states = [Self.automatic] + PowerState.allCases.map(\.rawValue)
        for entry in value.mapValue ?? [] where !["state", "for"].contains(entry.key) {
            throw Fault(description: "\(entry.key) is no field; use state and for")
        }
        guard let name = (value["state"] ?? value).stringValue, states.contains(name) else {
            throw Fault(description: "state is none of \(states.joined(separator: ", "))")
        }
        state = PowerState(rawValue: name)
        if let text = value["for"], text != .null {
            do throws(DeviceBlockError) {
                span = try DeviceBlock.span(text, "for", Self.spans)
            } catch {
                throw Fault(description: error.description)
            }
        } else {
            span = nil
        }
        guard state != .off || span != nil else {
            throw Fault(description: "off needs for, as in 2h: nobody but its alarm wakes a board")
        }
    }

    static let automatic = "auto"
}
