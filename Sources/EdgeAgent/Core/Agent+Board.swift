import Platform
import PowerManager
import SyncProtocol

extension Agent {
    /// Samples often, reports what moved: memory costs nothing, the card does.
    func sampleBoard(_ now: MonotonicTime) {
        tendPower(now)
        let board = configuration.board
        // Reports keep their interval, also where samples are spread out.
        let longest = max(board.sampleInterval, board.reportInterval)
        sampleDue = now + min(board.sampleInterval * power.spread, longest)
        let news = reporter.sample(sampler.read(), at: now)
        guard !news.isEmpty, stage.rowCount < Stage.rowsMaximum else { return }
        for (name, value) in news {
            guard let path = try? TwinPath("reported/board/\(name)") else { continue }
            write(path, value, .telemetry)
        }
        append(.telemetry, key: "board", .object(news))
        announceBoard(news)
    }
}
