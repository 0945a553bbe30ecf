import CGPIOD
import Glibc
public import Platform

/// The board's pins, through libgpiod and version 2 of the kernel's interface.
///
/// Nothing is loaded or started before the first call: a board without declared pins pays nothing.
public final class LinuxGPIO: GPIO {
    public let events: AsyncStream<GPIOEvent>

    let continuation: AsyncStream<GPIOEvent>.Continuation
    let state = Locked(State())
    private let folder: String
    let guardPlace: GPIOGuard.Place?
    private let libraries: [(name: String, generation: Int32)]

    /// Batches that wait for the reader, of 64 edges at most; the oldest go first.
    static let batchesMaximum = 1024

    struct State {
        var library: GPIODLibrary?
        var loop: GPIOEventLoop?
        var guardian: GuardBox?
        var guardRestarts = 0
        var requests: [GPIOHandle: Request] = [:]
        var waves: [GPIOHandle: Wave] = [:]
        /// Wakes the thread of the waves; -1 while there is none.
        var waveBell: Int32 = -1
        var next: UInt32 = 1
        var isClosed = false
    }

    struct Request {
        let descriptor: Int32
        let path: String
        let lineCount: Int
        let safe: [Bool]?
    }

    /// A guard in a place that is copied; whoever drops it ends it.
    final class GuardBox: Sendable {
        let value: GPIOGuard

        init(_ place: GPIOGuard.Place) throws(GPIOError) { value = try GPIOGuard(place) }
    }

    /// - Parameters:
    ///   - guardProgram: `edge-gpio-guard`; nil where lines with safe values are refused.
    ///   - lock: A file that tells one agent's guard from another's; in the state directory.
    public convenience init(guardProgram: String?, lock: String) {
        self.init(
            folder: "/dev",
            guardPlace: guardProgram.map { GPIOGuard.Place(program: $0, lock: lock) },
            libraries: GPIODLibrary.candidates)
    }

    init(
        folder: String, guardPlace: GPIOGuard.Place?,
        libraries: [(name: String, generation: Int32)]
    ) {
        (events, continuation) = AsyncStream.makeStream(
            bufferingPolicy: .bufferingNewest(Self.batchesMaximum))
        self.folder = folder
        self.guardPlace = guardPlace
        self.libraries = libraries
    }

    deinit { close() }

    public func chips() throws(GPIOError) -> [GPIOChip] {
        try found(library()).map(\.chip)
    }

    public func lines(of label: String) throws(GPIOError) -> [GPIOLine] {
        let library = try library()
        guard let entry = try found(library).first(where: { $0.chip.label == label }) else {
            throw GPIOError(.notFound, "this board has no GPIO chip \(label)")
        }
        return try library.lines(entry.path, count: entry.chip.lineCount)
    }

    /// The generation of libgpiod that is in use.
    public func generation() throws(GPIOError) -> Int { try library().generation }

    private func library() throws(GPIOError) -> GPIODLibrary {
        let result = state.with { state in
            Result { () throws(GPIOError) in try state.loaded(libraries) }
        }
        return try result.get()
    }

    private func found(
        _ library: GPIODLibrary
    ) throws(GPIOError) -> [(chip: GPIOChip, path: String)] {
        var found: [(chip: GPIOChip, path: String)] = []
        let names = LinuxFileSystem().list(folder).filter { $0.hasPrefix("gpiochip") }
        var refusal: GPIOError?
        for name in names.sorted(by: { ($0.utf8.count, $0) < ($1.utf8.count, $1) }) {
            do throws(GPIOError) {
                let chip = try library.chip("\(folder)/\(name)")
                // Raspberry Pi OS links old numbers to new ones.
                if chip.name == name { found.append((chip, "\(folder)/\(name)")) }
            } catch {
                refusal = error
            }
        }
        if found.isEmpty, let refusal { throw refusal }
        return found
    }

    public func request(_ request: GPIORequest) throws(GPIOError) -> GPIOLease {
        try request.check()
        let library = try library()
        let chips = try found(library)
        var entries: [(chip: GPIOChip, lines: [GPIOLine])] = []
        for entry in chips where request.chip == nil || entry.chip.label == request.chip {
            entries.append(
                (entry.chip, try library.lines(entry.path, count: entry.chip.lineCount)))
        }
        let (chip, lines) = try GPIODirectory(entries).find(request.lines, chip: request.chip)
        guard let path = chips.first(where: { $0.chip == chip })?.path else {
            throw GPIOError(.gone, "\(chip.label) is gone")
        }
        var wanted = request
        var first: [Bool]?
        var safe: [Bool]?
        if case .output(let initial, let values?) = request.direction {
            try startGuard()
            safe = values
            // Nothing else before the guard has the line: the agent may be killed right here.
            wanted.direction = .output(initial: values, safe: values)
            first = initial == values ? nil : initial
        }
        var result = library.request(path, wanted.raw(lines.map(\.offset)))
        // A kernel or chip that does not debounce takes the lines without; the caller does it then.
        if case .failure(let error) = result, wanted.debounceMicroseconds > 0,
            [EINVAL, ENOTSUP, ENXIO].contains(error.code)
        {
            wanted.debounceMicroseconds = 0
            result = library.request(path, wanted.raw(lines.map(\.offset)))
        }
        let descriptor: Int32
        switch result {
        case .success(let opened): descriptor = opened
        case .failure(let error):
            throw busy(library, path, lines, error.code) ?? .kernel(error.code, path)
        }
        let handle = try adopt(
            Request(descriptor: descriptor, path: path, lineCount: lines.count, safe: safe),
            hasEdges: request.edges != .none)
        if let first {
            do throws(GPIOError) {
                try set(first, of: handle)
            } catch {
                release(handle)
                throw error
            }
        }
        return GPIOLease(
            handle: handle, chip: chip.label, offsets: lines.map(\.offset),
            isDebounced: wanted.debounceMicroseconds == request.debounceMicroseconds)
    }

