/// A workload that the hub places by itself.
public struct PlacedWorkload: Sendable, Hashable {
    /// A replica on a board.
    public struct Place: Sendable, Hashable {
        public let device: String
        /// The silent board that it makes up for.
        public let substitutes: String?
        /// Of its lease, where it may run once only.
        public let term: Int64?

        init(_ fields: Fields) throws(FleetClientError) {
            device = try fields.string("device")
            substitutes = try fields.optionalString("substitutes")
            term = try fields.optionalInt("term")
        }
    }

    public let name: String
    public let replicas: Int64
    /// It may run once only.
    public let isSingle: Bool
    public let places: [Place]
    /// Replicas that no board can have at present.
    public let missing: Int64
    /// Why it is there and not elsewhere; nil in lists.
    public let explanation: String?

    init(_ fields: Fields) throws(FleetClientError) {
        name = try fields.string("name")
        replicas = try fields.int("replicas")
        isSingle = try fields.bool("single")
        places = try fields.list("places", Place.init)
        missing = try fields.int("missing")
        explanation = try fields.optionalString("explanation")
    }
}
