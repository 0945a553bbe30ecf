import SyncModel

/// A list played on the engine.
enum EngineRun {
    /// What is wrong, or nil.
    static func fault(_ list: ActionList, _ defect: Defect? = nil) -> String? {
        do {
            let world = try EngineWorld(list, defect)
            for action in list.actions { try world.act(action) }
            try world.settle()
            return try EngineOracle(world: world, list: list).fault()
        } catch {
            return "\(error)"
        }
    }

    /// The final views of both where they differ, or nil. Only of lists that `comparable` made.
    static func difference(_ list: ActionList) -> String? {
        do {
            let world = try EngineWorld(list, nil)
            for action in list.actions { try world.act(action) }
            try world.settle()
            let engine = try world.hubView
            let model = EngineView(list.run().hub)
            return engine == model ? nil : "the engine has \(engine), the model \(model)"
        } catch {
            return "\(error)"
        }
    }

    /// The list with what engine and model do alike to the last write: every exchange is whole, a
    /// card is copied with all that was written, and no clock is wrong.
    static func comparable(_ list: ActionList) -> ActionList {
        var same = list
        // The model's questions take what is written to the disk; the engine's writes are there.
        same.actions = list.actions.flatMap { action -> [Action] in
            switch action {
            case .write(_, let verb, _) where list.devices > 1 && verb == .report: []
            case .write, .hubWrite, .sync, .hubCrash, .hubBackup, .hubRestore, .hubWipe: [action]
            case .crash(let board, _): [.sync(board: board), action]
            case .backup(let board), .clone(let board): [.sync(board: board), action]
            case .restore: [action]
            default: []
            }
        }
        same.partSize = 0
        same.actions = Array(same.actions.prefix(ActionList.lengthMax))
        return same
    }

    /// Leaves out whatever can be left out while something stays wrong.
    static func shrunk(_ list: ActionList, _ isWrong: (ActionList) -> Bool) -> ActionList {
        var best = list
        var isSmaller = true
        while isSmaller {
            isSmaller = false
            for size in [4, 2, 1] {
                var index = 0
                while index < best.actions.count {
                    var fewer = best
                    fewer.actions.removeSubrange(index..<min(index + size, fewer.actions.count))
                    if isWrong(fewer) {
                        best = fewer
                        isSmaller = true
                    } else {
                        index += 1
                    }
                }
            }
        }
        return best
    }
}
