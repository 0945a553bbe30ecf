public import Platform
import SQLiteStore
import SyncProtocol

extension FleetHub {
    public func twin(_ id: String, prefix: String?) throws(HubError) -> Value {
        _ = try record(id)
        let cells = try read { () throws(SQLiteError) in try store.twin.cells(id) }
        let statuses = statuses(cells)
        let shown = cells.filter { $0.path.text.hasPrefix(prefix ?? "") }
        return .object([
            ("device", .string(id)),
            ("cells", .array(shown.map { object($0, statuses[$0.path]) })),
        ])
    }

    public func cell(_ id: String, path: String) throws(HubError) -> Value {
        _ = try record(id)
        let path = try twinPath(path)
        guard let cell = try read({ () throws(SQLiteError) in try store.twin.cell(id, path) })
        else {
            throw HubError(
                .notFound, "Device \(id) has nothing at \(path.text).",
                hint: "List what it has with: fleet twin get \(id)")
        }
        return object(cell, try status(id, cell))
    }

    public func setCell(_ id: String, path: String, value: Value) throws(HubError) -> Value {
        _ = try record(id)
        let path = try twinPath(path)
        try checkWritable(path)
        let cell = try write { () throws(SQLiteError) in try put(id, path, value) }
        publishWrite(id, cell)
        return .object([
            ("path", .string(path.text)), ("value", value), ("status", .string("pending")),
        ])
    }

    public func apply(
        selector: String?, device: String?, kind: String, name: String, spec: Value
    ) throws(HubError) -> Value {
        guard kind == "workload" else {
            throw HubError(
                .invalid, "This hub knows no kind \(kind).", hint: "Use kind: workload")
        }
        guard spec == .null || spec["command"]?.arrayValue?.isEmpty == false else {
            throw HubError(
                .invalid, "The spec of workload \(name) has no command.",
                hint: "Give command as a list, for example [\"/usr/bin/env\", \"sleep\", \"60\"]")
        }
        let path = try twinPath("desired/workloads/" + name)
        try checkWritable(path)
        let targets: [DeviceRecord]
        if let device {
            targets = [try record(device)]
        } else {
            targets = try selected(selector)
        }
        guard !targets.isEmpty else {
            throw HubError(
                .notFound, "No device matches \(selector ?? "").",
                hint: "List devices with their labels: fleet devices")
        }
        let cells = try write { () throws(SQLiteError) in
            var cells: [(String, Cell)] = []
            for target in targets { cells.append((target.id, try put(target.id, path, spec))) }
            return cells
        }
        for (device, cell) in cells { publishWrite(device, cell) }
        let results = cells.map { device, cell in
            Value.object([
                ("device", .string(device)), ("path", .string(cell.path.text)),
                ("status", .string("pending")),
            ])
        }
        return .object([("results", .array(results))])
    }

    public func workloads(device: String?, selector: String?) throws(HubError) -> Value {
        let targets: [DeviceRecord]
        if let device {
            targets = [try record(device)]
        } else {
            targets = try selected(selector)
        }
        var list: [Value] = []
        for target in targets { list += try workloads(of: target.id) }
        return .object([("workloads", .array(list))])
    }

    private func workloads(of device: String) throws(HubError) -> [Value] {
        let cells = try read { () throws(SQLiteError) in try store.twin.cells(device) }
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

    /// A wish of this hub, inside the caller's write.
    private func put(
        _ device: String, _ path: TwinPath, _ value: Value
    ) throws(SQLiteError) -> Cell {
        if let current = try store.twin.cell(device, path) {
            store.clock.observe(HybridTimestamp(rawValue: current.stamp))
        }
        let counter = try store.twin.context(device)[store.epoch] + 1
        let cell = Cell(
            path: path, dot: Dot(epoch: store.epoch, counter: counter),
            stamp: store.clock.tick(timekeeper.now().wall).rawValue, value: value)
        try store.twin.put(device, cell)
        try store.twin.advance(device, store.epoch, to: counter)
        return cell
    }

    private func publishWrite(_ device: String, _ cell: Cell) {
        publish(
            "twin",
            [
                "device": .string(device), "path": .string(cell.path.text), "value": cell.value,
                "status": .string("pending"),
            ])
        hint(device)
    }

    private func twinPath(_ text: String) throws(HubError) -> TwinPath {
        do {
            return try TwinPath(text)
        } catch {
            throw HubError(
                .invalid, "\(text) is no twin path: \(error).",
                hint: "For example: desired/workloads/web")
        }
    }

    private func checkWritable(_ path: TwinPath) throws(HubError) {
        guard path.isWritable(by: .hub) else {
            throw HubError(
                .refused, "Only the device writes \(path.text).",
                hint: "Write what you want under desired/ or config/; the device reports.")
        }
        guard path.answer != nil else {
            throw HubError(
                .invalid, "\(path.text) is too long for the board to answer.",
                hint: "Keep wishes below \(TwinPath.bytesMaximum - 9) bytes.")
        }
    }

    private func status(_ device: String, _ cell: Cell) throws(HubError) -> DesiredStatus? {
        guard cell.kind == .lastWriterWins, let path = cell.path.answer else {
            return nil
        }
        let answer = try read { () throws(SQLiteError) in try store.twin.cell(device, path) }
        return DesiredStatus(cell, answer: answer?.value)
    }

    private func object(_ cell: Cell, _ status: DesiredStatus?) -> Value {
        var fields: [(String, Value)] = [
            ("path", .string(cell.path.text)), ("value", cell.value),
            (
                "type",
                .string(cell.kind == .singleWriter ? "single-writer" : "last-writer-wins")
            ),
            ("writer", .string(cell.dot.epoch.role == .hub ? "hub" : "device")),
        ]
        if let status {
            fields.append(("status", .string(status.status)))
            if let reason = status.reason { fields.append(("reason", .string(reason))) }
        }
        return .object(fields)
    }
}
