public import Platform
import SQLiteStore
import SyncProtocol

extension FleetHub {
    public func setCell(
        _ id: String, path: String, value: Value, as caller: Caller = .hub
    ) throws(HubError) -> Value {
        try write(id, path, "set", caller) { path in
            // A set or a counter is not emptied by what cannot fill it.
            value == .null && path.kind != .addWinsSet && path.kind != .counter
                ? .delete(path) : .set(path, value)
        }
    }

    public func changeCell(
        _ id: String, path: String, _ change: CellChange, as caller: Caller = .hub
    ) throws(HubError) -> Value {
        try write(id, path, Self.word(change), caller) { path in
            switch change {
            case .add(let element): .add(path, element)
            case .remove(let element): .remove(path, element)
            case .increment(let number): .increment(path, by: number)
            case .delete: .delete(path)
            }
        }
    }

    /// What the audit log says of a change. Not its value, which may be a secret.
    private static func word(_ change: CellChange) -> String {
        switch change {
        case .add: "add"
        case .remove: "remove"
        case .increment: "increment"
        case .delete: "delete"
        }
    }

    private func write(
        _ id: String, _ text: String, _ word: String, _ caller: Caller,
        _ change: (TwinPath) -> TwinWrite
    ) throws(HubError) -> Value {
        let action = word == "set" ? "setCell" : word == "delete" ? "deleteCell" : "changeCell"
        return try audited(caller, action, id, "\(word) \(text)") { () throws(HubError) in
            try write(id, text, caller, change)
        }
    }

    private func write(
        _ id: String, _ text: String, _ caller: Caller, _ change: (TwinPath) -> TwinWrite
    ) throws(HubError) -> Value {
        _ = try record(id, caller)
        let path = try twinPath(text)
        try checkWritable(path)
        try carryOut(change(path), on: [id])
        var fields = [("path", Value.string(path.text)), ("value", try shown(id, path))]
        // Only a wish is answered by the board.
        if path.kind == .lastWriterWins { fields.append(("status", .string("pending"))) }
        return .object(fields)
    }

    /// What a path shows now; null where that is nothing.
    private func shown(_ id: String, _ path: TwinPath) throws(HubError) -> Value {
        try read { () throws(SQLiteError) in
            TwinView.value(try store.twin.document(id).cells(at: path)) ?? .null
        }
    }

    public func apply(
        selector: String?, device: String?, kind: String, name: String, spec: Value,
        as caller: Caller = .hub
    ) throws(HubError) -> Value {
        let verb = spec == .null ? "remove" : "place"
        return try audited(
            caller, "apply", device ?? "selector \(selector ?? "")", "\(verb) \(kind) \(name)"
        ) { () throws(HubError) in
            try place(
                selector: selector, device: device, kind: kind, name: name, spec: spec, caller)
        }
    }

    /// - Throws: `invalid` where a workload's spec does not say what to run. The rest of it is the board's
    ///   to check.
    static func checkRuns(_ spec: Value, of name: String) throws(HubError) {
        let hasCommand = spec["command"]?.arrayValue?.isEmpty == false
        let hasImage = spec["image"]?.stringValue?.isEmpty == false
        guard hasCommand || hasImage else {
            throw HubError(
                .invalid, "The spec of workload \(name) has no command and no image.",
                hint: "Give command as a list, for example [\"/usr/bin/env\", \"sleep\", \"60\"]")
        }
    }

