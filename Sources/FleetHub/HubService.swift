public import Identity
public import Platform

/// A change that says what to do with what is there, so that changes made elsewhere at the same
/// time stay.
public enum CellChange: Sendable, Hashable {
    /// Puts an element into a set.
    case add(Value)
    /// Takes an element out of a set, where it is.
    case remove(Value)
    /// Adds to a counter.
    case increment(Int64)
    /// Empties a path of any kind.
    case delete
}

/// The hub as its web face sees it. Values are the JSON objects that the API documents
/// (`docs/api/openapi.json`), ready to be written.
///
/// The web face checks form: tokens are present, names and numbers are well formed and within
/// bounds, the caller's role allows the operation. The hub checks meaning: the device exists for this
/// caller, the path may be written, the spec is valid.
public protocol HubService: Sendable {
    /// Whose token it is; nil for nobody's, an ended and a revoked one. Compares in constant time.
    /// - Parameter origin: The address that the call came from.
    func caller(token: String, from origin: String) async -> Caller?

    /// Leaves an audit row about a call that was refused for its caller's role.
    func noteRefused(_ action: String, _ target: String, by caller: Caller, _ error: HubError)
        async

    /// The `Health` object.
    func health() async -> Value

    /// All metrics in the Prometheus text format, version 0.0.4.
    func metrics() async -> String

    /// The `Hub` object.
    func hub(as caller: Caller) async -> Value

    /// The `DeviceList` object: the devices whose labels match `selector` (`k=v,k2=v2`), all of
    /// them for nil.
    /// - Throws: `invalid` where the selector has no meaning.
    func devices(selector: String?, as caller: Caller) async throws(HubError) -> Value

    /// The `Device` object.
    /// - Throws: `notFound`.
    func device(_ id: String, as caller: Caller) async throws(HubError) -> Value

    /// Sets what is not nil; `labels` replaces all labels. Returns the `Device` object.
    /// - Throws: `notFound`, `invalid`.
    func updateDevice(_ id: String, name: String?, labels: [String: String]?, as caller: Caller)
        async throws(HubError) -> Value

    /// Removes a device. With `forget`, also drops the memory of its removal, so that it may join
    /// again.
    /// - Throws: `notFound`.
    func removeDevice(_ id: String, forget: Bool, as caller: Caller) async throws(HubError)

    /// The `Twin` object: the cells whose path starts with `prefix`, all of them for nil.
    /// - Throws: `notFound`.
    func twin(_ id: String, prefix: String?, as caller: Caller) async throws(HubError) -> Value

    /// The `Cell` object at exactly `path`.
    /// - Throws: `notFound`.
    func cell(_ id: String, path: String, as caller: Caller) async throws(HubError) -> Value

    /// Writes the value of a register or a note; null deletes it. Returns the `CellResult` object.
    /// - Throws: `notFound`; `refused` where the hub may not write there; `invalid` where the key
    ///   takes no value; `unavailable` where the store is full.
    func setCell(_ id: String, path: String, value: Value, as caller: Caller)
        async throws(HubError) -> Value

    /// Changes a set or a counter, or deletes what is at a path of any kind. Returns the
    /// `CellResult` object.
    /// - Throws: As above; `conflict` where a counter would pass its range.
    func changeCell(_ id: String, path: String, _ change: CellChange, as caller: Caller)
        async throws(HubError) -> Value

    /// The `LogPage` object: at most `limit` rows with `n` above `after`, oldest first, of one
    /// stream or of all for nil.
    /// - Throws: `notFound`.
    func log(_ id: String, stream: String?, after: Int64, limit: Int, as caller: Caller)
        async throws(HubError) -> Value

    /// The `LogCursors` object.
    /// - Throws: `notFound`.
    func logCursors(_ id: String, as caller: Caller) async throws(HubError) -> Value

    /// The `WorkloadList` object of one device, of the devices that match, or of all.
    /// - Throws: `notFound`, `invalid`.
    func workloads(device: String?, selector: String?, as caller: Caller)
        async throws(HubError) -> Value

