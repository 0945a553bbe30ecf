/// What a fleet could reach that moved its work freely onto few boards and halted the others:
/// a bound, for no sensor is pinned to a board, moves and wakes cost nothing.
public struct FleetConsolidation: Sendable, Hashable {
    /// How full a board is made.
    public static let fullest = 0.8

    /// Watts of a board in the mean, all on, at the highest clock while there is work.
    public let allOn: Double
    /// The same, consolidated.
    public let consolidated: Double

    /// - Parameter series: percents a slot, one list a board.
    public init(_ series: [[Int]], model: EnergyModel) {
        let rest = model.floor + model.leakageWatts(0)
        let top = model.levels.count - 1
        let work = model.dynamicWatts(top) + model.leakageWatts(top) - model.leakageWatts(0)
        var (all, few, slots) = (0.0, 0.0, 0)
        for slot in 0..<(series.map(\.count).max() ?? 0) {
            let percents = series.compactMap { slot < $0.count ? $0[slot] : nil }
            let load = percents.reduce(0.0) { $0 + Double(min(max($1, 0), 100)) / 100 }
            let boards = Double(percents.count)
            let on = min(boards, max(1, (load / Self.fullest).rounded(.up)))
            all += boards * rest + work * load
            few += on * rest + work * load + (boards - on) * model.halt
            slots += percents.count
        }
        allOn = slots > 0 ? all / Double(slots) : 0
        consolidated = slots > 0 ? few / Double(slots) : 0
    }
}
