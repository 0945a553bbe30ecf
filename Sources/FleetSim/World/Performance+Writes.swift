import FleetHub
import Platform
import Simulator
import SyncProtocol

extension Performance {
    func set(_ place: Act.Place, _ number: Int, _ path: String, _ value: Value) {
        guard place == .board else { return change(.hub, number, "set", path, value) }
        let board = site.boards[number]
        let isNote = path.hasPrefix("notes/")
        board.ask("set", path, value) { [site] answer in
            guard answer["ok"] == .bool(true), !isNote else { return }
            Self.noteAhead(site, board, path)
        }
    }

    /// A stamp that is far ahead will be lowered by the hub, which must say so.
    private static func noteAhead(_ site: Site, _ board: Board, _ path: String) {
        let year: Int64 = 365 * 86_400_000
        guard board.clockAhead.count > year else { return }
        site.ledger.ahead.append((board.device, board.station, path))
    }

    /// One change at either side; `then` hears of success.
    func change(
        _ place: Act.Place, _ number: Int, _ operation: String, _ path: String, _ value: Value?,
        then: @escaping () -> Void = {}
    ) {
        let board = site.boards[number]
        guard place == .hub else {
            return board.ask(operation == "increment" ? "inc" : operation, path, value) { answer in
                if answer["ok"] == .bool(true) { then() }
            }
        }
        let device = board.device
        site.hub.ask(
            { hub in
                switch (operation, value) {
                case ("set", let value?):
                    _ = try await hub.setCell(device, path: path, value: value)
                case ("add", let value?):
                    _ = try await hub.changeCell(device, path: path, .add(value))
                case ("remove", let value?):
                    _ = try await hub.changeCell(device, path: path, .remove(value))
                case ("increment", .int(let by)?):
                    _ = try await hub.changeCell(device, path: path, .increment(by))
                default: _ = try await hub.changeCell(device, path: path, .delete)
                }
            }, then: then)
    }

    func keep(
        _ place: Act.Place, _ board: Int, _ path: String, _ value: Value, _ isElement: Bool,
        _ number: Int
    ) throws {
        let device = site.boards[board].device
        let item = Ledger.Item(device: device, path: try TwinPath(path), value: value)
        change(place, board, isElement ? "add" : "set", path, value) { [site] in
            site.ledger.items[number] = item
        }
    }

    /// Only what is seen where it is removed is removed.
    func remove(
        _ place: Act.Place, _ number: Int, _ path: String, _ value: Value, _ item: Int
    ) throws {
        let board = site.boards[number]
        let replica: any Replica = place == .hub ? site.hub : board
        let isRunning = place == .hub ? site.hub.isRunning : board.isRunning
        guard isRunning else { return }
        let isSeen = try replica.shows(board.device, try TwinPath(path), value)
        change(place, number, "remove", path, value) { [site] in
            if isSeen { site.ledger.items[item]?.isRemoved = true }
        }
    }

    func increment(
        _ place: Act.Place, _ number: Int, _ path: String, _ by: Int64
    ) throws {
        let key = Ledger.Key(device: site.boards[number].device, path: try TwinPath(path))
        site.ledger.counters[key, default: Ledger.Counter()].tried += by
        change(place, number, "increment", path, .int(by)) { [site] in
            site.ledger.counters[key]?.told += by
        }
    }
}
