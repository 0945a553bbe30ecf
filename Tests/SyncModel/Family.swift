/// Which faults a run may have.
public enum Family: String, Sendable, CaseIterable {
    /// No faults but the network's.
    case calm
    /// Restored, cloned, crashing devices with wrong clocks; a hub that crashes, is restored and
    /// wiped.
    case dev, hub
    case clone, crash, noclone, ck, all
    /// Two devices and the hub on one document, and a clone.
    case shared
    case log
    /// Frames of one or two cells.
    case parts
    /// Sets and notes, so that removals are collected.
    case collect
    case hubclock
    /// Registers only, wrong clocks, and a hub that forgets.
    case clocks
    case hostile
    /// Shared, in parts, and every fault.
    case everything

    private enum Fault: Sendable {
        case crash, backup, restore, clone, clock
        case hubCrash, hubBackup, hubRestore, hubWipe, hubClock, forge
    }

    var sharesDocument: Bool {
        switch self {
        case .shared, .everything, .hostile, .clocks: true
        default: false
        }
    }

    var cutsFrames: Bool { self == .parts || self == .everything }
    var writesLog: Bool { self == .log || self == .everything }

    private static let device: [Fault] = [.backup, .restore, .crash, .clone, .clock]
    private static let hubSide: [Fault] = [.hubBackup, .hubRestore, .hubWipe, .hubCrash]

    private var faults: [Fault] {
        switch self {
        case .calm: []
        case .dev: Self.device
        case .hub: [.hubBackup, .hubRestore, .hubWipe, .crash, .clock]
        case .clone: [.clone, .crash]
        case .crash: [.crash, .hubCrash]
        case .noclone: [.backup, .restore, .crash, .clock] + Self.hubSide
        case .ck: [.clock, .clock, .clock, .hubCrash, .hubWipe]
        case .all, .collect: Self.device + Self.hubSide
        case .shared: Self.device + Self.hubSide
        case .log: [.backup, .restore, .crash, .clone, .clone] + Self.hubSide
        case .parts: Self.device + Self.hubSide
        case .hubclock: [.hubClock, .hubClock, .clock, .crash] + Self.hubSide
        case .clocks: [.clock, .clock, .hubClock, .hubWipe, .hubBackup, .hubRestore, .crash]
        case .hostile: [.forge, .forge, .crash, .hubWipe, .hubCrash]
        case .everything: Self.device + Self.hubSide + [.hubClock]
        }
    }

    private var verbs: [Verb] {
        switch self {
        case .collect: Self.removing
        case .clocks: Self.registers
        default: Self.everyVerb
        }
    }

    private static let everyVerb: [Verb] = [
        .report, .set, .set, .clear, .note, .note, .add, .add, .remove, .count, .count, .reset,
    ]
    private static let registers: [Verb] = [.set, .set, .set, .clear, .report]
    private static let removing: [Verb] = [.note, .note, .add, .add, .remove, .remove, .set]

    /// Any one action.
    func action(boards: Int, _ random: inout Randomness) -> Action {
        let board = random.below(boards)
        // Mostly one path, so that writes meet.
        let path = random.below(3) == 0 ? 1 : 0
        switch random.below(100) {
        case ..<22:
            if writesLog, random.below(self == .log ? 2 : 6) == 0 {
                return random.below(4) == 0 ? .dropRow(board: board) : .log(board: board)
            }
            return .write(board: board, random.one(of: verbs), path: path)
        case ..<34:
            let verb = random.one(of: verbs)
            return .hubWrite(verb == .report ? .set : verb, path: path)
        case ..<46: return .ask(board: board, early: random.below(3) == 0)
        case ..<50: return .push(board: board)
        case ..<62: return .deliver(random.below(3))
        case ..<66: return .duplicate(random.below(3))
        case ..<67: return .lose(random.below(3))
        case ..<68: return .cut(board: board)
        case ..<80: return .sync(board: board)
        default:
            let faults = faults
            guard !faults.isEmpty else { return .sync(board: board) }
            return Self.fault(random.one(of: faults), board, &random)
        }
    }

    private static func fault(_ fault: Fault, _ board: Int, _ random: inout Randomness) -> Action {
        switch fault {
        case .crash: .crash(board: board, keeping: random.below(3))
        case .backup: .backup(board: board)
        case .restore: .restore(board: board)
        case .clone: .clone(board: board)
        case .clock: .clock(board: board, offset: random.one(of: [0, -500, 13, 40, 500]))
        case .hubCrash: .hubCrash(keeping: random.below(3))
        case .hubBackup: .hubBackup
        case .hubRestore: .hubRestore
        case .hubWipe: .hubWipe
        case .hubClock: .hubClock(offset: random.one(of: [0, -500, 40, 500, 2000]))
        case .forge: random.below(2) == 0 ? .forgeUp(board: board) : .forgeSeed(board: board)
        }
    }
}
