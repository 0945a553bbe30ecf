import Platform
import Simulator

extension Planner {
    /// One operation of a kind. Keys are few, so that both sides write the same ones.
    func operation(
        _ kind: Int, hasWorkloads: Bool, number: Int, board: Int,
        _ kept: inout [(number: Int, board: Int, path: String, value: Value)],
        _ random: inout SimRandom
    ) -> Act {
        let place: Act.Place = random.chance(percent: 50) ? .board : .hub
        let key = random.below(3)
        switch kind {
        case 0: return .publish(board: board, messages: messages(random.below(4) + 1, &random))
        case 1: return .publish(board: board, messages: messages(random.below(40), &random))
        case 2: return wish(place, board, hasWorkloads, &random)
        case 3:
            return .set(
                place, board: board, path: "config/k\(key)", value: .int(Int64(number)))
        case 4:
            let isNull = random.chance(percent: 20)
            return isNull
                ? .delete(place, board: board, path: "notes/n\(key)")
                : .set(
                    place, board: board, path: "notes/n\(key)", value: .string("note \(number)"))
        case 5:
            if !kept.isEmpty, random.chance(percent: 45) {
                let target = kept[random.below(kept.count)]
                return .remove(
                    place, board: target.board, path: target.path, value: target.value,
                    item: target.number)
            }
            let value = Value.string("e\(number)")
            kept.append((number, board, "sets/s\(key)", value))
            return .keep(
                place, board: board, path: "sets/s\(key)", value: value, isElement: true,
                item: number)
        case 6:
            return .increment(
                place, board: board, path: "counters/c\(key)", by: Int64(random.below(9) + 1))
        case 7:
            return .keep(
                place, board: board, path: "config/one-\(number)",
                value: .string(String(repeating: "\(number) ", count: random.below(20) + 1)),
                isElement: false, item: number)
        default:
            switch random.below(4) {
            case 0: return .delete(place, board: board, path: "counters/r")
            case 1: return .increment(place, board: board, path: "counters/r", by: 1)
            case 2: return .delete(place, board: board, path: "config/k\(key)")
            default:
                return random.chance(percent: 20) ? .restart(board: board) : .backUpBoard(board)
            }
        }
    }

    private func messages(_ count: Int, _ random: inout SimRandom) -> [Act.Message] {
        (0..<count).map { _ in
            let fields: [(String, Value)] =
                switch random.below(6) {
                case 0: [("water_leak", .bool(true))]
                case 1: [("action", .string("single"))]
                case 2: [("note", .string(String(repeating: "x", count: 200)))]
                default: [("temperature", .double(Double(random.below(400)) / 10))]
                }
            return Act.Message(sensor: "sensor\(random.below(3))", fields: fields)
        }
    }

    private func wish(
        _ place: Act.Place, _ board: Int, _ hasWorkloads: Bool, _ random: inout SimRandom
    ) -> Act {
        let number = random.below(1_000_000)
        let (path, value): (String, Value) =
            switch hasWorkloads ? random.below(5) : 3 + random.below(2) {
            case 0: ("desired/workloads/pump", Self.workload("\(number)"))
            case 1: ("desired/workloads/pump", .null)
            case 2: ("desired/workloads/flaky", Self.workload("\(number % 3)"))
            case 3: ("desired/devices/plug/state", .string(number % 2 == 0 ? "ON" : "OFF"))
            default: ("desired/workloads/wrong", .int(Int64(number)))
            }
        return .set(place, board: board, path: path, value: value)
    }

    static func workload(_ argument: String) -> Value {
        .object([
            ("command", .array([.string("/bin/pump")])),
            ("environment", .object([("N", .string(argument))])),
        ])
    }

    /// A fault of a kind, with what must come before it.
    func fault(
        _ kind: Int, at time: Milliseconds, boards: Int, _ random: inout SimRandom
    ) -> [(time: Milliseconds, act: Act)] {
        let board = random.below(boards)
        let minutes = random.span(20_000, 2_400_000)
        let calls = random.below(3) == 0 ? 0 : random.below(120)
        let earlier = max(5000, time - random.span(60_000, 7_200_000))
        switch kind {
        case 0: return [(time, .crashBoard(board, calls: calls, losesPower: false))]
        case 1: return [(time, .crashBoard(board, calls: calls, losesPower: true))]
        case 2: return [(time, .crashHub(calls: calls, losesPower: false))]
        case 3: return [(time, .crashHub(calls: calls, losesPower: true))]
        case 4: return [(time, .cutBoard(board, minutes))]
        case 5: return [(time, .silenceBoard(board, minutes))]
        case 6: return [(time, .cutHub(minutes))]
        case 7: return [(time, noise(minutes, &random))]
        case 8: return [(time, .stopBroker(board, minutes))]
        case 9: return [(earlier, .backUpHub), (time, .restoreHub)]
        case 10: return [(time, .wipeHub)]
        case 11: return [(earlier, .backUpBoard(board)), (time, .restoreBoard(board))]
        case 12: return [(time, .clone(board))]
        case 13:
            let century: Int64 = 75 * 365 * 86_400_000
            let ahead = [-century, -3_600_000, 40_000, 3_600_000, century][random.below(5)]
            return [(time, .setClock(board, ahead: Milliseconds(ahead), minutes))]
        case 14: return [(time, .fillBoard(board, minutes))]
        default: return [(time, .fillHub(minutes))]
        }
    }

    /// Late enough that there is something to lose.
    static func damage(
        _ span: Milliseconds, boards: Int, _ random: inout SimRandom
    ) -> (time: Milliseconds, act: Act) {
        let time = random.span(Milliseconds(span.count / 3), Milliseconds(span.count * 9 / 10))
        let place: Act.Place = random.chance(percent: 50) ? .board : .hub
        return (
            time, .damage(place, board: random.below(boards), cells: 1 + random.below(20))
        )
    }

    private func noise(_ span: Milliseconds, _ random: inout SimRandom) -> Act {
        .noise(
            loss: [0, 5, 30][random.below(3)], repeats: [0, 10, 50][random.below(3)],
            delay: [50, 2000, 20_000][random.below(3)], span)
    }
}
