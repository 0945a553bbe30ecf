import FleetHub
import Identity
import Platform

/// A hub with one device, `pump-1`, that remembers what it was asked.
actor FakeHub: HubService {
    static let token = "0123456789abcdef"
    private static let callsMax = 64

    /// The last calls, each with its arguments.
    private(set) var calls: [String] = []
    /// Yields as a watcher of events goes.
    nonisolated let departures: AsyncStream<Void>

    private let failure: HubError?
    private let history: [HubEvent]
    private let endsEvents: Bool
    private let authorityPEM: String
    private let departed: AsyncStream<Void>.Continuation
    private var watchers: [AsyncStream<HubEvent>.Continuation] = []

    /// - Parameters:
    ///   - failure: What every call that can fail throws.
    ///   - history: The events that every watcher gets, at most 128.
    ///   - endsEvents: Whether a stream ends after the history.
    ///   - authorityPEM: The certificate that it shows as its authority's.
    init(
        failure: HubError? = nil, history: [HubEvent] = [], endsEvents: Bool = true,
        authorityPEM: String = "-----BEGIN CERTIFICATE-----\n"
    ) {
        self.failure = failure
        self.authorityPEM = authorityPEM
        self.history = history
        self.endsEvents = endsEvents
        (departures, departed) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(8))
    }

    func caller(token: String, from origin: String) -> Caller? {
        for role in OperatorRole.allCases {
            if token == Self.token(role) {
                return Caller(name: "\(role)", role: role, origin: origin)
            }
            if token == Self.token(role, isScoped: true) {
                return Caller(
                    name: "\(role)", role: role, scope: ["site": "barn"], origin: origin)
            }
        }
        return nil
    }

    /// The token of one with a role, with or without a scope.
    static func token(_ role: OperatorRole, isScoped: Bool = false) -> String {
        role == .admin && !isScoped ? token : token + role.rawValue + (isScoped ? "-barn" : "")
    }

    func noteRefused(_ action: String, _ target: String, by caller: Caller, _ error: HubError) {
        remember(["refused", action, target, caller.name])
    }

    func health() -> Value {
        .object([
            ("status", .string("degraded")), ("store", .string("full")),
            ("mqtt", .string("connected")),
            ("coap", .string("off")),
        ])
    }

    func metrics() -> String {
        var page = PrometheusText()
        page.gauge("hub_devices", help: "Devices.", 1)
        return page.text
    }

    func hub(as caller: Caller) -> Value {
        .object([
            ("version", .string("1.0.0")), ("epoch", .string("00000000000000ff")),
            ("started_at", .string("2026-11-23T05:27:16.000Z")),
        ])
    }

    func devices(selector: String?, as caller: Caller) throws(HubError) -> Value {
        try note("devices", selector)
        return .object([("devices", .array([device]))])
    }

    func device(_ id: String, as caller: Caller) throws(HubError) -> Value {
        try note("device", id, device: id)
        return device
    }

    func updateDevice(_ id: String, name: String?, labels: [String: String]?, as caller: Caller)
        throws(HubError) -> Value
    {
        let labels = labels?.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        try note("update", id, name, labels?.joined(separator: ","), device: id)
        return device
    }

    func removeDevice(_ id: String, forget: Bool, as caller: Caller) throws(HubError) {
        try note("remove", id, "\(forget)", device: id)
    }

    func twin(_ id: String, prefix: String?, as caller: Caller) throws(HubError) -> Value {
        try note("twin", id, prefix, device: id)
        return .object([
            ("device", .string(id)),
            ("cells", .array([cell("reported/board/temperature"), cell("desired/x")])),
        ])
    }

    func cell(_ id: String, path: String, as caller: Caller) throws(HubError) -> Value {
        try note("cell", id, path, device: id)
        return cell(path)
    }

    func setCell(
        _ id: String, path: String, value: Value, as caller: Caller
    ) throws(HubError) -> Value {
        try note("set", id, path, value.json, device: id)
        return .object([
            ("path", .string(path)), ("value", value), ("status", .string("pending")),
        ])
    }

    func changeCell(
        _ id: String, path: String, _ change: CellChange, as caller: Caller
    ) throws(HubError) -> Value {
        let words: [String?] =
            switch change {
            case .add(let element): ["add", element.json]
            case .remove(let element): ["remove", element.json]
            case .increment(let number): ["increment", "\(number)"]
            case .delete: ["delete"]
            }
        try note("change", id, path, words.compactMap { $0 }.joined(separator: " "), device: id)
        return .object([("path", .string(path)), ("value", .array([.int(1)]))])
    }

    func log(
        _ id: String, stream: String?, after: Int64, limit: Int, as caller: Caller
    ) throws(HubError) -> Value {
        try note("log", id, stream, "\(after)", "\(limit)", device: id)
        let place: [(String, Value)] = [
            ("stream", .string("telemetry")), ("epoch", .string("00000000000000ff")),
        ]
        let row: Value = .object(
            place + [
                ("n", .int(1)), ("seq", .int(0)), ("time", .string("2026-11-23T05:27:16.000Z")),
                ("clock", .string("plausible")), ("key", .string("devices/lamp")),
                ("value", .object([("on", .bool(true))])),
            ])
        let lost: Value = .object([
            ("first", .int(1)), ("last", .int(4)), ("reason", .string("bytes")),
        ])
        let gap: Value = .object(place + [("n", .int(2)), ("gap", lost)])
        return .object([("rows", .array([row, gap])), ("next", .int(2))])
    }

    func logCursors(_ id: String, as caller: Caller) throws(HubError) -> Value {
        try note("cursors", id, device: id)
        let cursor: Value = .object([
            ("stream", .string("event")), ("epoch", .string("00000000000000ff")),
            ("upto", .int(9)), ("rows", .int(10)), ("gap_rows", .int(0)),
            ("trimmed_rows", .int(0)),
        ])
        return .object([("cursors", .array([cursor]))])
    }

    func workloads(
        device: String?, selector: String?, as caller: Caller
    ) throws(HubError) -> Value {
        try note("workloads", device, selector, device: device)
        let workload: Value = .object([
            ("device", .string("pump-1")), ("name", .string("camera")),
            ("status", .string("applied")), ("state", .string("running")), ("pid", .int(7)),
            ("restarts", .int(0)),
        ])
        return .object([("workloads", .array([workload]))])
    }

    func apply(
        selector: String?, device: String?, kind: String, name: String, spec: Value,
        as caller: Caller
    ) throws(HubError) -> Value {
        try note("apply", selector, device, kind, name, spec.json, device: device)
        let result: Value = .object([
            ("device", .string("pump-1")), ("path", .string("desired/workloads/\(name)")),
            ("status", .string("pending")),
        ])
        return .object([("results", .array([result]))])
    }

    func createEnrolmentToken(
        labels: [String: String], lifetimeSeconds: Int64, needsApproval: Bool, as caller: Caller
    ) throws(HubError) -> Value {
        let labels = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        try note(
            "create token", labels.joined(separator: ","), "\(lifetimeSeconds)",
            "\(needsApproval)")
        guard case .map(let fields) = token else { return token }
        return .map(
            [
                Value.MapEntry("token", .string("fh1.hub.x.AQIDBAUG.y")),
                Value.MapEntry("install", .string("curl hub")),
            ] + fields)
    }

    func enrolmentTokens(as caller: Caller) throws(HubError) -> Value {
        try note("tokens")
        return .object([("tokens", .array([token]))])
    }

    func withdrawEnrolmentToken(_ id: String, as caller: Caller) throws(HubError) {
        try note("withdraw", id)
    }

    func addPlacement(_ request: PlacementRequest, as caller: Caller) throws(HubError) -> Value {
        try note("add placement", request.name, request.selector, request.rules.json)
        return .object(placement)
    }

    func planPlacement(_ request: PlacementRequest, as caller: Caller) throws(HubError) -> Value {
        try note("plan placement", request.name, request.selector, request.rules.json)
        return .object(placement + account)
    }

    func placements(as caller: Caller) -> Value {
        remember(["placements"])
        return .object([("placements", .array([.object(placement)]))])
    }

    func placement(_ name: String, as caller: Caller) throws(HubError) -> Value {
        try note("placement", name)
        return .object(placement + account)
    }

    func removePlacement(_ name: String, as caller: Caller) throws(HubError) {
        try note("remove placement", name)
    }

    private var placement: [(String, Value)] {
        let place = Value.object([
            ("device", .string("pump-1")), ("substitutes", .string("pump-2")), ("term", .int(3)),
        ])
        return [
            ("name", .string("web")), ("replicas", .int(2)), ("single", .bool(false)),
            ("places", .array([place])), ("missing", .int(1)),
        ]
    }

    private var account: [(String, Value)] {
        let decision = Value.object([
            ("workload", .string("web")), ("board", .string("pump-1")), ("candidates", .array([])),
            ("refused", .object([("labels", .int(3))])),
        ])
        return [
            ("decisions", .array([decision])), ("explanation", .string("web: pump-1")),
        ]
    }

    func decide(
        _ device: String, _ decision: IdentityDecision, as caller: Caller
    ) throws(HubError) -> Value {
        try note("decide", device, decision.rawValue, device: device)
        return identity
    }

    func createOperator(
        name: String, role: OperatorRole, scope: [String: String], lifetimeSeconds: Int64?,
        as caller: Caller
    ) throws(HubError) -> Value {
        try note(
            "create operator", name, role.rawValue, "\(scope)", lifetimeSeconds.map { "\($0)" })
        guard case .map(let fields) = person else { return person }
        return .map([Value.MapEntry("token", .string("00ff"))] + fields)
    }

    func operators(as caller: Caller) -> Value {
        remember(["operators"])
        return .object([("operators", .array([person]))])
    }

    func revokeOperator(_ name: String, as caller: Caller) throws(HubError) {
        try note("revoke operator", name)
    }

    func auditLog(after number: Int64, since time: WallTime, limit: Int) throws(HubError) -> Value {
        try note("audit", "\(number)", "\(time.milliseconds)", "\(limit)")
        let hash = String(repeating: "0f", count: 32)
        let place: Value = .object([("n", .int(1)), ("hash", .string(hash))])
        let row: Value = .object([
            ("n", .int(1)), ("time", .string("2026-11-23T05:27:16.000Z")),
            ("operator", .string("ann")), ("role", .string("admin")),
            ("from", .string("127.0.0.1")), ("action", .string("setCell")),
            ("target", .string("pump-1")), ("detail", .string("set desired/x")),
            ("result", .string("done")), ("hash", .string(hash)),
        ])
        return .object([
            ("start", .object([("n", .int(0)), ("hash", .string(hash))])), ("head", place),
            ("rows", .array([row])), ("next", .int(1)),
        ])
    }

    func authorityCertificate() throws(HubError) -> String {
        try note("authority")
        return authorityPEM
    }

    private var person: Value {
        .object([
            ("name", .string("ann")), ("role", .string("operator")),
            ("labels", .object([("site", .string("barn"))])), ("state", .string("active")),
            ("created_at", .string("2026-11-23T05:27:16.000Z")),
            ("expires_at", .string("2026-12-23T05:27:16.000Z")),
        ])
    }

    private var identity: Value {
        .object([
            ("device", .string("pump-1")), ("state", .string("active")),
            ("changed_at", .string("2026-11-23T05:27:16.000Z")),
            ("certificate_expires_at", .string("2027-11-23T05:27:16.000Z")),
        ])
    }

    private var token: Value {
        .object([
            ("id", .string("AQIDBAUG")), ("state", .string("used")),
            ("labels", .object([("site", .string("barn"))])), ("needs_approval", .bool(false)),
            ("created_at", .string("2026-11-23T05:27:16.000Z")),
            ("expires_at", .string("2026-11-23T06:27:16.000Z")), ("device", .string("pump-1")),
        ])
    }

    func events(after: UInt64?, as caller: Caller) -> AsyncStream<HubEvent> {
        remember(["events", after.map(String.init)])
        let (events, source) = AsyncStream.makeStream(
            of: HubEvent.self, bufferingPolicy: .bufferingOldest(128))
        source.onTermination = { [departed] _ in departed.yield() }
        for event in history where event.id > after ?? 0 { source.yield(event) }
        if endsEvents { source.finish() } else { watchers.append(source) }
        return events
    }

    /// Ends the streams of all watchers.
    func endEvents() {
        for watcher in watchers { watcher.finish() }
        watchers = []
    }

    private func note(_ words: String?..., device: String? = nil) throws(HubError) {
        remember(words)
        if let failure { throw failure }
        if let device, device != "pump-1" {
            throw HubError(
                .notFound, "There is no device \(device).", hint: "See fleet devices.")
        }
    }

    private func remember(_ words: [String?]) {
        calls.append(words.map { $0 ?? "-" }.joined(separator: " "))
        if calls.count > Self.callsMax { calls.removeFirst() }
    }

    private func cell(_ path: String) -> Value {
        .object([
            ("path", .string(path)), ("value", .double(21.5)), ("type", .string("single-writer")),
            ("writer", .string("device")),
        ])
    }

    private var device: Value {
        .object([
            ("id", .string("pump-1")), ("name", .string("Pump")),
            ("labels", .object([("site", .string("barn"))])), ("connected", .bool(true)),
            ("last_seen", .string("2026-11-23T05:27:16.000Z")),
            ("registered_at", .string("2026-11-01T00:00:00.000Z")), ("state", .string("active")),
            ("identity", identity),
            (
                "twin",
                .object([("cells", .int(2)), ("pending", .int(0)), ("refused", .int(0))])
            ),
            ("log", .object([("rows", .int(3)), ("gap_rows", .int(0))])),
        ])
    }
}

extension HubEvent {
    /// Event `id` of a history.
    static func sample(_ id: UInt64) -> HubEvent {
        HubEvent(
            id: id, kind: "twin",
            data: .object([
                ("device", .string("pump-1")), ("time", .string("2026-11-23T05:27:16.000Z")),
            ]))
    }

    /// What a watcher of `sample(id)` reads.
    static func sampleText(_ id: UInt64) -> String {
        "id: \(id)\nevent: twin\n"
            + "data: {\"device\":\"pump-1\",\"time\":\"2026-11-23T05:27:16.000Z\"}\n\n"
    }
}
