/// Where one document's twin is kept: the seam between the rules of merging and what holds the
/// cells, SQL or memory. The rules are extensions of it, so that both follow the same ones.
///
/// A call changes nothing durable by itself; the owner wraps what belongs together in one
/// transaction.
public protocol TwinStorage {
    associatedtype Failure: Error

    /// The cell of a register; nil where there is none. For other kinds use `cells(at:)`.
    func register(_ path: TwinPath) throws(Failure) -> Cell?
    /// All cells of a path, by slot.
    func cells(at path: TwinPath) throws(Failure) -> [Cell]
    func cell(slot: CellSlot, at path: TwinPath) throws(Failure) -> Cell?
    func cell(_ dot: Dot) throws(Failure) -> Cell?
    /// The first cells whose dot lies in `(since, upto]` of an epoch, by ascending counter.
    func cells(
        of epoch: Epoch, since: UInt64, upto: UInt64, limit: Int
    ) throws(Failure) -> [Cell]
    /// Every cell that lies where it belongs, in any order. Returns how many entries hold none.
    @discardableResult
    func scan(_ body: (Cell) -> Void) throws(Failure) -> Int
    /// Puts where it belongs what `scan` left out. Returns false where some could not be read, or
    /// their place was taken, and is gone.
    @discardableResult
    func mend() throws(Failure) -> Bool
    /// Puts a cell into its slot.
    func put(_ cell: Cell) throws(Failure)
    func remove(_ cell: Cell) throws(Failure)

    /// Removal records in `(since, upto]`, by ascending counter.
    func removals(
        _ epoch: Epoch, since: UInt64, upto: UInt64
    ) throws(Failure) -> [Removal]
    func keep(_ removal: Removal) throws(Failure)

    /// What was seen of an epoch; 0 where nothing was.
    func seen(_ epoch: Epoch) throws(Failure) -> UInt64
    /// All that was seen.
    func causalContext() throws(Failure) -> CausalContext
    /// Raises what was seen of an epoch; a lower counter changes nothing.
    func advance(_ epoch: Epoch, to counter: UInt64) throws(Failure)
}
