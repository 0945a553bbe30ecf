import Platform

/// Workloads.
extension FleetClient {
    /// The workloads of all devices, or of those that `selector` means.
    public func workloads(
        _ selector: DeviceSelector? = nil
    ) async throws(FleetClientError) -> Answer<[Workload]> {
        let query = PercentEncoding.query([("selector", selector?.description)])
        return try await workloads(at: "/api/v1/workloads" + query, of: nil)
    }

    /// The workloads of one device.
    public func workloads(
        of device: String
    ) async throws(FleetClientError) -> Answer<[Workload]> {
        try await workloads(at: Self.devicePath(device) + "/workloads", of: device)
    }

    private func workloads(
        at path: String, of device: String?
    ) async throws(FleetClientError) -> Answer<[Workload]> {
        try await call("GET", path, "workloads") { (fields) throws(FleetClientError) in
            try fields.list("workloads") { (item) throws(FleetClientError) in
                try Workload(item, device: device)
            }
        }
    }

    /// Asks `target` to run what `manifest` says.
    public func apply(
        _ manifest: WorkloadManifest, on target: ApplyTarget
    ) async throws(FleetClientError) -> Answer<[ApplyResult]> {
        let whom: (String, Value) =
            switch target {
            case .device(let id): ("device", .string(id))
            case .selector(let selector): ("selector", .string(selector.description))
            }
        let body = Value.object([
            whom, ("kind", .string("workload")), ("name", .string(manifest.name)),
            ("spec", manifest.spec),
        ])
        return try await call("POST", "/api/v1/apply", body: body, "apply") {
            (fields) throws(FleetClientError) in try fields.list("results", ApplyResult.init)
        }
    }
}

/// The devices that a manifest is meant for.
public enum ApplyTarget: Sendable, Hashable {
    case device(String)
    case selector(DeviceSelector)
}
