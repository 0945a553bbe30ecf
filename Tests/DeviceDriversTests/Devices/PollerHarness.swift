import Platform
import Simulator

@testable import DeviceDrivers

/// A poller with simulated buses and files, in a time of its own.
struct PollerHarness {
    var poller = DevicePoller()
    var buses: [String: SimI2CBus] = [:]
    var directories: [String: [String]] = [:]
    var files: [String: String] = [:]
    var now = MonotonicTime(milliseconds: 1000)
    var reports: [(device: String, properties: [(name: String, value: Value)])] = []
    var events: [(key: String, fields: [(String, Value)])] = []
    var settled: [(token: UInt64, refusal: String?)] = []
    /// Requests on their way, by lane: never more than one.
    var requests: [String: DeviceRequest] = [:]
    var requestCount = 0
    var crowding = 0
    /// Nothing answers on these lanes.
    var silent: Set<String> = []

    mutating func declare(_ blocks: [DeviceBlock]) -> [(name: String, reason: String)] {
        poller.declare(blocks, at: now)
    }

    /// Lets time pass until `end`, and everything happen on its way.
    mutating func run(_ span: Milliseconds) {
        let end = now + span
        while let due = poller.deadline, due <= end {
            now = max(now, due)
            take(poller.onTick(now))
            while let request = requests.first(where: { !silent.contains($0.key) })?.value {
                requests[request.lane] = nil
                let answer = answer(request)
                now = now + 1
                take(poller.onAnswer(answer, now))
            }
            if !requests.isEmpty, poller.deadline.map({ $0 <= now }) == true { break }
        }
        now = max(now, end)
    }

    mutating func take(_ directives: [DevicePoller.Directive]) {
        for directive in directives {
            switch directive {
            case .request(let request):
                if requests[request.lane] != nil { crowding += 1 }
                requests[request.lane] = request
                requestCount += 1
            case .report(let device, let properties): reports.append((device, properties))
            case .event(let key, let fields): events.append((key, fields))
            case .settled(let token, let refusal): settled.append((token, refusal))
            }
        }
    }

    private mutating func answer(_ request: DeviceRequest) -> DeviceAnswer {
        let result: DeviceAnswer.Result
        switch request.work {
        case .list(let directory): result = .names(directories[directory] ?? [])
        case .read(let paths):
            result = .files(paths.map { path in files[path].map { Array($0.utf8) } })
        case .scan: result = .failed(.missingBus(request.lane))
        case .transfer(let transfer):
            guard var bus = buses[request.lane] else {
                return DeviceAnswer(
                    number: request.number, result: .failed(.missingBus(request.lane)))
            }
            bus.pass(now - MonotonicTime(milliseconds: bus.elapsed.count))
            do throws(I2CError) {
                result = .bytes(try bus.transfer(transfer))
            } catch {
                result = .failed(error)
            }
            buses[request.lane] = bus
        }
        return DeviceAnswer(number: request.number, result: result)
    }

    func reported(_ device: String, _ property: String) -> [Value] {
        reports.filter { $0.device == device }.flatMap(\.properties)
            .filter { $0.name == property }.map(\.value)
    }

    func count(_ event: String) -> Int { events.count { $0.key == event } }
}

func block(_ name: String, _ json: String) throws -> DeviceBlock {
    try DeviceBlock(name: name, try JSONReader.read(json))
}
