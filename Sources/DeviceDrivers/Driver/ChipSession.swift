public import Platform

/// Carries a chip's operations out, step by step.
public struct ChipSession: DeviceDriver {
    private enum Phase { case idle, setup, sample, command }

    private var chip: any ChipDriver
    private var phase = Phase.idle
    private var isSetUp = false
    private var program: [ChipOperation] = []
    private var position = 0
    private var attempts = 0
    private var answers: [[UInt8]] = []

    public init(_ chip: any ChipDriver) { self.chip = chip }

    public mutating func begin() throws(DriverFault) -> DriverStep {
        enter(isSetUp ? .sample : .setup)
        return try advance()
    }

    public mutating func set(_ property: String, _ value: Value) throws(DriverFault) -> DriverStep {
        enter(.command, try chip.command(property, value))
        return try advance()
    }

    public func range(of property: String) -> SettableRange? { chip.range(of: property) }

    public mutating func abandon() {
        phase = .idle
        isSetUp = false
    }

    public mutating func resume(_ answer: DriverAnswer) throws(DriverFault) -> DriverStep {
        guard phase != .idle, position < program.count else {
            throw DriverFault(.badAnswer, "an answer came that nobody asked for")
        }
        switch (program[position], answer) {
        case (.wait, .waited): position += 1
        case (.write, .bytes): position += 1
        case (.read(let messages), .bytes(let bytes)):
            try Self.check(bytes, messages)
            answers.append(bytes)
            position += 1
        case (.until(let messages, let every, let most, let isReady), .bytes(let bytes)):
            try Self.check(bytes, messages)
            guard try !isReady(bytes) else {
                position += 1
                attempts = 0
                break
            }
            attempts += 1
            guard attempts < most else {
                throw DriverFault(
                    .notReady,
                    "the chip is still busy after \(every.count * Int64(most)) ms; it may have lost "
                        + "its supply")
            }
            return .wait(every)
        case (.until(let messages, _, _, _), .waited): return .transfer(messages)
        default: throw DriverFault(.badAnswer, "an answer of another kind than was asked for")
        }
        return try advance()
    }

    private static func check(
        _ bytes: [UInt8], _ messages: [I2CMessage]
    ) throws(DriverFault) {
        let expected = I2CTransfer(I2CAddress(low: 0), messages).readCount
        guard bytes.count == expected else {
            throw DriverFault(
                .badAnswer, "\(bytes.count) bytes came where \(expected) were asked for")
        }
    }

    private mutating func enter(_ phase: Phase, _ operations: [ChipOperation]? = nil) {
        self.phase = phase
        program = operations ?? (phase == .setup ? chip.setup : chip.sample)
        position = 0
        attempts = 0
        answers = []
    }

    /// The step of the operation at hand; at a list's end, what follows from its answers.
    private mutating func advance() throws(DriverFault) -> DriverStep {
        while position == program.count {
            switch phase {
            case .setup:
                try chip.adopt(answers)
                isSetUp = true
                enter(.sample)
            case .sample:
                phase = .idle
                return .done(try chip.readings(answers))
            case .command, .idle:
                phase = .idle
                return .done([])
            }
        }
        switch program[position] {
        case .write(let bytes): return .transfer([.write(bytes)])
        case .read(let messages), .until(let messages, _, _, _): return .transfer(messages)
        case .wait(let span): return .wait(span)
        }
    }
}
