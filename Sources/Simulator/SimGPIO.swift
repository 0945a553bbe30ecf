public import Platform

/// One process's use of simulated pins.
public final class SimGPIO: GPIO, @unchecked Sendable {
    // @unchecked: used by the thread that runs the world.

    public let events: AsyncStream<GPIOEvent>
    private let continuation: AsyncStream<GPIOEvent>.Continuation
    private let pins: SimPins
    private var process: UInt32 = 0
    private var requests: [GPIOHandle: Lease] = [:]
    private var next: UInt32 = 1
    private var isClosed = false
    /// False where the chip does not debounce, so that the caller has to.
    public var debounces = true
    /// Set so that lines with safe values are refused, as where the guard is not installed.
    public var hasGuard = true

    private struct Lease {
        let request: GPIORequest
        let chip: Int
        let offsets: [Int]
        var wave: GPIOWave?
        var sequence: UInt32 = 0
        var lineSequences: [Int: UInt32] = [:]
    }

    public init(_ pins: SimPins) {
        (events, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1024))
        self.pins = pins
        process = pins.register(self)
    }

    public func chips() throws(GPIOError) -> [GPIOChip] {
        pins.chips.enumerated().map { index, chip in
            GPIOChip(label: chip.label, name: "gpiochip\(index)", lineCount: chip.pins.count)
        }
    }

    public func lines(of label: String) throws(GPIOError) -> [GPIOLine] {
        guard let chip = pins.chips.first(where: { $0.label == label }) else {
            throw GPIOError(.notFound, "this board has no GPIO chip \(label)")
        }
        return chip.pins.enumerated().map { offset, pin in
            GPIOLine(
                offset: offset, name: pin.name, consumer: pin.owner?.consumer,
                isOutput: pin.driven != nil)
        }
    }

    public func request(_ request: GPIORequest) throws(GPIOError) -> GPIOLease {
        guard !isClosed else { throw Self.gone }
        try request.check()
        var entries: [(chip: GPIOChip, lines: [GPIOLine])] = []
        for chip in try chips() { entries.append((chip, try lines(of: chip.label))) }
        let found = try GPIODirectory(entries).find(request.lines, chip: request.chip)
        guard let chip = pins.chips.firstIndex(where: { $0.label == found.chip.label }) else {
            throw Self.gone
        }
        if case .output(_, .some) = request.direction {
            guard hasGuard else { throw GPIOError(.unguarded, "edge-gpio-guard is missing") }
            pins.endGuards(before: process)
        }
        let offsets = found.lines.map(\.offset)
        for line in try lines(of: found.chip.label) where offsets.contains(line.offset) {
            if let consumer = line.consumer { throw .busy("\(line.offset)", consumer: consumer) }
        }
        let handle = GPIOHandle(rawValue: next)
        next += 1
        let owner = SimPins.Owner(
            consumer: request.consumer, process: process, handle: handle)
        for (index, offset) in offsets.enumerated() {
            var driven: Bool?
            if case .output(let initial, _) = request.direction {
                driven = initial[index] != request.isActiveLow
            }
            pins.take(chip, offset, owner, driven: driven)
        }
        requests[handle] = Lease(request: request, chip: chip, offsets: offsets)
        return GPIOLease(
            handle: handle, chip: found.chip.label, offsets: offsets,
            isDebounced: debounces || request.debounceMicroseconds == 0)
    }

    public func set(_ values: [Bool], of handle: GPIOHandle) throws(GPIOError) {
        guard let lease = requests[handle] else { throw Self.gone }
        guard case .output = lease.request.direction, values.count == lease.offsets.count else {
            throw GPIOError(.invalid, "these lines are no outputs, or not as many")
        }
        requests[handle]?.wave = nil
        for (offset, value) in zip(lease.offsets, values) {
            pins.drive(lease.chip, offset, value != lease.request.isActiveLow)
        }
    }

    /// The line stays active: nobody looks at it often enough to tell.
    public func pulse(_ wave: GPIOWave, on handle: GPIOHandle) throws(GPIOError) {
        guard let lease = requests[handle] else { throw Self.gone }
        guard case .output = lease.request.direction, lease.offsets.count == 1 else {
            throw .pulsesOneOutput
        }
        let others = requests.filter { $0.key != handle && $0.value.wave != nil }
        guard others.count < GPIOWave.countMaximum else { throw .tooManyWaves }
        requests[handle]?.wave = wave
        pins.drive(lease.chip, lease.offsets[0], !lease.request.isActiveLow)
    }

    /// The pulses on a line of a chip.
    public func wave(_ chip: Int, _ line: Int) -> GPIOWave? {
        requests.values.first { $0.chip == chip && $0.offsets == [line] }?.wave
    }

    public func values(of handle: GPIOHandle) throws(GPIOError) -> [Bool] {
        guard let lease = requests[handle] else { throw Self.gone }
        return lease.offsets.map {
            pins.level(lease.chip, $0) != lease.request.isActiveLow
        }
    }

    public func release(_ handle: GPIOHandle) {
        guard let lease = requests.removeValue(forKey: handle) else { return }
        for offset in lease.offsets { pins.free(lease.chip, offset) }
    }

    public func close() {
        guard !isClosed else { return }
        die()
        continuation.finish()
    }

    /// As `kill -9`: the guard drives what has a safe value and holds it, the rest is freed.
    public func die() {
        isClosed = true
        for lease in requests.values {
            for (index, offset) in lease.offsets.enumerated() {
                if case .output(_, .some(let safe)) = lease.request.direction {
                    pins.drive(lease.chip, offset, safe[index] != lease.request.isActiveLow)
                } else {
                    pins.free(lease.chip, offset)
                }
            }
        }
        requests = [:]
        pins.forget(process)
    }

    func onLevel(_ offset: Int, _ level: Bool, _ handle: GPIOHandle, at nanoseconds: UInt64) {
        guard var lease = requests[handle] else { return }
        let isRising = level != lease.request.isActiveLow
        switch lease.request.edges {
        case .none: return
        case .rising: if !isRising { return }
        case .falling: if isRising { return }
        case .both: break
        }
        lease.sequence &+= 1
        lease.lineSequences[offset, default: 0] &+= 1
        requests[handle] = lease
        continuation.yield(
            .edges(
                handle,
                [
                    GPIOEdge(
                        offset: offset, isRising: isRising, timestamp: nanoseconds,
                        sequence: lease.sequence, lineSequence: lease.lineSequences[offset] ?? 0)
                ]))
    }

    private static let gone = GPIOError(
        .gone, "the lines were released, or GPIO is closed; request them again")
}
