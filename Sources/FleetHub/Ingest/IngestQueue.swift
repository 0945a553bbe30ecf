import Platform

/// The frames between the links and the writer: a lane for each board, of bounded length, served in
/// turn. A value, so that who waits for whom can be tested without time.
///
/// Each round gives every board that has something one frame, so a board's next frame waits for at
/// most one frame of each other board and the group under way, however much any of them sends. What
/// a board has beyond its lane is dropped, as a link may: only the hub's own acknowledgement
/// releases anything on a board (decision 0025).
struct IngestQueue: Sendable {
    struct Settings: Sendable {
        /// Frames of one board that wait. More than an agent has on their way
        /// (`uplink.frames_in_flight_max`, at most 20).
        var framesPerDevice = 32
        /// Of a board that was found to flood.
        var framesPerSlowedDevice = 8
        /// Bytes of one board that wait; a single frame may be longer.
        var bytesPerDevice = 2 << 20
        /// Frames and bytes of all boards that wait.
        var frames = 16_384
        var bytes = 64 << 20
        /// What one turn may carry; who sent more passes that many turns.
        var turnBytes = 32 << 10
    }

    /// A frame with the delivery that brought it.
    struct Entry: Sendable {
        let frame: DeviceFrame
        fileprivate let delivery: UInt64
    }

    private struct Lane: Sendable {
        var entries: [Entry] = []
        /// The entries before it were served.
        var head = 0
        var bytes = 0
        /// Turns to pass, for frames longer than a turn.
        var owed = 0

        var count: Int { entries.count - head }

        mutating func pop() -> Entry {
            let entry = entries[head]
            head += 1
            bytes -= entry.frame.bytes.count
            if head == entries.count {
                entries.removeAll(keepingCapacity: false)
                head = 0
            }
            return entry
        }
    }

    private let settings: Settings
    private var lanes: [String: Lane] = [:]
    /// Boards with something in their lane, each once; the first is next.
    private var turns: [String] = []
    private var turn = 0
    private(set) var frames = 0
    private(set) var bytes = 0
    private var deliveries = Deliveries()

    init(settings: Settings = Settings()) { self.settings = settings }

    var isEmpty: Bool { frames == 0 }

    /// Frames of one board that wait.
    func waiting(of device: String) -> Int { lanes[device]?.count ?? 0 }

    // MARK: In

    /// Takes what a link delivered in one piece, as far as there is room.
    ///
    /// - Parameters:
    ///   - through: What the link wants to hear when all of it is dealt with.
    ///   - isSlowed: Whether a board has less room.
    ///   - isShut: Whether nothing of a board is taken.
    /// - Returns: The boards whose frames were dropped, one entry for each frame.
    mutating func take(
        _ frames: [DeviceFrame], through: UInt64, isSlowed: (String) -> Bool = { _ in false },
        isShut: (String) -> Bool = { _ in false }
    ) -> [String] {
        let delivery = deliveries.open(through: through, count: frames.count)
        var dropped: [String] = []
        for frame in frames {
            let device = frame.device
            let entry = Entry(frame: frame, delivery: delivery)
            guard !isShut(device), hasRoom(frame, isSlowed: isSlowed(device)) else {
                deliveries.close(delivery)
                dropped.append(device)
                continue
            }
            guard makeRoom(for: frame, &dropped) else {
                deliveries.close(delivery)
                dropped.append(device)
                continue
            }
            append(entry)
        }
        return dropped
    }

    private func hasRoom(_ frame: DeviceFrame, isSlowed: Bool) -> Bool {
        guard let lane = lanes[frame.device] else { return true }
        let maximum = isSlowed ? settings.framesPerSlowedDevice : settings.framesPerDevice
        return lane.count < maximum
            && lane.bytes + frame.bytes.count <= settings.bytesPerDevice
    }

    /// Where all is full, the board that has most waiting gives up its latest frames.
    /// - Returns: False where that is the frame's own.
    private mutating func makeRoom(
        for frame: DeviceFrame, _ dropped: inout [String]
    ) -> Bool {
        while frames > 0,
            frames >= settings.frames || bytes + frame.bytes.count > settings.bytes
        {
            let longest = lanes.max {
                ($0.value.bytes, $0.value.count, $0.key) < ($1.value.bytes, $1.value.count, $1.key)
            }
            guard let longest, longest.key != frame.device,
                let entry = lanes[longest.key]?.entries.popLast()
            else { return false }
            remove(entry)
            lanes[longest.key]?.bytes -= entry.frame.bytes.count
            if lanes[longest.key]?.count == 0 { forget(longest.key) }
            dropped.append(longest.key)
        }
        return true
    }

    private mutating func append(_ entry: Entry) {
        let device = entry.frame.device
        if lanes[device] == nil { turns.append(device) }
        lanes[device, default: Lane()].entries.append(entry)
        lanes[device]?.bytes += entry.frame.bytes.count
        frames += 1
        bytes += entry.frame.bytes.count
    }

    private mutating func remove(_ entry: Entry) {
        frames -= 1
        bytes -= entry.frame.bytes.count
        deliveries.close(entry.delivery)
    }

    private mutating func forget(_ device: String) {
        lanes[device] = nil
        guard let place = turns[turn...].firstIndex(of: device) else { return }
        turns.remove(at: place)
    }

    /// Drops all that waits of a board.
    mutating func drop(_ device: String) -> Int {
        guard let lane = lanes[device] else { return 0 }
        for entry in lane.entries[lane.head...] { remove(entry) }
        forget(device)
        return lane.count
    }

    // MARK: Out

    /// The frames to commit next, in turn; `finished` is to be called when that is done.
    mutating func next(frames count: Int, bytes limit: Int) -> [Entry] {
        var group: [Entry] = []
        var groupBytes = 0
        while frames > 0, group.count < count, groupBytes < limit {
            let device = turns[turn]
            turn += 1
            // Taken out, so that the lane is not copied.
            guard var lane = lanes.removeValue(forKey: device) else { continue }
            if lane.owed > 0 {
                lane.owed -= 1
            } else {
                let entry = lane.pop()
                let size = entry.frame.bytes.count
                lane.owed = max(0, (size - 1) / settings.turnBytes)
                frames -= 1
                bytes -= size
                groupBytes += size
                group.append(entry)
            }
            if lane.count > 0 {
                lanes[device] = lane
                turns.append(device)
            }
            if turn >= 1024, turn * 2 >= turns.count {
                turns.removeFirst(turn)
                turn = 0
            }
        }
        if frames == 0 {
            turns = []
            turn = 0
        }
        return group
    }

    /// These are durable, or never will be.
    mutating func finished(_ group: [Entry]) {
        for entry in group { deliveries.close(entry.delivery) }
    }

    /// What the links may be told, where that is more than before: everything up to it is dealt
    /// with.
    mutating func acknowledgement() -> UInt64? { deliveries.take() }
}

/// What was delivered and is not dealt with, oldest first.
private struct Deliveries: Sendable {
    private var open: [(through: UInt64, left: Int)] = []
    private var head = 0
    /// The number of the first one in `open`.
    private var first: UInt64 = 0

    mutating func open(through: UInt64, count: Int) -> UInt64 {
        open.append((through, count))
        return first + UInt64(open.count) - 1
    }

    mutating func close(_ number: UInt64) { open[Int(number - first)].left -= 1 }

    mutating func take() -> UInt64? {
        var through: UInt64?
        while head < open.count, open[head].left == 0 {
            through = open[head].through
            head += 1
        }
        if head == open.count || head >= 1024 {
            open.removeFirst(head)
            first += UInt64(head)
            head = 0
        }
        return through
    }
}
