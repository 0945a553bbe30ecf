public import Platform

/// A chip on a simulated I2C bus.
public protocol SimChip: Sendable {
    /// False where it does not acknowledge.
    mutating func write(_ bytes: [UInt8]) -> Bool
    /// Nil where it does not acknowledge.
    mutating func read(_ count: Int) -> [UInt8]?
    mutating func pass(_ span: Milliseconds)
    /// Its supply was away.
    mutating func losePower()
}

/// A chip of registers: the first byte written is a register's number, the following go there and
/// to the next ones; reads begin there.
public struct SimRegisterChip: SimChip {
    /// What a chip does when a register is written, beside keeping it.
    public typealias Behaviour = @Sendable (inout SimRegisterChip, UInt8, [UInt8]) -> Void

    /// Bytes of one register: 1, or 2 with the high byte first.
    private let width: Int
    private let initial: [UInt8: [UInt8]]
    private let behaviour: Behaviour
    private var pointer: UInt8 = 0
    public var registers: [UInt8: [UInt8]]
    /// What changes after so long.
    private var pending: [(left: Milliseconds, register: UInt8, bytes: [UInt8])] = []

    /// - Parameter registers: From a register on, these bytes.
    public init(
        width: Int = 1, _ registers: [UInt8: [UInt8]],
        behaviour: @escaping Behaviour = { _, _, _ in }
    ) {
        self.width = width
        self.behaviour = behaviour
        var single: [UInt8: [UInt8]] = [:]
        for (first, bytes) in registers {
            for (index, start) in stride(from: 0, to: bytes.count, by: width).enumerated() {
                let register = first &+ UInt8(truncatingIfNeeded: index)
                single[register] = Array(bytes[start..<min(start + width, bytes.count)])
            }
        }
        initial = single
        self.registers = single
    }

    public mutating func write(_ bytes: [UInt8]) -> Bool {
        guard let first = bytes.first else { return true }
        pointer = first
        let data = Array(bytes.dropFirst())
        for (index, start) in stride(from: 0, to: data.count, by: width).enumerated() {
            let register = first &+ UInt8(truncatingIfNeeded: index)
            registers[register] = Array(data[start..<min(start + width, data.count)])
        }
        if !data.isEmpty { behaviour(&self, first, data) }
        return true
    }

    public mutating func read(_ count: Int) -> [UInt8]? {
        var bytes: [UInt8] = []
        var register = pointer
        while bytes.count < count {
            bytes += registers[register] ?? [UInt8](repeating: 0, count: width)
            register &+= 1
        }
        return Array(bytes.prefix(count))
    }

    /// Registers that change after so long.
    public mutating func change(after span: Milliseconds, _ register: UInt8, _ bytes: [UInt8]) {
        pending.append((span, register, bytes))
    }

    public mutating func pass(_ span: Milliseconds) {
        for index in pending.indices { pending[index].left = pending[index].left - span }
        for change in pending where change.left <= 0 { registers[change.register] = change.bytes }
        pending.removeAll { $0.left <= 0 }
    }

    public mutating func losePower() {
        registers = initial
        pending = []
        pointer = 0
    }
}

/// A chip that takes commands and answers them after a while; until then it does not acknowledge.
public struct SimCommandChip: SimChip {
    /// A command's answer, and how long it takes.
    public struct Answer: Sendable {
        public let bytes: [UInt8]
        public let span: Milliseconds

        public init(_ bytes: [UInt8] = [], after span: Milliseconds = 0) {
            self.bytes = bytes
            self.span = span
        }
    }

    private let commands: [[UInt8]: Answer]
    /// Commands that are taken only once this one was given.
    private let opening: [UInt8]?
    private let afterOpening: Set<[UInt8]>
    private let resting: [UInt8]
    private var isOpen = false
    private var answer: [UInt8] = []
    private var busy: Milliseconds = 0

    /// - Parameters:
    ///   - resting: What a read gives that no command came before.
    ///   - opening: With `afterOpening`: commands that the chip takes only after this one.
    public init(
        _ commands: [[UInt8]: Answer], resting: [UInt8] = [], opening: [UInt8]? = nil,
        afterOpening: Set<[UInt8]> = []
    ) {
        self.commands = commands
        self.resting = resting
        self.opening = opening
        self.afterOpening = afterOpening
        answer = resting
    }

    public mutating func write(_ bytes: [UInt8]) -> Bool {
        if bytes.isEmpty { return true }
        guard busy <= 0, let command = commands[bytes] else { return false }
        if afterOpening.contains(bytes), !isOpen { return false }
        if bytes == opening { isOpen = true }
        answer = command.bytes.isEmpty ? resting : command.bytes
        busy = command.span
        return true
    }

    public mutating func read(_ count: Int) -> [UInt8]? {
        guard busy <= 0, !answer.isEmpty else { return nil }
        let padded = answer + [UInt8](repeating: 0xFF, count: max(0, count - answer.count))
        return Array(padded.prefix(count))
    }

    public mutating func pass(_ span: Milliseconds) { busy = busy - span }

    public mutating func losePower() {
        isOpen = false
        answer = resting
        busy = 0
    }
}
