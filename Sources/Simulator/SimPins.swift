import Platform

/// The pins of a simulated board, with a hand at the header: it pulls inputs and reads outputs.
/// They outlive the processes that use them, each through a `SimGPIO`.
public final class SimPins: @unchecked Sendable {
    // @unchecked: used by the thread that runs the world.

    struct Pin {
        let name: String
        var pull = false
        var owner: Owner?
        /// The level that the owner drives; nil for an input.
        var driven: Bool?
    }

    struct Owner: Hashable {
        let consumer: String
        /// Zero for one outside, such as a driver of the kernel.
        let process: UInt32
        let handle: GPIOHandle
    }

    private(set) var chips: [(label: String, pins: [Pin])]
    private var listeners: [UInt32: SimGPIO] = [:]
    private var processes: UInt32 = 0
    private let nanoseconds: @Sendable () -> UInt64

    /// - Parameters:
    ///   - chips: Labels, with a name or an empty text for each line.
    ///   - nanoseconds: The time of edges.
    public init(
        _ chips: [(label: String, names: [String])], nanoseconds: @escaping @Sendable () -> UInt64
    ) {
        self.chips = chips.map { chip in (chip.label, chip.names.map { Pin(name: $0) }) }
        self.nanoseconds = nanoseconds
    }

    /// What a line's voltage says.
    public func level(_ chip: Int, _ line: Int) -> Bool {
        let pin = chips[chip].pins[line]
        return pin.driven ?? pin.pull
    }

    /// Pulls a line up or down from outside.
    public func pull(_ chip: Int, _ line: Int, up: Bool) {
        let before = level(chip, line)
        chips[chip].pins[line].pull = up
        guard level(chip, line) != before, let owner = chips[chip].pins[line].owner else { return }
        listeners[owner.process]?.onLevel(line, up, owner.handle, at: nanoseconds())
    }

    /// Takes a line as a driver of the kernel does.
    public func hog(_ chip: Int, _ line: Int, consumer: String) {
        chips[chip].pins[line].owner = Owner(
            consumer: consumer, process: 0, handle: GPIOHandle(rawValue: 0))
    }

    /// Whether a line belongs to anybody.
    public func isHeld(_ chip: Int, _ line: Int) -> Bool { chips[chip].pins[line].owner != nil }

    func register(_ process: SimGPIO) -> UInt32 {
        processes += 1
        listeners[processes] = process
        return processes
    }

    func forget(_ process: UInt32) { listeners[process] = nil }

    /// As the guard of a real board, which the next agent ends.
    func endGuards(before process: UInt32) {
        for chip in chips.indices {
            for line in chips[chip].pins.indices {
                guard let owner = chips[chip].pins[line].owner, owner.process > 0,
                    owner.process != process, listeners[owner.process] == nil
                else { continue }
                free(chip, line)
            }
        }
    }

    func take(_ chip: Int, _ line: Int, _ owner: Owner, driven: Bool?) {
        chips[chip].pins[line].owner = owner
        chips[chip].pins[line].driven = driven
    }

    func drive(_ chip: Int, _ line: Int, _ level: Bool) { chips[chip].pins[line].driven = level }

    /// An output that nobody holds floats to its pull, as on a Raspberry Pi with a mainline kernel.
    func free(_ chip: Int, _ line: Int) {
        chips[chip].pins[line].owner = nil
        chips[chip].pins[line].driven = nil
    }
}
