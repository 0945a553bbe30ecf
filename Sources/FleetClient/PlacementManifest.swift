public import Platform

/// What `fleet place add` reads from a file: a workload's manifest with `place`, which says how many
/// and what boards must be. The hub checks what is in `place`.
public struct PlacementManifest: Sendable, Hashable {
    public let workload: WorkloadManifest
    /// Null where the manifest has none.
    public let rules: Value

    /// - Throws: `.usage` naming the field that is not right.
    public init(_ value: Value) throws(FleetClientError) {
        rules = value["place"] ?? .null
        guard case .map(let fields) = value else {
            workload = try WorkloadManifest(value)
            return
        }
        workload = try WorkloadManifest(.map(fields.filter { $0.key != "place" }))
    }

    var body: Value {
        var fields: [(String, Value)] = [
            ("name", .string(workload.name)), ("spec", workload.spec), ("place", rules),
        ]
        if let selector = workload.selector {
            fields.append(("selector", .string(selector.description)))
        }
        return .object(fields)
    }
}
