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
/// bounds. The hub checks meaning: the device exists, the path may be written, the spec is valid.
public protocol HubService: Sendable {
    /// True where `token` is one that the hub issued. Compares in constant time.
    func isAuthorized(token: String) async -> Bool

    /// The `Health` object.
    func health() async -> Value

    /// All metrics in the Prometheus text format, version 0.0.4.
    func metrics() async -> String

    /// The `Hub` object.
    func hub() async -> Value

    /// The `DeviceList` object: the devices whose labels match `selector` (`k=v,k2=v2`), all of
    /// them for nil.
    /// - Throws: `invalid` where the selector has no meaning.
    func devices(selector: String?) async throws(HubError) -> Value

    /// The `Device` object.
    /// - Throws: `notFound`.
    func device(_ id: String) async throws(HubError) -> Value

    /// Sets what is not nil; `labels` replaces all labels. Returns the `Device` object.
    /// - Throws: `notFound`, `invalid`.
    func updateDevice(_ id: String, name: String?, labels: [String: String]?)
        async throws(HubError) -> Value

    /// Removes a device. With `forget`, also drops the memory of its removal, so that it may join
    /// again.
    /// - Throws: `notFound`.
    func removeDevice(_ id: String, forget: Bool) async throws(HubError)

    /// The `Twin` object: the cells whose path starts with `prefix`, all of them for nil.
    /// - Throws: `notFound`.
    func twin(_ id: String, prefix: String?) async throws(HubError) -> Value

    /// The `Cell` object at exactly `path`.
    /// - Throws: `notFound`.
    func cell(_ id: String, path: String) async throws(HubError) -> Value

    /// Writes the value of a register or a note; null deletes it. Returns the `CellResult` object.
    /// - Throws: `notFound`; `refused` where the hub may not write there; `invalid` where the key
    ///   takes no value; `unavailable` where the store is full.
    func setCell(_ id: String, path: String, value: Value) async throws(HubError) -> Value

    /// Changes a set or a counter, or deletes what is at a path of any kind. Returns the
    /// `CellResult` object.
    /// - Throws: As above; `conflict` where a counter would pass its range.
    func changeCell(_ id: String, path: String, _ change: CellChange)
        async throws(HubError) -> Value

    /// The `LogPage` object: at most `limit` rows with `n` above `after`, oldest first, of one
    /// stream or of all for nil.
    /// - Throws: `notFound`.
    func log(_ id: String, stream: String?, after: Int64, limit: Int) async throws(HubError)
        -> Value

    /// The `LogCursors` object.
    /// - Throws: `notFound`.
    func logCursors(_ id: String) async throws(HubError) -> Value

    /// The `WorkloadList` object of one device, of the devices that match, or of all.
    /// - Throws: `notFound`, `invalid`.
    func workloads(device: String?, selector: String?) async throws(HubError) -> Value

    /// Places `spec` on one device or on all that match now; null removes it. Returns the `ApplyResults` object.
    /// - Throws: `notFound`, `invalid`, `unavailable`.
    func apply(selector: String?, device: String?, kind: String, name: String, spec: Value)
        async throws(HubError) -> Value

    /// Makes a token with which one board may join. Returns the `NewEnrolmentToken` object, the
    /// only one that ever holds the secret.
    /// - Throws: `unavailable` where the hub listens for no boards, or holds too many tokens.
    func createEnrolmentToken(
        labels: [String: String], lifetimeSeconds: Int64, needsApproval: Bool
    ) async throws(HubError) -> Value

    /// The `EnrolmentTokenList` object.
    func enrolmentTokens() async throws(HubError) -> Value

    /// Takes a token back. Who joined with it stays.
    /// - Throws: `notFound`.
    func withdrawEnrolmentToken(_ id: String) async throws(HubError)

    /// Carries out an operator's decision about a device's key. Returns the `Identity` object.
    /// - Throws: `notFound` for one that never enrolled, `conflict` where the decision has no
    ///   meaning any more.
    func decide(_ device: String, _ decision: IdentityDecision) async throws(HubError) -> Value

    /// Events as they happen, after those that the hub still remembers with an id above `after`
    /// (none for nil). Where some of those are not remembered, a `missed` event comes first. The
    /// stream is bounded, and ends where its reader falls behind.
    func events(after: UInt64?) async -> AsyncStream<HubEvent>
}
