public import Platform

/// Reads the declared devices, each as often as its block says, one transfer at a time on a bus.
///
/// A value: directives go out, answers and time come in. A device that fails is asked less and less
/// often, up to every five minutes, and more often again as soon as it answers.
public struct DevicePoller: Sendable {
    /// Something to do.
    public enum Directive: Sendable {
        /// Exactly one answer comes of it.
        case request(DeviceRequest)
        /// Properties of a device that are news.
        case report(device: String, properties: [(name: String, value: Value)])
        case event(String, [(String, Value)])
        /// What became of setting a property; the reason where it was refused.
        case settled(token: UInt64, refusal: String?)
    }

    /// Devices at most.
    public static let devicesMax = 64
    /// After this long without an answer an event says that a bus hangs. The kernel's own limits
    /// are a second or so for each transfer.
    public static let patience: Milliseconds = 30_000

    private struct Lane: Sendable {
        var request: (number: UInt64, device: String, since: MonotonicTime)?
        var isHanging = false
        var isStuck = false
    }

    var devices: [String: PolledDevice] = [:]
    private var lanes: [String: Lane] = [:]
    private var number: UInt64 = 0

    public init() {}

    /// Reads these devices from now on and no others. One that is declared as before goes on; pins
    /// are left to `PinPanel`.
    ///
    /// - Returns: what was refused and why, by name.
    public mutating func declare(
        _ blocks: [DeviceBlock], at now: MonotonicTime
    ) -> [(name: String, reason: String)] {
        var refused: [(name: String, reason: String)] = []
        var kept: [String: PolledDevice] = [:]
        var seats: [String: String] = [:]
        for block in blocks.sorted(by: { $0.name < $1.name }) {
            guard kept.count < Self.devicesMax else {
                refused.append((block.name, "there are \(Self.devicesMax) devices already"))
                continue
            }
            if let bus = block.bus, let address = block.address {
                let seat = "\(bus) \(address)"
                if let other = seats[seat] {
                    refused.append((block.name, "\(seat) is taken by \(other)"))
                    continue
                }
                seats[seat] = block.name
            }
            if let device = devices[block.name], device.block == block {
                kept[block.name] = device
                continue
            }
            do throws(DriverFault) {
                guard let driver = try DeviceKinds.named(block.kind)?.driver(block.settings) else {
                    continue
                }
                kept[block.name] = PolledDevice(block, driver, at: now)
            } catch {
                refused.append((block.name, error.message))
            }
        }
        devices = kept
        return refused
    }

    /// Sets a property; `settled` follows. False where too much waits already.
    public mutating func set(
        _ device: String, _ property: String, _ value: Value, token: UInt64, at now: MonotonicTime
    ) -> Bool {
        guard devices[device]?.wishes.count ?? .max < PolledDevice.wishesMax else { return false }
        devices[device]?.wishes.append(
            PolledDevice.Wish(token: token, property: property, value: value))
        if devices[device]?.isAtRest == true { devices[device]?.due = now }
        return true
    }

    /// Who of these blocks would be refused, and why.
    public static func conflicts(_ blocks: [DeviceBlock]) -> [(name: String, reason: String)] {
        var poller = DevicePoller()
        return poller.declare(blocks, at: MonotonicTime(milliseconds: 0))
    }

    /// The declared devices.
    public var names: [String] { Array(devices.keys) }

    public func knows(_ device: String) -> Bool { devices[device] != nil }

    /// When `onTick` has something to do next.
    public var deadline: MonotonicTime? {
        let times = devices.values.compactMap { device in
            lanes[device.lane]?.request == nil ? device.due : nil
        }
        let hangs = lanes.values.compactMap { lane in
            lane.isHanging ? nil : lane.request.map { $0.since + Self.patience }
        }
        return (times + hangs).min()
    }

    /// Time has passed.
    public mutating func onTick(_ now: MonotonicTime) -> [Directive] {
        var directives: [Directive] = []
        for (name, lane) in lanes {
            guard let request = lane.request, !lane.isHanging,
                now - request.since >= Self.patience
            else { continue }
            lanes[name]?.isHanging = true
            directives.append(
                .event(
                    "bus.hanging",
                    [("bus", .string(name)), ("device", .string(request.device))]))
        }
        for lane in Set(devices.values.map(\.lane)).sorted() {
            directives += serve(lane, now)
        }
        return directives
    }