    /// Places `spec` on one device or on all that match now; null removes it. Returns the `ApplyResults` object.
    /// - Throws: `notFound`, `invalid`, `unavailable`.
    func apply(
        selector: String?, device: String?, kind: String, name: String, spec: Value,
        as caller: Caller
    ) async throws(HubError) -> Value

    /// Places a workload on boards that the hub chooses, and keeps it placed. Returns the
    /// `Placement` object.
    /// - Throws: `invalid`; `conflict` where the name is placed already; `unavailable`.
    func addPlacement(_ request: PlacementRequest, as caller: Caller) async throws(HubError)
        -> Value

    /// The `PlacementAccount` object of what `addPlacement` would do; nothing changes.
    /// - Throws: As above.
    func planPlacement(_ request: PlacementRequest, as caller: Caller) async throws(HubError)
        -> Value

    /// The `PlacementList` object.
    func placements(as caller: Caller) async -> Value

    /// The `PlacementAccount` object: where a workload is and why not elsewhere.
    /// - Throws: `notFound`.
    func placement(_ name: String, as caller: Caller) async throws(HubError) -> Value

    /// Takes a workload off all boards that the hub placed it on.
    /// - Throws: `notFound`, `unavailable`.
    func removePlacement(_ name: String, as caller: Caller) async throws(HubError)

    /// Makes a token with which one board may join. Returns the `NewEnrolmentToken` object, the
    /// only one that ever holds the secret.
    /// - Throws: `unavailable` where the hub listens for no boards, or holds too many tokens.
    func createEnrolmentToken(
        labels: [String: String], lifetimeSeconds: Int64, needsApproval: Bool, as caller: Caller
    ) async throws(HubError) -> Value

    /// The `EnrolmentTokenList` object.
    func enrolmentTokens(as caller: Caller) async throws(HubError) -> Value

    /// Takes a token back. Who joined with it stays.
    /// - Throws: `notFound`.
    func withdrawEnrolmentToken(_ id: String, as caller: Caller) async throws(HubError)

    /// Carries out an operator's decision about a device's key. Returns the `Identity` object.
    /// - Throws: `notFound` for one that never enrolled, `conflict` where the decision has no
    ///   meaning any more.
    func decide(_ device: String, _ decision: IdentityDecision, as caller: Caller)
        async throws(HubError) -> Value

    /// Makes an operator. Returns the `NewOperator` object, the only one that ever holds the token.
    /// - Parameters:
    ///   - scope: Labels of the devices that exist for the new one; empty for all.
    ///   - lifetimeSeconds: nil for a token that does not end by itself.
    /// - Throws: `conflict` where the name is taken, `refused` for a scope beyond the caller's,
    ///   `unavailable` where there are too many.
    func createOperator(
        name: String, role: OperatorRole, scope: [String: String], lifetimeSeconds: Int64?,
        as caller: Caller
    ) async throws(HubError) -> Value

    /// The `OperatorList` object.
    func operators(as caller: Caller) async -> Value

    /// Ends a token and the event streams that were opened with it.
    /// - Throws: `notFound`; `conflict` for the last admin whose token does not end.
    func revokeOperator(_ name: String, as caller: Caller) async throws(HubError)

    /// The `AuditPage` object: at most `limit` rows above `after` and not before `since`.
    func auditLog(after number: Int64, since time: WallTime, limit: Int)
        async throws(HubError) -> Value

    /// The certificate of the hub's authority, as PEM, by which `fleet` knows the hub.
    /// - Throws: `notFound` where it has none.
    func authorityCertificate() async throws(HubError) -> String

    /// Events as they happen, after those that the hub still remembers with an id above `after`
    /// (none for nil). Where some of those are not remembered, a `missed` event comes first. The
    /// stream is bounded, and ends where its reader falls behind.
    func events(after: UInt64?, as caller: Caller) async -> AsyncStream<HubEvent>
}
