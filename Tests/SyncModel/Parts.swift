/// Cuts a frame into parts.
enum Parts {
    /// At most `size` counters with content in each part; 0 leaves the frame whole.
    static func cut(_ intervals: [Interval], size: Int) -> [[Interval]] {
        guard size > 0, !intervals.isEmpty else { return [intervals] }
        var parts: [[Interval]] = [[]]
        var room = size
        for interval in intervals {
            var since = interval.since
            for end in ends(of: interval, room, size) {
                if room == 0 {
                    parts.append([])
                    room = size
                }
                let piece = interval.piece(since, end)
                parts[parts.count - 1].append(piece)
                room = max(0, room - counters(of: piece).count)
                since = end
            }
        }
        return parts
    }

    /// Where to cut an interval, the first piece being for the room that is left.
    private static func ends(of interval: Interval, _ room: Int, _ size: Int) -> [Int] {
        let counters = counters(of: interval)
        var ends: [Int] = []
        var next = room == 0 ? size : room
        while next < counters.count {
            ends.append(counters[next - 1])
            next += size
        }
        return ends + [interval.upto]
    }

    /// The counters at which there is a cell or a removal.
    private static func counters(of interval: Interval) -> [Int] {
        let all = interval.cells.map(\.dot.counter) + interval.removals.map(\.dot.counter)
        var counters: [Int] = []
        for counter in all.sorted() where counters.last != counter { counters.append(counter) }
        return counters
    }
}

extension Interval {
    /// A part of this interval, which follows on `since`.
    fileprivate func piece(_ since: Int, _ upto: Int) -> Interval {
        let isInside = { (dot: Dot) in dot.counter > since && dot.counter <= upto }
        return Interval(
            epoch: epoch, since: since, upto: upto, cells: cells.filter { isInside($0.dot) },
            removals: removals.filter { isInside($0.dot) })
    }
}
