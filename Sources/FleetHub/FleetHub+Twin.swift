public import Platform
import SQLiteStore
import SyncProtocol

extension FleetHub {
    public func twin(
        _ id: String, prefix: String?, as caller: Caller = .hub
    ) throws(HubError) -> Value {
        _ = try record(id, caller)
        let cells = try read { () throws(SQLiteError) in try store.twin.document(id).cells() }
        let statuses = statuses(cells)
        let shown = Self.byPath(cells.filter { $0.path.text.hasPrefix(prefix ?? "") })
        return .object([
            ("device", .string(id)),
            ("cells", .array(shown.compactMap { object($0, statuses[$0[0].path]) })),
        ])
    }

    public func cell(
        _ id: String, path: String, as caller: Caller = .hub
    ) throws(HubError) -> Value {
        _ = try record(id, caller)
        let path = try twinPath(path)
        let cells = try read { () throws(SQLiteError) in
            try store.twin.document(id).cells(at: path)
        }
        var status: DesiredStatus?
        if let cell = cells.first { status = try self.status(id, cell) }
        guard let view = object(cells, status) else {
            throw HubError(
                .notFound, "Device \(id) has nothing at \(path.text).",
                hint: "List what it has with: fleet twin get \(id)")
        }
        return view
    }

    public func workloads(
        device: String?, selector: String?, as caller: Caller = .hub
    ) throws(HubError) -> Value {
        let targets: [DeviceRecord]
        if let device {
            targets = [try record(device, caller)]
        } else {
            targets = try selected(selector, caller)
        }
        var list: [Value] = []
        for target in targets { list += try workloads(of: target.id) }
        return .object([("workloads", .array(list))])
    }

    private func workloads(of device: String) throws(HubError) -> [Value] {
        let cells = try read { () throws(SQLiteError) in try store.twin.document(device).cells() }
        let statuses = statuses(cells)
        let wishes = cells.filter { $0.path.text.hasPrefix("desired/workloads/") }
        return wishes.compactMap { wish -> Value? in
            let name = String(wish.path.text.dropFirst("desired/workloads/".count))
            let found = cells.first { $0.path.text == "reported/workloads/" + name }?.value
            // A deleted wish whose process has gone is of no interest any more.
            if wish.value == .null, found == nil || found == .null { return nil }
            var fields: [(String, Value)] = [
                ("device", .string(device)), ("name", .string(name)),
                ("status", .string(statuses[wish.path]?.status ?? "pending")),
            ]
            if let reason = statuses[wish.path]?.reason {
                fields.append(("reason", .string(reason)))
            }
            for key in ["state", "pid", "restarts"] {
                if let value = found?[key] { fields.append((key, value)) }
            }
            return .object(fields)
        }
    }

    private func status(_ device: String, _ cell: Cell) throws(HubError) -> DesiredStatus? {
        guard cell.kind == .lastWriterWins, let path = cell.path.answer else {
            return nil
        }
        let answer = try read { () throws(SQLiteError) in
            try store.twin.document(device).register(path)
        }
        return DesiredStatus(cell, answer: answer?.value)
    }

    /// Cells in the order of their paths, those of one path together.
    private static func byPath(_ cells: [Cell]) -> [[Cell]] {
        var groups: [[Cell]] = []
        for cell in cells {
            if groups.last?.first?.path == cell.path {
                groups[groups.count - 1].append(cell)
            } else {
                groups.append([cell])
            }
        }
        return groups
    }

    /// One path as the API shows it; nil for no cell. A deleted register shows null, as the board
    /// has yet to answer it; of the other kinds nothing is left to show.
    private func object(_ cells: [Cell], _ status: DesiredStatus?) -> Value? {
        guard let first = cells.first else { return nil }
        let value = first.kind.isRegister ? first.value : TwinView.value(cells)
        guard let value else { return nil }
        var fields: [(String, Value)] = [
            ("path", .string(first.path.text)), ("value", value),
            ("type", .string(Self.name(of: first.kind))), ("writer", .string(Self.writer(cells))),
        ]
        if let status {
            fields.append(("status", .string(status.status)))
            if let reason = status.reason { fields.append(("reason", .string(reason))) }
        }
        return .object(fields)
    }

    private static func name(of kind: CellKind) -> String {
        switch kind {
        case .singleWriter: "single-writer"
        case .lastWriterWins: "last-writer-wins"
        case .multiValue: "multi-value"
        case .addWinsSet: "set"
        case .counter: "counter"
        }
    }

    /// Who wrote what shows. Of a counter that was reset, what others counted before is void.
    private static func writer(_ cells: [Cell]) -> String {
        let latest = cells.first?.kind == .counter ? cells.map(\.stamp).max() : nil
        let shown = cells.filter { latest == nil || $0.stamp == latest && $0.value != .null }
        let isHub = shown.contains { $0.dot.epoch.role == .hub }
        let isDevice = shown.contains { $0.dot.epoch.role == .device }
        return isHub && isDevice ? "both" : isHub ? "hub" : "device"
    }
}
