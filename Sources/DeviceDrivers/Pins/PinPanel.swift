public import Platform

/// The declared lines of a board: takes them, drives what is wished, tells what they say.
///
/// A value: directives go out; leases, levels, edges and time come in. Whoever carries out a
/// `request` or a `drive` answers it before anything else happens to the panel.
public struct PinPanel: Sendable {
    /// Something to do.
    public enum Directive: Sendable {
        /// `onLease` or `onRefused` follows.
        case request(device: String, GPIORequest)
        /// Levels of the line from now on; `onDriven` or `onFailed` follows.
        case drive(device: String, GPIOHandle, Drive)
        case release(GPIOHandle)
        case report(device: String, properties: [(name: String, value: Value)])
        case event(String, [(String, Value)])
        /// What became of a wish; the reason where it was refused.
        case settled(token: UInt64, refusal: String?)
    }

    /// What an output is to do.
    public enum Drive: Sendable, Hashable {
        case level(Bool)
        case pulses(GPIOWave)
    }

    /// Lines at most: as many as `edge-gpio-guard` holds requests.
    public static let pinsMax = 64

    var pins: [String: Pin] = [:]
    /// Wishes whose level is being driven.
    private var driving: [String: (wish: PinWish, token: UInt64?)] = [:]

    public init() {}

    /// The declared lines.
    public var names: [String] { pins.keys.sorted() }

    public func knows(_ device: String) -> Bool { pins[device] != nil }

    /// When `onTick` has something to do next.
    public var deadline: MonotonicTime? { pins.values.compactMap(\.deadline).min() }

    /// Who of these blocks is refused, and why. Two names of one line are found by the kernel.
    public static func conflicts(_ blocks: [DeviceBlock]) -> [(name: String, reason: String)] {
        var seats: [String: String] = [:]
        var refused: [(name: String, reason: String)] = []
        for block in blocks.sorted(by: { $0.name < $1.name }) {
            guard let use = block.pin else { continue }
            let seat = "\(use.chip ?? "") \(use.line)"
            if let other = seats[seat] {
                refused.append((block.name, "line \(use.line) is taken by \(other)"))
            } else if seats.count == pinsMax {
                refused.append((block.name, "there are \(pinsMax) lines already"))
            } else {
                seats[seat] = block.name
            }
        }
        return refused
    }

    /// Holds these lines from now on and no others. One that is declared as before is not touched.
    ///
    /// - Parameter wishes: by device, the last wish that was carried out, as the twin has it.
    public mutating func declare(
        _ blocks: [DeviceBlock], wishes: [String: Value], at now: MonotonicTime
    ) -> [Directive] {
        let refused = Set(Self.conflicts(blocks).map(\.name))
        var wanted: [String: DeviceBlock] = [:]
        for block in blocks where block.pin != nil && !refused.contains(block.name) {
            wanted[block.name] = block
        }
        var directives: [Directive] = []
        // Lines are given back before any is taken: they may only have changed their names.
        for name in names where pins[name]?.block != wanted[name] {
            directives += remove(name, isGone: wanted[name] == nil)
        }
        for (name, block) in wanted.sorted(by: { $0.key < $1.key }) where pins[name] == nil {
            guard let use = block.pin else { continue }
            var pin = Pin(block, use, at: now)
            pin.wanted = wishes[name].flatMap { value in
                (try? PinWish(value, use, use.role.property)).flatMap { use.restored($0) }
            }
            pins[name] = pin
            directives += take(name)
        }
        return directives
    }

    private mutating func remove(_ name: String, isGone: Bool) -> [Directive] {
        guard var pin = pins.removeValue(forKey: name), let handle = pin.handle else { return [] }
        var directives = [Directive.release(handle)]
        guard isGone else { return directives }
        pin.rests()
        directives.append(
            .report(
                device: name,
                properties: pin.readings.map { ($0.name, $0.value) }
                    + [("available", .bool(false))]))
        return directives
    }

    /// The lines have their safe values and are no longer ours: the agent stops.
    public mutating func onClose() -> [Directive] { names.flatMap { remove($0, isGone: true) } }

    private mutating func take(_ name: String) -> [Directive] {
        guard let pin = pins[name] else { return [] }
        pins[name]?.retry = nil
        var isOn = pin.use.safe ?? false
        if case .level(let flag)? = pin.wanted { isOn = flag }
        return [.request(device: name, pin.use.request(name, isOn: isOn))]
    }

    /// A line is ours, and what it said then.
    public mutating func onLease(
        _ name: String, _ lease: GPIOLease, isOn: Bool, at now: MonotonicTime
    ) -> [Directive] {
        guard var pin = pins[name] else { return [.release(lease.handle)] }
        var directives: [Directive] = []
        if pin.failures > 0 {
            directives.append(
                .event(
                    "device.recovered",
                    [("device", .string(name)), ("failures", .int(Int64(pin.failures)))]))
        }
        pin.failures = 0
        pin.reason = nil
        pin.handle = lease.handle
        pin.chip = lease.chip
        pin.isDebounced = lease.isDebounced
        pin.isOn = isOn
        pin.sequence = GPIOSequence()
        pin.candidate = nil
        pin.share = isOn ? 1 : 0
        pin.tell = now + pin.block.report
        directives.append(.report(device: name, properties: pin.properties))
        pins[name] = pin
        // A PWM's line was taken at rest, a level was given with the request.
        if case .share? = pin.wanted, let wish = pin.wanted {
            directives += drive(name, wish, token: nil, now)
        }
        return directives
    }

