import Images
public import Platform

/// What `fleet apply` reads from a file: a workload and, if it says so, the devices it is for.
///
/// ```
/// kind: workload
/// name: web
/// on: {site: barn}
/// spec:
///   command: [/usr/bin/web, --port, "8080"]
///   environment: {MODE: production}
///   restart: always
///   stop_grace_ms: 5000
///   working_directory: /
/// ```
///
/// With `image` the workload is a container; docs/workloads.md has the fields of one.
/// A field that is not known is an error: it was meant to do something.
public struct WorkloadManifest: Sendable, Hashable {
    /// 1–64 of a-z A-Z 0-9 . _ -.
    public let name: String
    /// The labels under `on`; nil where the manifest has none.
    public let selector: DeviceSelector?
    /// Checked, and as it was written: a field that is missing keeps the board's default.
    public let spec: Value

    /// The most bytes of a manifest file.
    public static let fileBytesMax = 256 << 10
    private static let argumentsMax = 256
    private static let variablesMax = 256
    private static let stopGraceMax: Int64 = 600_000
    private static let deadlineMax: Int64 = 86_400_000

    /// - Throws: `.usage` naming the field that is not right.
    public init(_ value: Value) throws(FleetClientError) {
        let fields = try Self.fields(
            value, place: "the manifest", known: ["kind", "name", "on", "spec"])
        guard fields["kind"]?.stringValue == "workload" else {
            throw Self.invalid("kind", "must be `workload`", "Write `kind: workload`")
        }
        guard let name = fields["name"]?.stringValue, Self.isName(name) else {
            throw Self.invalid(
                "name", "must be 1 to 64 of a-z A-Z 0-9 . _ -", "Write a name such as `web`")
        }
        guard let spec = fields["spec"] else {
            throw Self.invalid(
                "spec", "is missing", "Write what to run, at least `spec.command` or `spec.image`")
        }
        try Self.checkSpec(spec)
        self.name = name
        self.spec = spec
        selector = try fields["on"].map(Self.selector)
    }

    private static func checkSpec(_ spec: Value) throws(FleetClientError) {
        let fields = try fields(spec, place: "spec", known: specFields)
        let isContainer = try checkContainer(spec)
        if !isContainer || fields["command"] != nil { try checkCommand(fields["command"]) }
        if let environment = fields["environment"] {
            guard let variables = environment.mapValue, variables.count <= variablesMax else {
                throw invalid(
                    "spec.environment", "must be a map of at most \(variablesMax) strings",
                    "Write NAME: value")
            }
            for variable in variables {
                try checkString(variable.value, "spec.environment.\(variable.key)")
            }
        }
        if let restart = fields["restart"] {
            guard let text = restart.stringValue, ["always", "on-failure", "never"].contains(text)
            else {
                throw invalid(
                    "spec.restart", "must be always, on-failure or never", "Write one of these")
            }
        }
        if let grace = fields["stop_grace_ms"] {
            guard let count = grace.intValue, 0...stopGraceMax ~= count else {
                throw invalid(
                    "spec.stop_grace_ms", "must be a whole number from 0 to \(stopGraceMax)",
                    "Write milliseconds, such as 5000")
            }
        }
        if let deadline = fields["deadline_ms"] {
            guard let count = deadline.intValue, 1...deadlineMax ~= count else {
                throw invalid(
                    "spec.deadline_ms", "must be a whole number from 1 to \(deadlineMax)",
                    "Write milliseconds, such as 500")
            }
        }
        if let kind = fields["class"] {
            guard let text = kind.stringValue, ["urgent", "normal", "background"].contains(text)
            else {
                throw invalid(
                    "spec.class", "must be urgent, normal or background", "Write one of these")
            }
        }
        if let directory = fields["working_directory"] {
            guard let text = directory.stringValue, text.hasPrefix("/") else {
                throw invalid(
                    "spec.working_directory", "must be an absolute path", "Begin it with /")
            }
        }
    }

    /// All fields of `spec`, in order.
    static let specFields =
        ([
            "class", "command", "deadline_ms", "environment", "restart", "stop_grace_ms",
            "working_directory",
        ] + ContainerSpec.fields).sorted()

    private static func checkCommand(_ value: Value?) throws(FleetClientError) {
        guard let command = value?.arrayValue, 1...argumentsMax ~= command.count else {
            throw invalid(
                "spec.command", "must be a list of 1 to \(argumentsMax) strings",
                "Write the program and its arguments, such as [/bin/sleep, \"60\"]")
        }
        for (index, argument) in command.enumerated() {
            try checkString(argument, "spec.command[\(index)]")
        }
    }

    /// - Returns: Whether there is an image, with all that goes with it as the board wants it.
    private static func checkContainer(_ spec: Value) throws(FleetClientError) -> Bool {
        let container: ContainerSpec?
        do throws(ContainerSpec.Fault) {
            container = try ContainerSpec.read(spec)
        } catch {
            throw invalid(
                "spec.\(error.field)", error.problem, "docs/workloads.md shows a container")
        }
        guard let container else { return false }
        do throws(ImageError) {
            _ = try ImageReference(container.image)
        } catch {
            throw invalid("spec.image", "is none: \(error.message)", error.advice)
        }
        return true
    }

    private static func selector(_ value: Value) throws(FleetClientError) -> DeviceSelector {
        guard let entries = value.mapValue, !entries.isEmpty else {
            throw invalid("on", "must be a map of labels", "Write labels such as {site: barn}")
        }
        var labels: [Label] = []
        for entry in entries {
            let text = try checkString(entry.value, "on.\(entry.key)")
            labels.append(try Label(key: entry.key, value: text))
        }
        return try DeviceSelector(labels)
    }

    private static func fields(
        _ value: Value, place: String, known: [String]
    ) throws(FleetClientError) -> [String: Value] {
        guard let entries = value.mapValue else {
            throw FleetClientError(
                .usage, "The manifest is not valid: \(place) must be a map",
                hint: "Write it with the fields \(known.joined(separator: ", "))")
        }
        let unknown = entries.map(\.key).filter { !known.contains($0) }
        guard unknown.isEmpty else {
            let names = unknown.map { "`\(Display.clean($0))`" }.joined(separator: ", ")
            let noun = unknown.count == 1 ? "field" : "fields"
            throw FleetClientError(
                .usage, "The manifest is not valid: \(place) has the unknown \(noun) \(names)",
                hint: "Known fields are \(known.joined(separator: ", "))")
        }
        return Dictionary(entries.map { ($0.key, $0.value) }) { _, last in last }
    }

    @discardableResult
    private static func checkString(
        _ value: Value, _ place: String
    ) throws(FleetClientError) -> String {
        guard let text = value.stringValue else {
            // YAML reads 8080, true and 1.10 as other than text; guessing which text was meant
            // would turn 1.10 into 1.1.
            throw invalid(place, "must be a string, not \(value.json)", "Put it in quotes")
        }
        guard !text.unicodeScalars.contains("\0") else {
            throw invalid(place, "has a NUL character", "Take it out")
        }
        return text
    }

    private static func isName(_ text: String) -> Bool {
        1...64 ~= text.utf8.count
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
                    UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }

    private static func invalid(
        _ field: String, _ problem: String, _ hint: String
    ) -> FleetClientError {
        FleetClientError(
            .usage, "The manifest is not valid: `\(Display.clean(field))` \(problem)", hint: hint)
    }
}