    /// A request is done.
    public mutating func onAnswer(_ answer: DeviceAnswer, _ now: MonotonicTime) -> [Directive] {
        guard let lane = lanes.first(where: { $0.value.request?.number == answer.number })?.key,
            let request = lanes[lane]?.request
        else { return [] }
        lanes[lane]?.request = nil
        lanes[lane]?.isHanging = false
        var directives: [Directive] = []
        // It may be gone, or another by now.
        if devices[request.device]?.lane == lane, devices[request.device]?.awaited == answer.number
        {
            directives += advance(request.device, lane, answer.result, now)
        }
        return directives + onTick(now)
    }

    /// Gives the lane to the device that has waited longest.
    private mutating func serve(_ lane: String, _ now: MonotonicTime) -> [Directive] {
        var directives: [Directive] = []
        // Each turn either fills the lane or moves one device's time on.
        for _ in 0...Self.devicesMax where lanes[lane]?.request == nil {
            let next =
                devices
                .filter { $0.value.lane == lane && $0.value.due <= now && $0.value.awaited == nil }
                .min { ($0.value.due, $0.key) < ($1.value.due, $1.key) }?.key
            guard let next else { break }
            directives += take(next, now)
        }
        return directives
    }

    private mutating func take(_ name: String, _ now: MonotonicTime) -> [Directive] {
        guard var device = devices[name] else { return [] }
        let step: DriverStep
        do throws(DriverFault) {
            switch device.pending {
            case .step(let waiting): step = waiting
            case .resume: step = try device.driver.resume(.waited)
            case .begin:
                device.begun = now
                if device.wishes.isEmpty {
                    step = try device.driver.begin()
                } else {
                    let wish = device.wishes.removeFirst()
                    device.wish = wish
                    step = try device.driver.set(wish.property, wish.value)
                }
            }
            devices[name] = device
        } catch {
            devices[name] = device
            return fail(name, error.message, now, isWrongWish: error.code == .notSettable)
        }
        return carry(name, step, now)
    }

    private mutating func carry(
        _ name: String, _ step: DriverStep, _ now: MonotonicTime
    ) -> [Directive] {
        guard var device = devices[name] else { return [] }
        defer { devices[name] = device }
        let work: DeviceRequest.Work
        switch step {
        case .done(let readings): return finish(&device, readings, now)
        case .wait(let span):
            device.pending = .resume
            device.due = now + span
            return []
        case .transfer(let messages):
            guard let address = device.block.address else { return [] }
            work = .transfer(I2CTransfer(address, messages))
        case .list(let directory): work = .list(directory)
        case .read(let paths): work = .read(Array(paths.prefix(DeviceRequest.filesMax)))
        }
        guard lanes[device.lane, default: Lane()].request == nil else {
            device.pending = .step(step)
            device.due = now
            return []
        }
        number += 1
        lanes[device.lane, default: Lane()].request = (number, name, now)
        device.awaited = number
        return [.request(DeviceRequest(number: number, lane: device.lane, work: work))]
    }

    private mutating func advance(
        _ name: String, _ lane: String, _ result: DeviceAnswer.Result, _ now: MonotonicTime
    ) -> [Directive] {
        devices[name]?.awaited = nil
        let answer: DriverAnswer
        switch result {
        case .bytes(let bytes): answer = .bytes(bytes)
        case .names(let names): answer = .names(names)
        case .files(let files): answer = .files(files)
        case .scan: return fail(name, "an answer of another kind than was asked for", now)
        case .failed(let error): return fail(name, lane, error, now)
        }
        var directives: [Directive] = []
        if lanes[lane]?.isStuck == true {
            lanes[lane]?.isStuck = false
            directives.append(.event("bus.recovered", [("bus", .string(lane))]))
        }
        guard var device = devices[name] else { return directives }
        do throws(DriverFault) {
            let step = try device.driver.resume(answer)
            devices[name] = device
            return directives + carry(name, step, now)
        } catch {
            devices[name] = device
            return directives
                + fail(name, error.message, now, isWrongWish: error.code == .notSettable)
        }
    }

