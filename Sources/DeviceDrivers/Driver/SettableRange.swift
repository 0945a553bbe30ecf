/// What a settable property of a declared device takes.
public enum SettableRange: Sendable, Hashable {
    /// true or false.
    case flag
    case number(ClosedRange<Double>)
}
