public import Platform

/// Twins: what devices report and what is desired of them.
extension FleetClient {
    /// The cells of a device's twin whose path begins with `prefix`.
    public func twin(
        _ device: String, prefix: String? = nil
    ) async throws(FleetClientError) -> Answer<[TwinCell]> {
        let query = PercentEncoding.query([("prefix", prefix)])
        return try await call("GET", Self.devicePath(device) + "/twin" + query, "twin") {
            (fields) throws(FleetClientError) in try fields.list("cells", TwinCell.init)
        }
    }

    /// The cell at exactly `path`. Throws `.notFound` where the twin has none.
    public func cell(
        _ device: String, _ path: String
    ) async throws(FleetClientError) -> Answer<TwinCell> {
        try await call("GET", Self.cellPath(device, path), "cell", TwinCell.init)
    }

    /// Writes a cell under `desired/`, `config/` or `notes/`. Returns once the write is durable at
    /// the hub; the device answers a wish (`desired/`, `config/`) when it is next online.
    public func setCell(
        _ device: String, _ path: String, _ value: Value
    ) async throws(FleetClientError) -> Answer<TwinCell> {
        try await call(
            "PUT", Self.cellPath(device, path), body: .object([("value", value)]), "cell",
            TwinCell.init)
    }

    /// Changes a set or a counter, so that what others change at the same time stays. Returns the
    /// cell as it is now at the hub, durably; the device is told when it is next online.
    ///
    /// Throws `.invalid` where the path takes no such change, `.conflict` where a counter would
    /// pass 64 bits.
    public func changeCell(
        _ device: String, _ path: String, _ change: TwinChange
    ) async throws(FleetClientError) -> Answer<TwinCell> {
        let field: (String, Value) =
            switch change {
            case .add(let element): ("add", element)
            case .remove(let element): ("remove", element)
            case .increment(let number): ("increment", .int(number))
            }
        return try await call(
            "PATCH", Self.cellPath(device, path), body: .object([field]), "cell", TwinCell.init)
    }

    /// Deletes what is at a path, but not under `reported/`: a wish, a note, all elements of a set,
    /// a counter's count. The device is told when it is next online.
    public func removeCell(_ device: String, _ path: String) async throws(FleetClientError) {
        try await transport.succeed("DELETE", Self.cellPath(device, path))
    }

    /// Waits until the device has applied or refused the last write of a cell.
    ///
    /// Asks at 100 ms, then ever more slowly down to every 500 ms, so that a quick answer shows
    /// at once and a long wait costs the hub two requests a second.
    ///
    /// - Returns: the cell, still pending where `limit` ran out first.
    public func settledCell(
        _ device: String, _ path: String, within limit: Duration
    ) async throws(FleetClientError) -> Answer<TwinCell> {
        let clock = ContinuousClock()
        let end = clock.now + limit
        var delay = Duration.milliseconds(100)
        while true {
            let answer = try await cell(device, path)
            if let status = answer.content.status, status != .pending { return answer }
            let left = clock.now.duration(to: end)
            guard left > .zero else { return answer }
            try await transport.pause(min(delay, left))
            delay = min(delay * 3 / 2, .milliseconds(500))
        }
    }

    /// Asks until there is an answer other than "not found" and "hub unreachable", or `limit` has
    /// run out: for a device or a hub that is only starting.
    public func patiently<Result: Sendable>(
        within limit: Duration,
        _ ask: () async throws(FleetClientError) -> Result
    ) async throws(FleetClientError) -> Result {
        let clock = ContinuousClock()
        let end = clock.now + limit
        while true {
            do {
                return try await ask()
            } catch  where error.code == .notFound || error.code == .unreachable {
                let left = clock.now.duration(to: end)
                guard left > .zero else { throw error }
                try await transport.pause(min(.milliseconds(250), left))
            }
        }
    }

    private static func cellPath(_ device: String, _ path: String) -> String {
        devicePath(device) + "/twin/" + PercentEncoding.path(path)
    }
}
