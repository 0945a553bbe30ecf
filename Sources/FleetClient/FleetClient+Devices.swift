import Platform

/// The device registry.
extension FleetClient {
    /// All devices, or those that `selector` means.
    public func devices(
        _ selector: DeviceSelector? = nil
    ) async throws(FleetClientError) -> Answer<[Device]> {
        let query = PercentEncoding.query([("selector", selector?.description)])
        return try await call("GET", "/api/v1/devices" + query, "devices") {
            (fields) throws(FleetClientError) in try fields.list("devices", Device.init)
        }
    }

    /// One device. Throws `.notFound` where the registry has none of that id.
    public func device(_ id: String) async throws(FleetClientError) -> Answer<Device> {
        try await call("GET", Self.devicePath(id), "device", Device.init)
    }

    /// Gives a device another name; its id stays.
    public func rename(_ id: String, to name: String) async throws(FleetClientError) {
        try await change(id, .object([("name", .string(name))]))
    }

    /// Replaces all labels of a device.
    public func setLabels(
        _ id: String, _ labels: [String: String]
    ) async throws(FleetClientError) {
        let object = Value.object(labels.map { ($0.key, .string($0.value)) })
        try await change(id, .object([("labels", object)]))
    }

    /// Removes a device. The hub remembers the removal and refuses the device from then on,
    /// unless `isForgotten`: then the device may join again as a new one.
    public func remove(_ id: String, isForgotten: Bool = false) async throws(FleetClientError) {
        let query = PercentEncoding.query([("forget", isForgotten ? "true" : nil)])
        try await transport.succeed("DELETE", Self.devicePath(id) + query)
    }

    private func change(_ id: String, _ body: Value) async throws(FleetClientError) {
        try await transport.succeed("PATCH", Self.devicePath(id), body: body)
    }
}
