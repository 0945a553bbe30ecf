import Placement
public import Platform
import SQLiteStore
import SyncProtocol

/// A workload that the hub is to find boards for.
public struct PlacementRequest: Sendable, Hashable {
    /// The workload's name, which no other placement has.
    public let name: String
    /// As `apply` takes it.
    public let spec: Value
    /// Labels that boards must have, `k=v,k2=v2`; nil for any.
    public let selector: String?
    /// How many, and what boards must be; null for one replica anywhere.
    public let rules: Value

    public init(name: String, spec: Value, selector: String?, rules: Value) {
        self.name = name
        self.spec = spec
        self.selector = selector
        self.rules = rules
    }

    init(_ record: PlacementRecord) {
        self.init(
            name: record.name, spec: record.wish["spec"] ?? .null,
            selector: record.wish["selector"]?.stringValue, rules: record.wish["place"] ?? .null)
    }

    /// As it is stored.
    var value: Value {
        .object([
            ("spec", spec), ("selector", selector.map { .string($0) } ?? .null), ("place", rules),
        ])
    }

    private static let replicasMaximum: Int64 = 1000
    private static let namesMaximum = 64
    /// Of a single one: its process must be gone when its lease is.
    private static let singleGraceMaximum: Int64 = 300_000
    private static let known = [
        "replicas", "single", "cpu_m", "memory_mib", "zones", "architectures", "tolerates",
        "apart_from",
    ]

    /// What it means, checked.
    func wish() throws(HubError) -> FleetKeeper.Wish {
        try FleetHub.checkRuns(spec, of: name)
        guard spec["lease"] == nil else {
            throw Self.wrong("spec.lease", "is the hub's to give", "Write place.single: true")
        }
        guard rules == .null || rules.mapValue != nil else {
            throw Self.wrong("place", "is no object", "Give an object such as {\"replicas\":2}.")
        }
        for entry in rules.mapValue ?? [] where !Self.known.contains(entry.key) {
            throw Self.wrong(
                "place." + entry.key.prefix(64), "is no field",
                "Known here: \(Self.known.joined(separator: ", ")).")
        }
        let needs = BoardResources(
            milliCPU: try number("cpu_m", 0...1_000_000, 100),
            memoryKiB: try number("memory_mib", 0...1_048_576, 64) << 10)
        var workload = FleetWorkload(name: name, needs: needs)
        if let selector { workload.selector = try Self.selector(selector) }
        workload.zones = try names("zones")
        workload.architectures = try names("architectures")
        workload.tolerates = try names("tolerates")
        workload.apartFrom = try names("apart_from")
        let isSingle = try flag("single")
        let replicas = try number("replicas", 1...Self.replicasMaximum, 1)
        guard !isSingle || replicas == 1 else {
            throw Self.wrong(
                "place.replicas", "is \(replicas), and place.single allows one", "Leave one out.")
        }
        guard !isSingle || spec["stop_grace_ms"]?.intValue ?? 0 <= Self.singleGraceMaximum else {
            throw Self.wrong(
                "spec.stop_grace_ms", "is too long for a workload that may run once only",
                "Give at most \(Self.singleGraceMaximum).")
        }
        return FleetKeeper.Wish(workload, replicas: replicas, isSingle: isSingle)
    }

    private static func selector(_ text: String) throws(HubError) -> LabelSelector {
        do {
            return try LabelSelector(text)
        } catch {
            throw HubError(.invalid, "\(error).", hint: "For example: site=barn,rack=2")
        }
    }

    private func number(
        _ field: String, _ range: ClosedRange<Int64>, _ fallback: Int64
    ) throws(HubError) -> Int {
        guard let value = rules[field] else { return Int(fallback) }
        guard let number = value.intValue, range.contains(number) else {
            throw Self.wrong(
                "place." + field,
                "is no whole number from \(range.lowerBound) to \(range.upperBound)",
                "Its default is \(fallback).")
        }
        return Int(number)
    }

    private func flag(_ field: String) throws(HubError) -> Bool {
        guard let value = rules[field] else { return false }
        guard let flag = value.boolValue else {
            throw Self.wrong(
                "place." + field, "is neither true nor false", "Leave it out for false.")
        }
        return flag
    }

    private func names(_ field: String) throws(HubError) -> Set<String> {
        guard let value = rules[field] else { return [] }
        let texts = value.arrayValue?.compactMap(\.stringValue)
        guard let texts, texts.count == value.arrayValue?.count, texts.count <= Self.namesMaximum
        else {
            throw Self.wrong(
                "place." + field, "is no list of at most \(Self.namesMaximum) texts",
                "Give a list such as [\"barn\"].")
        }
        return Set(texts)
    }

    private static func wrong(_ field: String, _ what: String, _ hint: String) -> HubError {
        HubError(.invalid, "\(field) \(what).", hint: hint)
    }
}
