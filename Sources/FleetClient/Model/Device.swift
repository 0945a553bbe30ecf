/// A device as the hub's registry has it.
public struct Device: Sendable, Hashable {
    /// Fixed for the device's life: 1–64 of a-z A-Z 0-9 . _ -.
    public let id: String
    /// What people call it; the id until somebody renames it.
    public let name: String
    /// What selectors choose by.
    public let labels: [String: String]
    /// Whether the hub has a connection of it now.
    public let isConnected: Bool
    /// RFC 3339; nil before the device was heard of.
    public let lastSeen: String?
    /// RFC 3339.
    public let registeredAt: String?
    /// Removed devices are refused until they are forgotten.
    public let isRemoved: Bool
    /// What the hub thinks of its key; nil where it never enrolled.
    public let identity: DeviceIdentity?
    /// Set where it sends more than the hub takes.
    public let ingest: Ingest?
    /// How far its twin has come.
    public let twin: TwinCounts
    /// How much of its log the hub holds.
    public let log: LogCounts

    /// What the hub does about a device that sends too much.
    public struct Ingest: Sendable, Hashable {
        /// `slowed` or `cut_off`.
        public let state: String
        /// Frames that the hub did not take.
        public let droppedFrames: Int64
        /// Until one that is cut off is heard again.
        public let secondsLeft: Int64?

        init(_ fields: Fields) throws(FleetClientError) {
            state = try fields.string("state")
            droppedFrames = try fields.int("dropped_frames")
            secondsLeft = try fields.optionalInt("seconds_left")
        }
    }

    /// Counts of a twin's cells.
    public struct TwinCounts: Sendable, Hashable {
        /// All cells.
        public let cells: Int64
        /// Writes that the device has not answered yet.
        public let pending: Int64
        /// Writes that the device refused.
        public let refused: Int64
    }

    /// Counts of a log's rows, over all streams.
    public struct LogCounts: Sendable, Hashable {
        /// Rows that the hub holds.
        public let rows: Int64
        /// Rows that were lost and are accounted for by gap records.
        public let gapRows: Int64
    }

    init(_ fields: Fields) throws(FleetClientError) {
        id = try fields.string("id")
        name = try fields.optionalString("name") ?? ""
        labels = try fields.strings("labels")
        isConnected = try fields.bool("connected")
        lastSeen = try fields.optionalString("last_seen")
        registeredAt = try fields.optionalString("registered_at")
        isRemoved = try fields.string("state") == "removed"
        identity = try fields.optionalObject("identity").map(DeviceIdentity.init)
        ingest = try fields.optionalObject("ingest").map(Ingest.init)
        let twin = try fields.object("twin")
        self.twin = TwinCounts(
            cells: try twin.int("cells"), pending: try twin.int("pending"),
            refused: try twin.int("refused"))
        let log = try fields.object("log")
        self.log = LogCounts(rows: try log.int("rows"), gapRows: try log.int("gap_rows"))
    }
}
