/// The bounds of the model. Small, so that short runs reach them.
public struct Settings: Sendable, Equatable {
    /// Frames in flight; sending more loses the oldest.
    public var framesInFlight = 3
    /// Context entries that a HELLO or UP lists.
    public var listed = 2
    /// Removals that the hub keeps.
    public var removalsKept = 2
    /// Cells in each part of a frame; 0 leaves frames whole.
    public var partSize = 0
    /// How far ahead of the hub's clock a stamp may be.
    public var drift = 10

    public init() {}
}

/// Numbers that are drawn at random in the product and must be new each time.
struct Serials: Sendable {
    private var openings = 0
    private var numbers = 0

    mutating func opening() -> Int {
        defer { openings += 1 }
        return openings
    }

    mutating func number() -> Int {
        numbers += 1
        return numbers
    }
}
