/// One thing that happens to the system.
public enum Action: Sendable, Equatable {
    /// An application on a board, or the operator at the hub, writes.
    case write(board: Int, Verb, path: Int)
    case hubWrite(Verb, path: Int)
    /// A row for the log; the log's bound drops the oldest row.
    case log(board: Int)
    case dropRow(board: Int)

    /// The board sends what its session calls for; with `early`, a HELLO carries its data.
    case ask(board: Int, early: Bool)
    case push(board: Int)
    /// The n-th frame in flight arrives, arrives and stays in flight, or is lost.
    case deliver(Int)
    case duplicate(Int)
    case lose(Int)
    /// The board's connection breaks: its frames in flight are lost.
    case cut(board: Int)
    /// The board asks until it has an answer, and nothing is lost.
    case sync(board: Int)

    /// A restart; of what was not synced, `keeping` writes are left.
    case crash(board: Int, keeping: Int)
    case backup(board: Int)
    case restore(board: Int)
    case clone(board: Int)
    case clock(board: Int, offset: Int)
    case hubCrash(keeping: Int)
    case hubBackup
    case hubRestore
    case hubWipe
    case hubClock(offset: Int)

    /// A stolen board claims another's future, in an UP or in a SEED that nobody asked for.
    case forgeUp(board: Int)
    case forgeSeed(board: Int)
}

extension Action: CustomStringConvertible {
    /// One line of the text form.
    public var description: String {
        switch self {
        case .write(let board, let verb, let path): "write \(board) \(verb.rawValue) \(path)"
        case .hubWrite(let verb, let path): "hub-write \(verb.rawValue) \(path)"
        case .log(let board): "log \(board)"
        case .dropRow(let board): "drop-row \(board)"
        case .ask(let board, let early): early ? "ask-early \(board)" : "ask \(board)"
        case .push(let board): "push \(board)"
        case .deliver(let frame): "deliver \(frame)"
        case .duplicate(let frame): "duplicate \(frame)"
        case .lose(let frame): "lose \(frame)"
        case .cut(let board): "cut \(board)"
        case .sync(let board): "sync \(board)"
        case .crash(let board, let keeping): "crash \(board) \(keeping)"
        case .backup(let board): "backup \(board)"
        case .restore(let board): "restore \(board)"
        case .clone(let board): "clone \(board)"
        case .clock(let board, let offset): "clock \(board) \(offset)"
        case .hubCrash(let keeping): "hub-crash \(keeping)"
        case .hubBackup: "hub-backup"
        case .hubRestore: "hub-restore"
        case .hubWipe: "hub-wipe"
        case .hubClock(let offset): "hub-clock \(offset)"
        case .forgeUp(let board): "forge-up \(board)"
        case .forgeSeed(let board): "forge-seed \(board)"
        }
    }

    /// Reads one line of the text form; nil where it is none.
    public init?(_ line: some StringProtocol) {
        let words = line.split(separator: " ")
        guard let name = words.first else { return nil }
        let numbers = words.dropFirst().compactMap { Int($0) }
        let verbs = words.compactMap { Verb(rawValue: String($0)) }
        switch (String(name), numbers.count, verbs.count) {
        case ("write", 2, 1): self = .write(board: numbers[0], verbs[0], path: numbers[1])
        case ("hub-write", 1, 1): self = .hubWrite(verbs[0], path: numbers[0])
        case ("crash", 2, 0): self = .crash(board: numbers[0], keeping: numbers[1])
        case ("clock", 2, 0): self = .clock(board: numbers[0], offset: numbers[1])
        case (let name, 1, 0): self.init(name, numbers[0])
        case ("hub-backup", 0, 0): self = .hubBackup
        case ("hub-restore", 0, 0): self = .hubRestore
        case ("hub-wipe", 0, 0): self = .hubWipe
        default: return nil
        }
    }

    private init?(_ name: String, _ number: Int) {
        switch name {
        case "log": self = .log(board: number)
        case "drop-row": self = .dropRow(board: number)
        case "ask": self = .ask(board: number, early: false)
        case "ask-early": self = .ask(board: number, early: true)
        case "push": self = .push(board: number)
        case "deliver": self = .deliver(number)
        case "duplicate": self = .duplicate(number)
        case "lose": self = .lose(number)
        case "cut": self = .cut(board: number)
        case "sync": self = .sync(board: number)
        case "backup": self = .backup(board: number)
        case "restore": self = .restore(board: number)
        case "clone": self = .clone(board: number)
        case "hub-crash": self = .hubCrash(keeping: number)
        case "hub-clock": self = .hubClock(offset: number)
        case "forge-up": self = .forgeUp(board: number)
        case "forge-seed": self = .forgeSeed(board: number)
        default: return nil
        }
    }
}
