public import Platform

extension PinPanel {
    /// The declared lines, by name, for who asks.
    ///
    /// - Parameter now: For how long a pulse still lasts.
    public func status(at now: MonotonicTime) -> [Value] {
        pins.sorted { $0.key < $1.key }.map { name, pin in
            var fields: [(String, Value)] = [
                ("name", .string(name)), ("kind", .string(pin.block.kind)),
                ("state", .string(pin.handle != nil ? "ok" : "failing")),
                ("line", .string(pin.use.line)),
                (
                    "readings",
                    .array(
                        (pin.handle == nil ? [] : pin.readings).map { reading in
                            .object([
                                ("property", .string(reading.name)), ("value", reading.value),
                                ("unit", .string(reading.unit)),
                            ])
                        })
                ),
            ]
            if let chip = pin.chip ?? pin.use.chip { fields.append(("chip", .string(chip))) }
            if let end = pin.end { fields.append(("ends_in_ms", .int((end.time - now).count))) }
            if pin.use.role.isOutput {
                let safe = pin.use.safe.map { $0 ? "on" : "off" } ?? "none"
                fields.append(("safe", .string(safe)))
            }
            if let reason = pin.reason { fields.append(("reason", .string(reason))) }
            return .object(fields)
        }
    }
}