    /// Who has the line that the kernel refused.
    private func busy(
        _ library: GPIODLibrary, _ path: String, _ lines: [GPIOLine], _ code: Int32
    ) -> GPIOError? {
        guard code == EBUSY else { return nil }
        for line in lines {
            guard let now = library.line(path, line.offset), let consumer = now.consumer
            else { continue }
            let name = now.name.isEmpty ? "\(line.offset)" : "\(line.offset) (\(now.name))"
            return .busy(name, consumer: consumer)
        }
        return .busy("\(lines.map(\.offset))", consumer: "")
    }

    private func adopt(_ request: Request, hasEdges: Bool) throws(GPIOError) -> GPIOHandle {
        let result = state.with { state in
            Result { () throws(GPIOError) in
                try add(request, hasEdges: hasEdges, to: &state)
            }
        }
        do throws(GPIOError) {
            return try result.get()
        } catch {
            Glibc.close(request.descriptor)
            throw error
        }
    }

    private func add(
        _ request: Request, hasEdges: Bool, to state: inout State
    ) throws(GPIOError) -> GPIOHandle {
        guard !state.isClosed else { throw .closed }
        let handle = GPIOHandle(rawValue: state.next)
        state.next &+= 1
        if let safe = request.safe {
            guard let guardian = state.guardian else {
                throw GPIOError(.unguarded, "the GPIO guard is gone; see the agent's log")
            }
            try guardian.value.hold(handle, request.descriptor, safe: safe)
        }
        if hasEdges {
            try loop(&state).watch(request.descriptor, handle.rawValue)
        }
        state.requests[handle] = request
        return handle
    }

    public func set(_ values: [Bool], of handle: GPIOHandle) throws(GPIOError) {
        try onLines(handle, endsWave: true) { request in
            values.count == request.lineCount
                ? edge_gpio_set(request.descriptor, UInt32(values.count), values.bits)
                : Self.refused()
        }
    }

    public func values(of handle: GPIOHandle) throws(GPIOError) -> [Bool] {
        var bits: UInt64 = 0
        var count = 0
        try onLines(handle) { request in
            count = request.lineCount
            return edge_gpio_get(request.descriptor, UInt32(count), &bits)
        }
        return [Bool](bits: bits, count: count)
    }

    private static func refused() -> Int32 {
        errno = EINVAL
        return -1
    }

    private func onLines(
        _ handle: GPIOHandle, endsWave: Bool = false, _ body: (Request) -> Int32
    ) throws(GPIOError) {
        let refusal: GPIOError? = state.with { state in
            guard let request = state.requests[handle] else { return .released }
            if endsWave { state.endWave(handle) }
            return body(request) == 0 ? nil : .kernel(errno, request.path)
        }
        if let refusal { throw refusal }
    }

    public func release(_ handle: GPIOHandle) {
        state.with { state in
            guard let request = state.requests.removeValue(forKey: handle) else { return }
            state.endWave(handle)
            state.loop?.forget(request.descriptor)
            if let safe = request.safe {
                _ = edge_gpio_set(request.descriptor, UInt32(safe.count), safe.bits)
                state.guardian?.value.forget(handle)
            }
            Glibc.close(request.descriptor)
        }
    }

    public func close() {
        state.with { state in
            guard !state.isClosed else { return }
            state.isClosed = true
            for handle in state.waves.keys { state.endWave(handle) }
            for request in state.requests.values {
                if let safe = request.safe {
                    _ = edge_gpio_set(request.descriptor, UInt32(safe.count), safe.bits)
                }
                state.loop?.forget(request.descriptor)
                Glibc.close(request.descriptor)
            }
            state.requests = [:]
            // The guard sees the socket end and goes on holding its lines.
            state.guardian = nil
            state.loop?.stop()
            if state.loop == nil { continuation.finish() }
        }
    }
}

extension LinuxGPIO.State {
    /// The thread ends by itself once there is no wave left.
    mutating func endWave(_ handle: GPIOHandle) {
        if waves.removeValue(forKey: handle) != nil, waveBell >= 0 { edge_gpio_ring(waveBell) }
    }

    fileprivate mutating func loaded(
        _ candidates: [(name: String, generation: Int32)]
    ) throws(GPIOError) -> GPIODLibrary {
        if let library { return library }
        let loaded = try GPIODLibrary(candidates)
        library = loaded
        return loaded
    }
}

extension GPIOError {
    static let closed = GPIOError(.gone, "GPIO is closed")
    static let released = GPIOError(
        .gone, "the lines were released, or their chip is gone; request them again")
}
