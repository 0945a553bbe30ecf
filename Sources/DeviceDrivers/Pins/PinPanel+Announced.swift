extension PinPanel {
    /// The kind of a declared line and what it said last, with what can be set; nil for a name that
    /// is not declared.
    public func announced(_ name: String) -> (kind: String, properties: [AnnouncedProperty])? {
        guard let pin = pins[name] else { return nil }
        let properties = pin.readings.map { reading in
            AnnouncedProperty(
                reading.name, reading.value, unit: reading.unit,
                settable: pin.use.range(of: reading.name))
        }
        return (pin.block.kind, properties)
    }
}

extension PinUse {
    /// What a property takes that can be set.
    func range(of property: String) -> SettableRange? {
        guard role.isOutput, property == role.property else { return nil }
        return role == .relay ? .flag : .number(0...1)
    }
}
