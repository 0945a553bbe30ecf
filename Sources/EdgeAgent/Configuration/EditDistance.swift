/// How far a mistyped name is from a known one.
enum EditDistance {
    /// Names longer than this are not compared; it bounds time and memory.
    static let bytesMax = 64

    /// The fewest bytes to insert, drop, replace or swap with their neighbour (optimal string
    /// alignment); nil where either name is too long to be a slip of the other.
    static func between(_ left: String, _ right: String) -> Int? {
        let a = Array(left.utf8)
        let b = Array(right.utf8)
        guard a.count <= bytesMax, b.count <= bytesMax else { return nil }
        var beforeLast: [Int] = []
        var last = Array(0...b.count)
        for i in 0..<a.count {
            var row = [i + 1]
            for j in 0..<b.count {
                var best = min(last[j] + (a[i] == b[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                    best = min(best, beforeLast[j - 1] + 1)
                }
                row.append(best)
            }
            beforeLast = last
            last = row
        }
        return last[b.count]
    }

    /// The candidate nearest to `name`, where one is near enough to have been meant: a third of
    /// the letters may differ. Of equally near ones the first.
    static func nearest(to name: String, among candidates: [String]) -> String? {
        var best: (name: String, distance: Int)?
        for candidate in candidates {
            guard let distance = between(name, candidate),
                distance <= max(1, candidate.utf8.count / 3),
                distance < best?.distance ?? .max
            else { continue }
            best = (candidate, distance)
        }
        return best?.name
    }
}