    private func finish(
        _ device: inout PolledDevice, _ readings: [Reading], _ now: MonotonicTime
    ) -> [Directive] {
        device.pending = .begin
        let name = device.block.name
        if let wish = device.wish {
            device.wish = nil
            // What was set is read at once, so that the report confirms it.
            device.due = now
            return [.settled(token: wish.token, refusal: nil)]
        }
        var directives: [Directive] = []
        if device.failures > 0 {
            directives.append(
                .event(
                    "device.recovered",
                    [("device", .string(name)), ("failures", .int(Int64(device.failures)))]))
            device.forgetReports()
        }
        device.failures = 0
        device.reason = nil
        device.readings =
            readings + [Reading("available", state: .bool(true))]
        // From its beginning, so that slow readings do not make it late by and by.
        device.due = max(device.begun + device.block.every, now + 1)
        if !device.wishes.isEmpty { device.due = now }
        let news = device.news(now)
        if !news.isEmpty { directives.append(.report(device: name, properties: news)) }
        return directives
    }

    private mutating func fail(
        _ name: String, _ lane: String, _ error: I2CError, _ now: MonotonicTime
    ) -> [Directive] {
        if case .busy(let owner) = error.code, let address = devices[name]?.block.address,
            devices[name]?.isServedByKernel == false
        {
            return handOver(name, lane, address, owner, now)
        }
        var directives: [Directive] = []
        if error.code == .stuck, lanes[lane]?.isStuck == false {
            lanes[lane]?.isStuck = true
            directives.append(
                .event(
                    "bus.stuck", [("bus", .string(lane)), ("reason", .string(error.description))]))
        }
        return directives + fail(name, error.description, now)
    }

    /// The kernel's driver has the address: its sensor is read instead.
    private mutating func handOver(
        _ name: String, _ bus: String, _ address: I2CAddress, _ owner: String?, _ now: MonotonicTime
    ) -> [Directive] {
        devices[name]?.driver = KernelSensor(bus: bus, address: address)
        devices[name]?.lane = DeviceRequest.files
        devices[name]?.isServedByKernel = true
        devices[name]?.pending = .begin
        devices[name]?.due = now
        let driver = owner.map { Value.string($0) } ?? .null
        let refusals = refuseWish(name, "the kernel's driver has this chip")
        return refusals + [
            .event("device.kernel-driver", [("device", .string(name)), ("driver", driver)])
        ]
    }

    private mutating func refuseWish(_ name: String, _ reason: String) -> [Directive] {
        guard let wish = devices[name]?.wish else { return [] }
        devices[name]?.wish = nil
        return [.settled(token: wish.token, refusal: reason)]
    }

    private mutating func fail(
        _ name: String, _ reason: String, _ now: MonotonicTime, isWrongWish: Bool = false
    ) -> [Directive] {
        var directives = refuseWish(name, reason)
        guard var device = devices[name] else { return directives }
        defer { devices[name] = device }
        device.pending = .begin
        // A wish that the kind does not know says nothing of the chip.
        if isWrongWish, !directives.isEmpty {
            device.due = now
            return directives
        }
        device.driver.abandon()
        device.failures += 1
        device.due = now + device.pause
        if device.failures == 1 || device.reason != reason {
            let fields = [("device", Value.string(name)), ("reason", .string(reason))]
            directives.append(.event("device.failed", fields))
        }
        if device.failures == 1 {
            directives.append(
                .report(device: name, properties: [("available", .bool(false))]))
        }
        device.reason = reason
        return directives
    }
}

extension DevicePoller {
    /// The declared devices, by name, for who asks.
    public var status: [Value] {
        devices.sorted { $0.key < $1.key }.map { name, device in
            let block = device.block
            var fields: [(String, Value)] = [
                ("name", .string(name)), ("kind", .string(block.kind)),
                ("state", .string(device.state)), ("every_ms", .int(block.every.count)),
                (
                    "readings",
                    .array(
                        device.readings.filter { $0.name != "available" }.map { reading in
                            .object([
                                ("property", .string(reading.name)), ("value", reading.value),
                                ("unit", .string(reading.unit)),
                            ])
                        })
                ),
            ]
            if let bus = block.bus { fields.append(("bus", .string(bus))) }
            if let address = block.address {
                fields.append(("address", .string(address.description)))
            }
            if let reason = device.reason { fields.append(("reason", .string(reason))) }
            if device.isServedByKernel { fields.append(("served_by", .string("kernel"))) }
            return .object(fields)
        }
    }
}

extension PolledDevice {
    fileprivate var state: String {
        failures > 0 ? "failing" : readings.isEmpty ? "starting" : "ok"
    }
}
