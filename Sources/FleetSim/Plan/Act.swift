import Platform

/// What happens at one moment of a plan. All choices are made when the plan is, so that leaving
/// out one step changes nothing in the others.
enum Act: Sendable {
    // What users and devices do.
    case publish(board: Int, messages: [Message])
    case set(Place, board: Int, path: String, value: Value)
    /// To a key or element that nothing else writes: it must be there in the end.
    case keep(Place, board: Int, path: String, value: Value, isElement: Bool, item: Int)
    /// Takes an item back.
    case remove(Place, board: Int, path: String, value: Value, item: Int)
    case increment(Place, board: Int, path: String, by: Int64)
    case delete(Place, board: Int, path: String)
    case restart(board: Int)
    /// A copy that a later fault may bring back.
    case backUpHub
    case backUpBoard(Int)

    // Faults.
    case crashBoard(Int, calls: Int, losesPower: Bool)
    case crashHub(calls: Int, losesPower: Bool)
    case cutBoard(Int, Milliseconds)
    case silenceBoard(Int, Milliseconds)
    case cutHub(Milliseconds)
    case noise(loss: Int, repeats: Int, delay: Milliseconds, Milliseconds)
    case stopBroker(Int, Milliseconds)
    case restoreHub
    case wipeHub
    case restoreBoard(Int)
    case clone(Int)
    case setClock(Int, ahead: Milliseconds, Milliseconds)
    case fillBoard(Int, Milliseconds)
    case fillHub(Milliseconds)
    /// Some cells of a board's twin are gone from one of the databases that hold it.
    case damage(Place, board: Int, cells: Int)

    enum Place: Sendable { case board, hub }

    struct Message: Sendable {
        let sensor: String
        let fields: [(String, Value)]
    }

    var isFault: Bool { faultName != nil }

    /// The kind of a fault, as reports count them; nil for what is none.
    var faultName: String? {
        switch self {
        case .publish, .set, .keep, .remove, .increment, .delete, .restart, .backUpHub,
            .backUpBoard:
            nil
        case .crashBoard(_, _, let losesPower): losesPower ? "board_power_cut" : "board_crash"
        case .crashHub(_, let losesPower): losesPower ? "hub_power_cut" : "hub_crash"
        case .cutBoard: "link_cut"
        case .silenceBoard: "link_silent"
        case .cutHub: "hub_cut"
        case .noise: "noise"
        case .stopBroker: "broker_stop"
        case .restoreHub: "hub_restore"
        case .wipeHub: "hub_wipe"
        case .restoreBoard: "board_restore"
        case .clone: "clone"
        case .setClock: "clock"
        case .fillBoard: "board_full"
        case .fillHub: "hub_full"
        case .damage(let place, _, _): "\(place)_damage"
        }
    }

    /// One line for the person who reads a failing seed.
    var text: String {
        switch self {
        case .publish(let board, let messages): "board \(board): \(messages.count) messages"
        case .set(let place, let board, let path, let value):
            "\(place) \(board): set \(path) \(value.json.prefix(24))"
        case .keep(let place, let board, let path, let value, let isElement, _):
            "\(place) \(board): \(isElement ? "add" : "set") \(path) \(value.json.prefix(24))"
        case .remove(let place, let board, let path, let value, _):
            "\(place) \(board): remove \(path) \(value.json)"
        case .increment(let place, let board, let path, let by):
            "\(place) \(board): increment \(path) by \(by)"
        case .delete(let place, let board, let path): "\(place) \(board): delete \(path)"
        case .restart(let board): "board \(board): restart"
        case .backUpHub: "backup of the hub"
        case .backUpBoard(let board): "backup of board \(board)"
        default: "fault \(self)"
        }
    }
}

/// One step of a plan.
struct Step: Sendable {
    /// Its name in `--only`.
    let number: Int
    let time: Milliseconds
    let act: Act
}
