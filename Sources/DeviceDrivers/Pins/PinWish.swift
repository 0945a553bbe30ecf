import Platform

/// What somebody wants of an output.
enum PinWish: Sendable, Hashable {
    /// On or off, until another wish.
    case level(Bool)
    /// The opposite afterwards.
    case pulse(Bool, Milliseconds)
    /// The share of the time that a PWM is on, from 0 to 1.
    case share(Double)

    /// The shortest and the longest pulse.
    static let pulseRange: ClosedRange<Milliseconds> = 10...DeviceBlock.everyMax

    /// - Throws: what the property takes, where it is not this.
    init(_ value: Value, _ use: PinUse, _ property: String) throws(DriverFault) {
        let own = use.role.property
        guard use.role.isOutput else {
            throw DriverFault(
                .notSettable, "this is an input: \(own) is what its line says, not to be set")
        }
        guard property == own else {
            throw DriverFault(.notSettable, "of its properties \(own) alone can be set")
        }
        if use.role == .pwm {
            guard let share = value.doubleValue, 0...1 ~= share else {
                throw DriverFault(.notSettable, "duty takes a number from 0 to 1")
            }
            self = .share(share)
            return
        }
        if let flag = value.boolValue {
            self = .level(flag)
            return
        }
        let words = (value.stringValue ?? "").lowercased().split(separator: " ")
        let flags = ["on": true, "off": false]
        switch words.count {
        case 1:
            if let flag = flags[String(words[0])] {
                self = .level(flag)
                return
            }
        case 3:
            if words[1] == "for", let flag = flags[String(words[0])],
                let span = try? DeviceBlock.span(
                    .string(String(words[2])), property, Self.pulseRange)
            {
                self = .pulse(flag, span)
                return
            }
        default: break
        }
        throw DriverFault(
            .notSettable,
            "on takes true, false, on, off, or a pulse such as `on for 60s`, of 10ms"
                + " to 24h")
    }
}
