/// Which numbers stand for which paths on one link, in one session.
///
/// Each side numbers the paths that it was the first to name, and both may use either's numbers. A
/// name goes with every frame that uses it until the other side is known to have it, so that no
/// frame depends on another one that may be lost.
public struct NameTable: Sendable, Hashable {
    /// Paths that a table numbers; what comes after them is spelled each time.
    public static let capacity = 4096

    /// One side's list; a path's place is its number.
    private var own: [TwinPath] = []
    private var peer: [TwinPath?] = []
    private var numbers: [TwinPath: Int] = [:]
    /// Own names up to here are known to the other side.
    private var confirmed = 0
    /// The highest own name that a frame has carried since, plus one.
    private var sent = 0

    public init() {}

    /// What stands for a path on the wire: an own name's place n as n, the peer's as −1 − n. Nil
    /// where the table is full.
    mutating func number(_ path: TwinPath) -> Int? {
        if let number = numbers[path] { return number }
        guard own.count < Self.capacity else { return nil }
        own.append(path)
        numbers[path] = own.count - 1
        return own.count - 1
    }

    /// Whether a frame that uses this number must spell the name too.
    mutating func needsSpelling(_ number: Int) -> Bool {
        guard number >= confirmed else { return false }
        sent = max(sent, number + 1)
        return true
    }

    /// The path of a number as the other side wrote it: its own names count from 0.
    func path(_ number: Int) -> TwinPath? {
        if number >= 0 { return number < peer.count ? peer[number] : nil }
        let index = -1 - number
        return index < own.count ? own[index] : nil
    }

    /// Notes a name that the other side spelled. False for a number beyond the bound.
    mutating func learn(_ path: TwinPath, as number: Int) -> Bool {
        guard number < Self.capacity else { return false }
        while peer.count <= number { peer.append(nil) }
        peer[number] = path
        if numbers[path] == nil { numbers[path] = -1 - number }
        return true
    }

    /// How many own names frames have carried until now; give it to `confirm` once the other side
    /// is known to have read them.
    public var mark: Int { sent }

    public mutating func confirm(_ mark: Int) { confirmed = max(confirmed, min(mark, own.count)) }

    /// Names held, both sides'.
    public var count: Int { own.count + peer.count }
}
