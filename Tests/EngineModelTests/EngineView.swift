import Platform
import SQLiteStore
import SyncModel
import SyncProtocol

/// What an application sees of a document, in the model's terms.
struct EngineView: Equatable, CustomStringConvertible {
    var reported: [Int?] = [nil, nil]
    var config: [Int?] = [nil, nil]
    var notes: [[Int]] = [[], []]
    var sets = [false, false]
    var counters = [0, 0]

    init(_ view: SyncModel.View) {
        reported = view.reported
        config = view.config
        notes = view.notes
        sets = view.sets
        counters = view.counters
    }

    init(_ document: TwinDocument) throws {
        func shown(_ verb: Verb, _ path: Int) throws -> Value? {
            TwinView.value(try document.cells(at: try EnginePath.path(verb, path)))
        }
        for path in 0..<2 {
            reported[path] = try shown(.report, path)?.intValue.map { Int($0) }
            config[path] = try shown(.set, path)?.intValue.map { Int($0) }
            notes[path] = Self.numbers(try shown(.note, path))
            sets[path] = Self.numbers(try shown(.add, path)).contains(path)
            counters[path] = Int(try shown(.count, path)?.intValue ?? 0)
        }
    }

    private static func numbers(_ value: Value?) -> [Int] {
        (value?.arrayValue ?? []).compactMap { $0.intValue.map { Int($0) } }.sorted()
    }

    var description: String {
        "reported \(Self.text(reported)) config \(Self.text(config)) notes \(notes) sets \(sets) "
            + "counters \(counters)"
    }

    private static func text(_ values: [Int?]) -> String {
        "[" + values.map { $0.map { "\($0)" } ?? "null" }.joined(separator: ", ") + "]"
    }
}

/// The model's paths and verbs as those of the engine.
enum EnginePath {
    static func path(_ verb: Verb, _ path: Int) throws -> TwinPath {
        switch verb.kind {
        case .reported: try TwinPath("reported/\(path)")
        case .config: try TwinPath("config/\(path)")
        case .notes: try TwinPath("notes/\(path)")
        // The model's paths are elements of one set.
        case .sets: try TwinPath("sets/all")
        case .counters: try TwinPath("counters/\(path)")
        }
    }

    static func write(_ verb: Verb, _ path: Int, _ number: Int) throws -> TwinWrite {
        let place = try self.path(verb, path)
        let number = Value.int(Int64(number))
        return switch verb {
        case .report, .set, .note: .set(place, number)
        case .clear: .set(place, .null)
        case .add: .add(place, .int(Int64(path)))
        case .remove: .remove(place, .int(Int64(path)))
        case .count: .increment(place, by: 1)
        case .reset: .delete(place)
        }
    }
}
