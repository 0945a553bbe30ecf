/// Which lines to take, and what for.
public struct GPIORequest: Sendable, Hashable {
    /// An input, or an output with its first values.
    public enum Direction: Sendable, Hashable {
        case input
        /// First values, one a line, set before the line becomes an output. With `safe`, one a
        /// line, the values that the lines take when this process ends, however it ends.
        case output(initial: [Bool], safe: [Bool]?)
    }

    /// The pull of an input, and of an open output.
    public enum Bias: Sendable, Hashable {
        case asIs, disabled, pullUp, pullDown
    }

    /// How an output drives its line.
    public enum Drive: Sendable, Hashable {
        case pushPull, openDrain, openSource
    }

    /// The edges of an input that become events, as `isActiveLow` has them.
    public enum Edges: Sendable, Hashable {
        case none, rising, falling, both
    }

    /// The kernel's bound for one request (linux/gpio.h, GPIO_V2_LINES_MAX).
    public static let lineMaximum = 64
    /// The kernel's bound for the name of a consumer, without its end.
    public static let consumerBytesMaximum = 31
    /// What the kernel keeps of edges at most: 16 for each of 64 lines.
    public static let bufferMaximum = 1024

    /// A label; nil where the lines' names decide.
    public var chip: String?
    /// Offsets, names of the board's device tree, or `GPIO17`: see `GPIODirectory`.
    public var lines: [String]
    /// Who others are told has the lines, cut to `consumerBytesMaximum`.
    public var consumer: String
    public var direction: Direction
    public var bias = Bias.asIs
    public var drive = Drive.pushPull
    /// True where a low level is "on".
    public var isActiveLow = false
    public var edges = Edges.none
    /// How long a level must last before its edge counts, in microseconds; 0 for none.
    public var debounceMicroseconds: UInt32 = 0
    /// Edges that the kernel keeps while nobody reads; then the oldest goes, which shows in the
    /// sequence numbers.
    public var buffer = 256

    public init(chip: String?, lines: [String], consumer: String, direction: Direction) {
        self.chip = chip
        self.lines = lines
        self.consumer = consumer
        self.direction = direction
    }

    /// Throws what is wrong with the request itself, whatever the board.
    public func check() throws(GPIOError) {
        guard 1...Self.lineMaximum ~= lines.count else {
            throw GPIOError(
                .invalid, "a request takes 1 to \(Self.lineMaximum) lines, not \(lines.count)")
        }
        guard 1...Self.bufferMaximum ~= buffer else {
            throw GPIOError(
                .invalid, "the kernel keeps 1 to \(Self.bufferMaximum) edges, not \(buffer)")
        }
        guard case .output(let initial, let safe) = direction else { return }
        guard initial.count == lines.count, safe.map({ $0.count == lines.count }) ?? true else {
            throw GPIOError(.invalid, "an output needs one first and one safe value a line")
        }
        guard edges == .none, debounceMicroseconds == 0 else {
            throw GPIOError(.invalid, "an output has no edges and no debounce; request an input")
        }
    }
}
