/// The seam to the pins of a board: chips with numbered lines, as the kernel has them.
///
/// A line belongs to whoever requested it until it is released. Calls are short; what happens by
/// itself comes as `events`.
public protocol GPIO: Sendable {
    /// Edges and losses of all requests, in order. One consumer, bounded: what it is too slow for
    /// is missing, and the sequence numbers of the edges tell (`GPIOSequence`).
    var events: AsyncStream<GPIOEvent> { get }

    /// The chips that are there, in the order of their device names.
    func chips() throws(GPIOError) -> [GPIOChip]

    /// All lines of a chip, by its label.
    func lines(of chip: String) throws(GPIOError) -> [GPIOLine]

    /// Takes lines for this process alone.
    func request(_ request: GPIORequest) throws(GPIOError) -> GPIOLease

    /// Drives the lines of a request, in its order, at one moment where the chip can. Ends pulses.
    func set(_ values: [Bool], of handle: GPIOHandle) throws(GPIOError)

    /// Pulses on the one line of a request, until `set`, `release` or the end of this process. At
    /// most `GPIOWave.countMaximum` at a time.
    func pulse(_ wave: GPIOWave, on handle: GPIOHandle) throws(GPIOError)

    /// The levels of a request's lines, in its order, as `isActiveLow` has them.
    func values(of handle: GPIOHandle) throws(GPIOError) -> [Bool]

    /// Gives the lines back. Those with a safe value are driven to it first.
    func release(_ handle: GPIOHandle)

    /// Lines with a safe value take it and stay held; the others are released. `events` ends.
    func close()
}

/// One request's name among those of its `GPIO`; never used twice.
public struct GPIOHandle: Sendable, Hashable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }
}

/// What a request got.
public struct GPIOLease: Sendable, Hashable {
    public let handle: GPIOHandle
    /// The chip's label.
    public let chip: String
    /// In the request's order.
    public let offsets: [Int]
    /// False where the request's debounce is left to the caller.
    public let isDebounced: Bool

    public init(handle: GPIOHandle, chip: String, offsets: [Int], isDebounced: Bool) {
        self.handle = handle
        self.chip = chip
        self.offsets = offsets
        self.isDebounced = isDebounced
    }
}

/// What happened to requested lines.
public enum GPIOEvent: Sendable, Hashable {
    /// Edges in the order the kernel saw them.
    case edges(GPIOHandle, [GPIOEdge])
    /// The lines are gone: the chip was unplugged, say. The handle is of no more use.
    case lost(GPIOHandle, reason: String)
    /// Nobody drives the lines with safe values to them if this process dies.
    case unguarded(reason: String)
}

/// A chip with its lines.
public struct GPIOChip: Sendable, Hashable {
    /// What stays the same over boots, such as `pinctrl-rp1`.
    public let label: String
    /// The kernel's name, such as `gpiochip0`: it depends on the order of probing.
    public let name: String
    public let lineCount: Int

    public init(label: String, name: String, lineCount: Int) {
        self.label = label
        self.name = name
        self.lineCount = lineCount
    }
}

/// What the kernel tells of a line without its being requested.
public struct GPIOLine: Sendable, Hashable {
    public let offset: Int
    /// Empty where the board's device tree gives none.
    public let name: String
    /// Who has it; nil where it is free, empty where its owner gave no name.
    public let consumer: String?
    public let isOutput: Bool
    public let isActiveLow: Bool

    public init(
        offset: Int, name: String, consumer: String? = nil, isOutput: Bool = false,
        isActiveLow: Bool = false
    ) {
        self.offset = offset
        self.name = name
        self.consumer = consumer
        self.isOutput = isOutput
        self.isActiveLow = isActiveLow
    }
}
