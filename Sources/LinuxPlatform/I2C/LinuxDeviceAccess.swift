public import Platform

/// Buses and the kernel's files of sensors, each lane on a thread of its own: what hangs holds up
/// nobody else.
public final class LinuxDeviceAccess: DeviceAccess {
    /// Threads at most; a Raspberry Pi has up to nine buses.
    public static let lanesMax = 16

    public let answers: AsyncStream<DeviceAnswer>
    private let continuation: AsyncStream<DeviceAnswer>.Continuation
    private let lanes = Locked<[String: DeviceLane]>([:])
    private let root: String

    /// - Parameter root: Holds `dev` and `sys`; empty for the board's own.
    public init(root: String = "") {
        self.root = root
        // One answer a lane, as whoever asks has one request at a time on each.
        (answers, continuation) = AsyncStream.makeStream(
            bufferingPolicy: .bufferingOldest(Self.lanesMax))
    }

    public func submit(_ request: DeviceRequest) {
        let lane = lanes.with { lanes -> DeviceLane? in
            if let lane = lanes[request.lane] { return lane }
            guard lanes.count < Self.lanesMax else { return nil }
            let lane = DeviceLane(request.lane, root: root)
            lanes[request.lane] = lane
            return lane
        }
        guard let lane else {
            let error = I2CError(.missing, "there are more than \(Self.lanesMax) buses")
            continuation.yield(DeviceAnswer(number: request.number, result: .failed(error)))
            return
        }
        Task { [continuation] in
            let result = await lane.perform(request.work)
            continuation.yield(DeviceAnswer(number: request.number, result: result))
        }
    }

    public func close() { continuation.finish() }
}

/// One bus, or the files, on one thread.
private actor DeviceLane {
    private let executor: ThreadExecutor
    private let name: String
    private let root: String
    /// Opened by the first transfer, and anew after it was gone.
    private var bus: LinuxI2CBus?

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(_ name: String, root: String) {
        self.name = name
        self.root = root
        executor = ThreadExecutor(name: name)
    }

    func perform(_ work: DeviceRequest.Work) -> DeviceAnswer.Result {
        switch work {
        case .list(let directory): .names(LinuxFileSystem().list(root + directory))
        case .read(let paths):
            .files(
                paths.prefix(DeviceRequest.filesMax).map { path in
                    try? LinuxFileSystem().read(
                        root + path, maximumBytes: DeviceRequest.fileBytesMax)
                })
        case .transfer, .scan: onBus(work)
        }
    }

    private func onBus(_ work: DeviceRequest.Work) -> DeviceAnswer.Result {
        do throws(I2CError) {
            if bus == nil { bus = try LinuxI2CBus(name, root: root) }
            guard var open = bus.take() else { return .failed(.missingBus(name)) }
            do throws(I2CError) {
                let result = try Self.perform(work, &open)
                bus = consume open
                return result
            } catch {
                // The adapter was unplugged: what is there next has another descriptor.
                if error.code != .missing { bus = consume open }
                return .failed(error)
            }
        } catch {
            return .failed(error)
        }
    }

    private static func perform(
        _ work: DeviceRequest.Work, _ bus: inout LinuxI2CBus
    ) throws(I2CError) -> DeviceAnswer.Result {
        if case .transfer(let transfer) = work { return .bytes(try bus.transfer(transfer)) }
        return .scan(try I2CScan(&bus))
    }
}