    /// A line is not to be had now: held by another, or its chip is away.
    public mutating func onRefused(
        _ name: String, _ reason: String, at now: MonotonicTime
    ) -> [Directive] {
        fail(name, reason, now)
    }

    /// Sets a property; `settled` is among what follows.
    public mutating func set(
        _ device: String, _ property: String, _ value: Value, token: UInt64, at now: MonotonicTime
    ) -> [Directive] {
        guard let pin = pins[device] else {
            return [.settled(token: token, refusal: "\(device) is not declared")]
        }
        do throws(DriverFault) {
            let wish = try PinWish(value, pin.use, property)
            guard pin.handle != nil else {
                return [
                    .settled(
                        token: token, refusal: "\(device) is not there: \(pin.reason ?? "wait")")
                ]
            }
            return drive(device, wish, token: token, now)
        } catch {
            return [.settled(token: token, refusal: error.message)]
        }
    }

    private mutating func drive(
        _ name: String, _ wish: PinWish, token: UInt64?, _ now: MonotonicTime
    ) -> [Directive] {
        guard let pin = pins[name], let handle = pin.handle else { return [] }
        driving[name] = (wish, token)
        switch wish {
        case .level(let isOn), .pulse(let isOn, _):
            return [.drive(device: name, handle, .level(isOn))]
        case .share(let share):
            let drive = pin.use.wave(share).map { Drive.pulses($0) } ?? .level(share >= 0.5)
            return [.drive(device: name, handle, drive)]
        }
    }

    /// A line is driven, and reads this.
    public mutating func onDriven(
        _ name: String, isOn: Bool, at now: MonotonicTime
    ) -> [Directive] {
        guard let (wish, token) = driving.removeValue(forKey: name), var pin = pins[name] else {
            return []
        }
        defer { pins[name] = pin }
        var refusal: String?
        switch wish {
        case .level(let wished), .pulse(let wished, _):
            pin.isOn = isOn
            pin.end = pin.end(of: wish, at: now)
            pin.wanted = pin.use.restored(wish)
            if isOn != wished {
                refusal =
                    "the line was set \(wished ? "on" : "off") and reads \(isOn ? "on" : "off"):"
                    + " something else drives it, or an open output lacks its resistor"
            }
        case .share(let share):
            pin.share = share
            pin.isOn = share > 0
            pin.wanted = wish
        }
        pin.tell = now + pin.block.report
        let told = Directive.report(device: name, properties: pin.properties)
        return [told] + (token.map { [.settled(token: $0, refusal: refusal)] } ?? [])
    }

    /// A line does not do what it should: its chip is away.
    public mutating func onFailed(
        _ name: String, _ reason: String, at now: MonotonicTime
    ) -> [Directive] {
        var directives: [Directive] = []
        if let token = driving.removeValue(forKey: name)?.token {
            directives.append(.settled(token: token, refusal: reason))
        }
        return directives + fail(name, reason, now)
    }

    mutating func fail(_ name: String, _ reason: String, _ now: MonotonicTime) -> [Directive] {
        guard var pin = pins[name] else { return [] }
        defer { pins[name] = pin }
        var directives: [Directive] = []
        if let handle = pin.handle { directives.append(.release(handle)) }
        pin.handle = nil
        pin.tell = nil
        pin.rests()
        pin.failures += 1
        pin.retry = now + pin.pause
        if pin.failures == 1 || pin.reason != reason {
            directives.append(
                .event(
                    "device.failed", [("device", .string(name)), ("reason", .string(reason))]))
        }
        if pin.failures == 1 {
            directives.append(.report(device: name, properties: pin.properties))
        }
        pin.reason = reason
        return directives
    }

    /// Time has passed.
    public mutating func onTick(_ now: MonotonicTime) -> [Directive] {
        var directives: [Directive] = []
        for name in names {
            guard let pin = pins[name] else { continue }
            if let retry = pin.retry, retry <= now { directives += take(name) }
            if let end = pin.end, end.time <= now {
                pins[name]?.end = nil
                if end.isLimit {
                    directives.append(
                        .event(
                            "device.limited",
                            [
                                ("device", .string(name)),
                                ("on_max_ms", .int(pin.use.onMax?.count ?? 0)),
                            ]))
                }
                directives += drive(name, .level(end.isOn), token: nil, now)
            }
            directives += settleInput(name, now)
        }
        return directives
    }
}

extension PinUse {
    /// What is given to an output again that was away, or at the agent's start: not a pulse, which
    /// may have ended long ago, and nothing where `on_max` bounds it: a row of starts would add up.
    fileprivate func restored(_ wish: PinWish) -> PinWish? {
        if case .pulse = wish { return nil }
        return onMax == nil ? wish : nil
    }
}

extension Pin {
    /// As an output is once it is released; an input as it was.
    fileprivate mutating func rests() {
        end = nil
        candidate = nil
        guard use.role.isOutput else { return }
        isOn = use.safe ?? isOn
        share = isOn ? 1 : 0
    }

    /// When what is wished now is over, by the wish itself or by `on_max`.
    fileprivate func end(
        of wish: PinWish, at now: MonotonicTime
    ) -> (time: MonotonicTime, isOn: Bool, isLimit: Bool)? {
        let limit = use.onMax.map { (time: now + $0, isOn: false, isLimit: true) }
        switch wish {
        case .level(true): return limit
        case .pulse(let isOn, let span):
            let own = (time: now + span, isOn: !isOn, isLimit: false)
            guard isOn, let limit, limit.time < own.time else { return own }
            return limit
        case .level(false), .share: return nil
        }
    }
}
