public import Platform

extension PinPanel {
    /// Something happened to lines by itself.
    public mutating func onEvent(_ event: GPIOEvent, at now: MonotonicTime) -> [Directive] {
        switch event {
        case .edges(let handle, let edges):
            guard let name = name(of: handle) else { return [] }
            return edges.flatMap { onEdge(name, $0, now) }
        case .lost(let handle, let reason):
            guard let name = name(of: handle) else { return [] }
            return fail(name, reason, now)
        case .unguarded(let reason):
            return [.event("pins.unguarded", [("reason", .string(reason))])]
        }
    }

    private func name(of handle: GPIOHandle) -> String? {
        pins.first { $0.value.handle == handle }?.key
    }

    private mutating func onEdge(
        _ name: String, _ edge: GPIOEdge, _ now: MonotonicTime
    ) -> [Directive] {
        guard var pin = pins[name] else { return [] }
        defer { pins[name] = pin }
        guard let lost = pin.sequence.admit(edge) else { return [] }
        pin.lost += Int64(lost)
        let directives = pin.tellLost(now)
        guard pin.isDebounced else {
            // The first edge of those that follow each other too soon is the moment of the change.
            let isSame = pin.candidate?.edge.isRising == edge.isRising
            pin.candidate = Pin.Candidate(
                edge: isSame ? pin.candidate?.edge ?? edge : edge, due: now + pin.use.debounce)
            return directives
        }
        return directives + pin.take(edge, now)
    }

    /// Levels that have lasted, and states that were not told.
    mutating func settleInput(_ name: String, _ now: MonotonicTime) -> [Directive] {
        guard var pin = pins[name] else { return [] }
        defer { pins[name] = pin }
        var directives: [Directive] = []
        if let candidate = pin.candidate, candidate.due <= now {
            pin.candidate = nil
            if candidate.edge.isRising != pin.isOn { directives += pin.take(candidate.edge, now) }
        }
        if let tell = pin.tell, tell <= now {
            pin.tell = nil
            if pin.handle != nil, pin.mayTell(now) {
                directives.append(.report(device: name, properties: pin.properties))
            }
            directives += pin.tellLost(now)
        }
        return directives
    }
}

extension Pin {
    /// Edges that are missing are told, if late.
    fileprivate mutating func tellLost(_ now: MonotonicTime) -> [PinPanel.Directive] {
        guard lost > 0, mayTell(now) else { return [] }
        defer { lost = 0 }
        return [
            .event(
                "device.edges-lost",
                [("device", .string(block.name)), ("count", .int(lost))])
        ]
    }

    /// The line has changed.
    fileprivate mutating func take(
        _ edge: GPIOEdge, _ now: MonotonicTime
    ) -> [PinPanel.Directive] {
        let name = block.name
        isOn = edge.isRising
        if isOn, use.role == .button { presses &+= 1 }
        let began = pressed
        pressed = isOn ? edge.timestamp : nil
        guard mayTell(now) else {
            untold += 1
            return []
        }
        let missing = untold
        untold = 0
        var directives = [PinPanel.Directive.report(device: name, properties: properties)]
        guard use.role == .button else { return directives }
        var fields: [(String, Value)] = [
            ("device", .string(name)), ("sequence", .int(Int64(edge.sequence))),
            ("monotonic_ns", .int(Int64(clamping: edge.timestamp))),
        ]
        if !isOn, let began, edge.timestamp >= began {
            fields.append(("held_ms", .int(Int64(clamping: (edge.timestamp - began) / 1_000_000))))
        }
        // What the allowance of rows kept from being told.
        if missing > 0 { fields.append(("untold", .int(missing))) }
        directives.append(.event(isOn ? "button.pressed" : "button.released", fields))
        return directives
    }
}
