import Platform

/// The workloads of the demonstration: one from before the outage, one that the hub asks for while
/// no board hears it, one that an operator at the board asks for while no hub hears it.
enum DemoWorkload: String, CaseIterable {
    case heartbeat
    case pump
    case valve

    var path: String { "desired/workloads/" + rawValue }

    /// What to run; another mode makes another specification.
    func specification(mode: String = "normal") -> Value {
        let script = "while :; do date; sleep 1; done"
        return .object([
            ("command", .array(["/bin/sh", "-c", script].map(Value.string))),
            (
                "environment",
                .object([
                    ("MODE", .string(mode)),
                    // Ends the workload with this run: it outlives its agent on purpose.
                    (Cleanup.variable, .string(Cleanup.token)),
                ])
            ),
            ("restart", .string("always")),
        ])
    }

    /// The file that `fleet apply` reads.
    var manifest: Value {
        .object([
            ("kind", .string("workload")), ("name", .string(rawValue)),
            ("spec", specification()),
        ])
    }

    /// What both sides must hold in the end. The heartbeat was changed on both sides; the board's
    /// write was the later one, and the later of two concurrent writes wins everywhere.
    static let agreed: [(workload: DemoWorkload, value: Value)] = [
        (.heartbeat, DemoWorkload.heartbeat.specification(mode: "boost")),
        (.pump, DemoWorkload.pump.specification()), (.valve, DemoWorkload.valve.specification()),
    ]
}
