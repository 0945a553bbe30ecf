extension DevicePoller {
    /// The kind of a declared device and all that it said last, with units and what can be set; nil
    /// for a name that is not declared.
    public func announced(_ name: String) -> (kind: String, properties: [AnnouncedProperty])? {
        guard let device = devices[name] else { return nil }
        let properties = device.readings.map { reading in
            AnnouncedProperty(
                reading.name, reading.value, unit: reading.unit,
                settable: device.driver.range(of: reading.name))
        }
        return (device.block.kind, properties)
    }
}
