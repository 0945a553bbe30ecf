/// Workloads that the hub finds boards for.
extension FleetClient {
    /// Has the hub place a workload and keep it placed.
    public func place(
        _ manifest: PlacementManifest
    ) async throws(FleetClientError) -> Answer<PlacedWorkload> {
        try await call(
            "POST", "/api/v1/placements", body: manifest.body, "placement", PlacedWorkload.init)
    }

    /// Where it would be placed, and why. Nothing changes.
    public func plan(
        _ manifest: PlacementManifest
    ) async throws(FleetClientError) -> Answer<PlacedWorkload> {
        try await call(
            "POST", "/api/v1/placement-plan", body: manifest.body, "plan", PlacedWorkload.init)
    }

    /// All placements.
    public func placements() async throws(FleetClientError) -> Answer<[PlacedWorkload]> {
        try await call("GET", "/api/v1/placements", "placements") {
            (fields) throws(FleetClientError) in
            try fields.list("placements", PlacedWorkload.init)
        }
    }

    /// Where a workload is, and why not elsewhere.
    public func placement(
        _ name: String
    ) async throws(FleetClientError) -> Answer<PlacedWorkload> {
        try await call(
            "GET", "/api/v1/placements/" + PercentEncoding.segment(name), "placement",
            PlacedWorkload.init)
    }

    /// Takes a workload off the boards that the hub placed it on.
    public func removePlacement(_ name: String) async throws(FleetClientError) {
        try await transport.succeed(
            "DELETE", "/api/v1/placements/" + PercentEncoding.segment(name))
    }
}
