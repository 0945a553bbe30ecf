import LinuxPlatform
import Platform
import Simulator

/// Simulated buses and files that answer at once.
final class FakeDeviceAccess: DeviceAccess {
    struct State: Sendable {
        var buses: [String: SimI2CBus] = [:]
        var files: [String: String] = [:]
        var directories: [String: [String]] = [:]
    }

    let answers: AsyncStream<DeviceAnswer>
    let state = Locked(State())
    private let continuation: AsyncStream<DeviceAnswer>.Continuation

    init() { (answers, continuation) = AsyncStream.makeStream() }

    func submit(_ request: DeviceRequest) {
        let result = state.with { state -> DeviceAnswer.Result in
            switch request.work {
            case .list(let directory): return .names(state.directories[directory] ?? [])
            case .read(let paths):
                return .files(paths.map { path in state.files[path].map { Array($0.utf8) } })
            case .scan: return .failed(.missingBus(request.lane))
            case .transfer(let transfer):
                guard var bus = state.buses[request.lane] else {
                    return .failed(.missingBus(request.lane))
                }
                defer { state.buses[request.lane] = bus }
                do throws(I2CError) {
                    return .bytes(try bus.transfer(transfer))
                } catch {
                    return .failed(error)
                }
            }
        }
        continuation.yield(DeviceAnswer(number: request.number, result: result))
    }

    func close() { continuation.finish() }
}
