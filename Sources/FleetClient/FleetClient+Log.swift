import Platform

/// Device logs.
extension FleetClient {
    /// The most rows of one page.
    public static let logPageRowsMax = 1000

    /// A page of a device's log, oldest row first.
    ///
    /// - Parameters:
    ///   - stream: nil means all streams.
    ///   - after: rows with a greater `n`; below 0 it counts from the newest row.
    ///   - limit: 1 to `logPageRowsMax` rows.
    public func log(
        _ device: String, stream: String? = nil, after: Int64 = 0, limit: Int = logPageRowsMax
    ) async throws(FleetClientError) -> Answer<LogPage> {
        let query = PercentEncoding.query([
            ("stream", stream), ("after", String(after)),
            ("limit", String(min(max(limit, 1), Self.logPageRowsMax))),
        ])
        return try await call("GET", Self.devicePath(device) + "/log" + query, "log", LogPage.init)
    }

    /// How much of each stream of a device the hub holds.
    public func logCursors(
        _ device: String
    ) async throws(FleetClientError) -> Answer<[LogCursor]> {
        try await call("GET", Self.devicePath(device) + "/log/cursors", "cursors") {
            (fields) throws(FleetClientError) in try fields.list("cursors", LogCursor.init)
        }
    }
}