    private func place(
        selector: String?, device: String?, kind: String, name: String, spec: Value,
        _ caller: Caller
    ) throws(HubError) -> Value {
        guard kind == "workload" else {
            throw HubError(
                .invalid, "This hub knows no kind \(kind).", hint: "Use kind: workload")
        }
        if spec != .null { try Self.checkRuns(spec, of: name) }
        let path = try twinPath("desired/workloads/" + name)
        try checkWritable(path)
        let targets: [DeviceRecord]
        if let device {
            targets = [try record(device, caller)]
        } else {
            targets = try selected(selector, caller)
        }
        guard !targets.isEmpty else {
            throw HubError(
                .notFound, "No device matches \(selector ?? "").",
                hint: "List devices with their labels: fleet devices")
        }
        try carryOut(
            spec == .null ? .delete(path) : .set(path, spec), on: targets.map(\.id))
        let results = targets.map { target in
            Value.object([
                ("device", .string(target.id)), ("path", .string(path.text)),
                ("status", .string("pending")),
            ])
        }
        return .object([("results", .array(results))])
    }

    /// One write to the twins of several devices: of all or of none.
    private func carryOut(_ change: TwinWrite, on devices: [String]) throws(HubError) {
        let now = timekeeper.now().wall
        let results = try write { () throws(SQLiteError) in
            var results: [(device: String, Result<JoinOutcome, TwinWriteFault>)] = []
            for device in devices {
                results.append((device, try store.apply(change, to: device, now: now)))
                try store.twin.document(device).collectRemovals(
                    maximum: settings.sync.removalsMaximum)
            }
            return results
        }
        for (device, result) in results {
            switch result {
            case .success(let outcome):
                try publishWrite(device, change.path, outcome)
            case .failure(let fault): throw Self.error(fault)
            }
        }
    }

    /// What a write that says nothing new has changed is nothing, and nobody is told.
    func publishWrite(
        _ device: String, _ path: TwinPath, _ outcome: JoinOutcome
    ) throws(HubError) {
        guard outcome != JoinOutcome() else { return }
        var fields: [String: Value] = [
            "device": .string(device), "path": .string(path.text),
            "value": try shown(device, path),
        ]
        if path.kind == .lastWriterWins { fields["status"] = .string("pending") }
        publish("twin", fields)
        tell(device, of: device)
    }

    private static func error(_ fault: TwinWriteFault) -> HubError {
        switch fault {
        case .notWritable(let path): notWritable(path)
        case .wrongKind(let path):
            HubError(.invalid, "\(path.text) \(nature(of: path.kind)).", hint: advice(path.kind))
        case .tooLarge(let path):
            HubError(
                .tooLarge, "The value for \(path.text) is too long.",
                hint: "Keep it below \(FrameBounds.value) bytes.")
        case .overflow(let path):
            HubError(
                .conflict,
                "\(path.text) would pass the range of a counter, 64 bits with sign.",
                hint: "Add less, or delete the counter to let it begin at 0.")
        }
    }

    private static func notWritable(_ path: TwinPath) -> HubError {
        HubError(
            .refused, "Only the device writes \(path.text).",
            hint: "Write what you want under desired/ or config/; the device reports.")
    }

    private static func nature(of kind: CellKind) -> String {
        switch kind {
        case .singleWriter, .lastWriterWins: "holds one value and takes no such write"
        case .multiValue: "is a note and takes no such write"
        case .addWinsSet: "is a set and takes no such write"
        case .counter: "is a counter and takes no such write"
        }
    }

    private static func advice(_ kind: CellKind) -> String {
        switch kind {
        case .singleWriter, .lastWriterWins, .multiValue: "Set a value, or delete it."
        case .addWinsSet: "Add or remove an element, or delete the set."
        case .counter: "Increment it by a whole number, or delete it to begin at 0."
        }
    }

    func twinPath(_ text: String) throws(HubError) -> TwinPath {
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
            throw Self.notWritable(path)
        }
        guard path.kind != .lastWriterWins || path.answer != nil else {
            throw HubError(
                .invalid, "\(path.text) is too long for the board to answer.",
                hint: "Keep wishes below \(TwinPath.bytesMaximum - 9) bytes.")
        }
        if let name = Self.workload(at: path), keeper.wishes[name] != nil {
            throw HubError(
                .conflict, "\(name) is placed by the hub, which would undo this.",
                hint: "Take it back first: fleet place remove \(name)")
        }
    }
}
