import Foundation
import Platform

/// The boards of a load, in groups that share a lock: those of one connection.
final class LoadFleet: @unchecked Sendable {
    // @unchecked: a group's boards and figures are used with its lock held.

    /// What came back while it was measured.
    struct Figures {
        var rows: UInt64 = 0
        var latencies: [Duration] = []
    }

    private final class Group {
        let lock = NSLock()
        /// By number.
        var boards: [Int: LoadBoard] = [:]
        var figures = Figures()
        var isLoading = false
        var failure: String?
    }

    let count: Int
    private let batch: Int
    private let groups: [Group]
    /// Carries a board's frame; set before the first one.
    var send: (@Sendable (_ frame: [UInt8], _ board: Int) -> Void)?

    /// - Parameter groups: Boards are dealt out to them in turn.
    init(_ count: Int, batch: Int, groups groupCount: Int) throws {
        self.count = count
        self.batch = batch
        let rows = LoadRows()
        groups = (0..<groupCount).map { _ in Group() }
        for number in 0..<count {
            groups[number % groupCount].boards[number] = try LoadBoard(
                Self.name(number), number: number + 1, rows: rows, batch: batch)
        }
    }

    static func name(_ number: Int) -> String { "load-\(100_000 + number)" }

    /// The number in such a name; nil for another one.
    static func number(of name: some StringProtocol) -> Int? {
        guard name.hasPrefix("load-1") else { return nil }
        return Int(name.dropFirst(6))
    }

    private func group<Result>(of board: Int, _ body: (Group) throws -> Result) rethrows -> Result {
        let group = groups[board % groups.count]
        group.lock.lock()
        defer { group.lock.unlock() }
        return try body(group)
    }

    private func all<Result>(_ body: (Group) throws -> Result) rethrows -> [Result] {
        try groups.map { group in
            group.lock.lock()
            defer { group.lock.unlock() }
            return try body(group)
        }
    }

    // MARK: From the link

    /// A frame of the hub. Called on any thread.
    func receive(_ frame: [UInt8], for number: Int) {
        let frames = group(of: number) { group -> [[UInt8]] in
            guard let board = group.boards[number] else { return [] }
            do {
                let step = try board.receive(frame, isLoading: group.isLoading)
                if let latency = step.latency {
                    group.figures.rows += UInt64(batch)
                    group.figures.latencies.append(latency)
                }
                return step.frames
            } catch {
                group.failure = "\(board.key): \(error)"
                return []
            }
        }
        for frame in frames { send?(frame, number) }
    }

    // MARK: From the run

    /// Boards greet the hub, some at a time.
    func greet(_ numbers: Range<Int>, atOnce: Int) async throws {
        for start in stride(from: numbers.lowerBound, to: numbers.upperBound, by: atOnce) {
            let some = start..<min(start + atOnce, numbers.upperBound)
            var last = ContinuousClock.now
            for number in some { try begin(number) }
            try await waitUntil(
                "boards \(some) to be greeted", within: .seconds(60), every: .milliseconds(1)
            ) {
                let left = some.filter { number in
                    group(of: number) { $0.boards[number]?.isOpen != true }
                }
                if ContinuousClock.now - last > .seconds(5) {
                    last = ContinuousClock.now
                    for number in left { try begin(number) }
                }
                return left.isEmpty
            }
        }
    }

    private func begin(_ number: Int) throws {
        let frames = try group(of: number) { try $0.boards[number]?.begin() ?? [] }
        for frame in frames { send?(frame, number) }
    }

    /// All boards send rows from now on, or finish those on their way.
    func setLoading(_ isLoading: Bool) {
        for group in groups {
            group.lock.lock()
            group.isLoading = isLoading
            var frames: [(Int, [UInt8])] = []
            if isLoading {
                for (number, board) in group.boards where !board.isWaiting {
                    frames += board.next().map { (number, $0) }
                }
            }
            group.lock.unlock()
            for (number, frame) in frames { send?(frame, number) }
        }
    }

    /// Sends again what was not answered for so long, and forgets nothing.
    /// - Returns: Frames that were sent again.
    func repeatUnanswered(after patience: Duration) -> Int {
        let frames = all { group in
            group.boards.flatMap { number, board in
                board.again(after: patience).map { (number, $0) }
            }
        }.flatMap(\.self)
        for (number, frame) in frames { send?(frame, number) }
        return frames.count
    }

    /// Figures since the last call.
    func takeFigures() -> Figures {
        all { group in
            defer { group.figures = Figures() }
            return group.figures
        }.reduce(into: Figures()) { sum, part in
            sum.rows += part.rows
            sum.latencies += part.latencies
        }
    }

    /// Boards whose rows are on their way.
    var waiting: Int { all { $0.boards.values.count(where: \.isWaiting) }.reduce(0, +) }

    /// What the hub has acknowledged, all in all.
    var acknowledged: UInt64 {
        all { $0.boards.values.reduce(0) { $0 + $1.acknowledged } }.reduce(0, +)
    }

    /// What the hub has acknowledged of one board.
    func acknowledged(_ number: Int) -> UInt64 {
        group(of: number) { $0.boards[number]?.acknowledged ?? 0 }
    }

    /// Throws where a board failed, or the sync told of anything: nothing of a load is an event.
    func check() throws {
        let failures = all { group in
            [group.failure].compactMap(\.self)
                + group.boards.values.filter { !$0.events.isEmpty }
                .map { "\($0.key): \($0.events)" }
        }.flatMap(\.self)
        guard let first = failures.first else { return }
        throw BenchFailure("\(failures.count) boards of the load failed, the first: \(first)")
    }
}
