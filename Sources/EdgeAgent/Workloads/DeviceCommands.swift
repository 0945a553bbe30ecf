import DeviceDrivers
import Platform
import SyncProtocol

/// Commands to local devices that the board's broker has not answered yet, or that the device has
/// not confirmed.
struct DeviceCommands {
    /// The wish that a command carries out.
    struct Wish: Hashable {
        let path: TwinPath
        let dot: Dot
    }

    /// What the broker's answer means for a wish.
    enum Step: Hashable {
        /// The device says nothing of this property, or its state is already the wished one.
        case done
        /// The device's own word is waited for.
        case waiting
    }

    private struct Sent {
        let wish: Wish
        let device: String
        let command: DeviceCommand
        /// Nil until the broker has the command.
        var due: MonotonicTime?
        var isConfirmed: Bool
    }

    /// As many as mosquitto lets one client have on the way (its `max_inflight_messages`): more
    /// would only wait in memory. Wishes beyond it wait in the twin, where a later one for the same
    /// path takes the place of the one before.
    static let outstandingMaximum = 20
    /// Commands that devices have not confirmed yet.
    static let waitingMaximum = 64
    /// How long a device has to say that it has done it. Zigbee devices that sleep poll every
    /// seven seconds or so.
    static let patience: Milliseconds = 15_000

    /// By the number that the bus gave. A command whose wish was replaced stays until its answer.
    private var outstanding: [UInt64: Sent] = [:]

    var isFull: Bool {
        let unanswered = outstanding.values.count { $0.due == nil }
        return unanswered >= Self.outstandingMaximum
            || outstanding.count - unanswered >= Self.waitingMaximum
    }

    /// When the next device has had its time.
    var deadline: MonotonicTime? { outstanding.values.compactMap(\.due).min() }

    /// Whether this very wish is on its way.
    func isOutstanding(_ cell: Cell) -> Bool {
        let wish = Wish(path: cell.path, dot: cell.dot)
        return outstanding.values.contains { $0.wish == wish }
    }

    /// - Parameter isConfirmed: the device's state is the wished one already, so that it may have
    ///   no reason to say it again.
    mutating func onSent(
        _ cell: Cell, _ number: UInt64, _ device: String, _ command: DeviceCommand,
        isConfirmed: Bool
    ) {
        outstanding[number] = Sent(
            wish: Wish(path: cell.path, dot: cell.dot), device: device, command: command,
            isConfirmed: isConfirmed || command.property == nil)
    }

    /// The broker has the command.
    mutating func onAccepted(_ number: UInt64, at now: MonotonicTime) -> (Wish, Step)? {
        guard var sent = outstanding[number], sent.due == nil else { return nil }
        guard !sent.isConfirmed else {
            outstanding[number] = nil
            return (sent.wish, .done)
        }
        sent.due = now + Self.patience
        outstanding[number] = sent
        return (sent.wish, .waiting)
    }

    /// The broker does not have the command; nil where it was not one of these.
    mutating func onRefused(_ number: UInt64) -> Wish? {
        guard let sent = outstanding[number], sent.due == nil else { return nil }
        outstanding[number] = nil
        return sent.wish
    }

    /// A device says what a property is. Returns the wishes that this confirms.
    mutating func onReport(_ device: String, _ property: String, _ value: Value) -> [Wish] {
        var confirmed: [Wish] = []
        for (number, sent) in outstanding.sorted(by: { $0.key < $1.key })
        where sent.device == device && sent.command.property == property {
            let isDone = sent.command.isConfirmed(by: value)
            if isDone, sent.due != nil {
                outstanding[number] = nil
                confirmed.append(sent.wish)
            } else if sent.due == nil {
                outstanding[number]?.isConfirmed = isDone
            }
        }
        return confirmed
    }

    /// The wishes whose devices have not said anything in time.
    mutating func onTick(_ now: MonotonicTime) -> [Wish] {
        let late = outstanding.filter { $0.value.due.map { $0 <= now } ?? false }
        for number in late.keys { outstanding[number] = nil }
        return late.sorted { $0.key < $1.key }.map(\.value.wish)
    }
}
