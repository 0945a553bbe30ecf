/// What was read of a hub before and after the devices came, and each device's share of it.
struct HubMemoryFigures {
    let devices: Int
    /// A hub that has served the devices of the warm-up.
    let base: MemoryFigures
    /// The same process with all devices connected, and after they have gone.
    let connected: MemoryFigures
    let idleAfterConnected: MemoryFigures
    /// A hub that was restarted and has heard none of its devices: those of the warm-up, and all.
    let restartBase: MemoryFigures
    let idle: MemoryFigures
    /// Bytes in use in the database.
    let databaseBase: Int
    let database: Int

    var line: ResultLine {
        var line = ResultLine()
        line.add("devices", devices)
        line.add("hub_base_kib", base.pss)
        line.add("connected_bytes_each", each(base.pss, connected.pss))
        line.add("connected_anonymous_each", each(base.anonymous, connected.anonymous))
        line.add("idle_bytes_each", each(restartBase.pss, idle.pss))
        line.add("idle_anonymous_each", each(restartBase.anonymous, idle.anonymous))
        line.add("idle_after_connected_bytes_each", each(base.pss, idleAfterConnected.pss))
        line.add("database_bytes_each", share(database - databaseBase))
        return line
    }

    /// From KiB to bytes a device. Less than nothing where pages were given back meanwhile: that
    /// is shown, as it tells how far to trust a figure.
    private func each(_ before: Int, _ after: Int) -> Int { share((after - before) * 1024) }

    private func share(_ bytes: Int) -> Int {
        Int((Double(bytes) / Double(devices)).rounded())
    }
}
