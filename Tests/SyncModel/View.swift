/// What an application sees of one replica.
public struct View: Sendable, Equatable {
    /// The value of each path; nil where there is none or a null.
    public var reported: [Int?] = [nil, nil]
    public var config: [Int?] = [nil, nil]
    /// The values of each path, ascending.
    public var notes: [[Int]] = [[], []]
    /// Which elements the set has.
    public var sets = [false, false]
    public var counters = [0, 0]

    init(_ replica: Replica) {
        var generations = [0, 0]
        for cell in replica.cells where cell.kind == .counters {
            generations[Int(cell.path)] = max(generations[Int(cell.path)], cell.stamp)
        }
        for cell in replica.cells {
            let path = Int(cell.path)
            switch cell.kind {
            case .reported: reported[path] = cell.value
            case .config: config[path] = cell.value
            case .notes: notes[path].append(cell.value ?? 0)
            case .sets: sets[path] = true
            case .counters:
                if cell.stamp == generations[path] { counters[path] += cell.value ?? 0 }
            }
        }
        for path in notes.indices { notes[path].sort() }
    }
}
