/// How far a wish for a device's property has come.
public enum DeviceWish: Sendable, Hashable {
    /// The device says so itself.
    case done
    /// The board has not answered yet.
    case pending
    /// The board or the device will not have it.
    case refused(String)
    /// The board has passed it on, and the device has not confirmed it.
    case unconfirmed(String)

    /// As the cell of the wish says.
    public init(_ cell: TwinCell) {
        switch cell.status {
        case .applied?: self = .done
        case .refused?:
            let reason = cell.reason ?? "it gave no reason"
            // The board's word for a device that stays silent (docs/mqtt-devices.md).
            let mark = "timeout: "
            self =
                reason.hasPrefix(mark)
                ? .unconfirmed(String(reason.dropFirst(mark.count))) : .refused(reason)
        case .pending?, .other?, nil: self = .pending
        }
    }

    /// Whether a text is `DEVICE/PROPERTY`.
    public static func isProperty(_ text: String) -> Bool {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        return parts.count == 2 && parts.allSatisfy { !$0.isEmpty } && !text.hasSuffix("/")
    }

    /// What to tell of a wish that is not done: `.refused`, else `.failed`.
    public func error(board: String, property: String, seconds: Double) -> FleetClientError {
        switch self {
        case .refused(let reason):
            FleetClientError(
                .refused, "\(board) refused \(property): \(reason)",
                hint: "See what it has with `fleet devices of \(board)`")
        case .unconfirmed(let reason):
            FleetClientError(
                .failed, "\(property) of \(board) timed out: \(reason)",
                hint: "See its presence and its state with `fleet devices of \(board)`")
        case .pending, .done:
            FleetClientError(
                .failed,
                "\(board) did not answer within \(Display.compact(.number(seconds))) s, and the wish "
                    + "for \(property) is pending",
                hint: "It is kept and carried out when the board is online; see "
                    + "`fleet device show \(board)`, or take it back with "
                    + "`fleet twin delete \(board) desired/devices/\(property)`")
        }
    }
}
