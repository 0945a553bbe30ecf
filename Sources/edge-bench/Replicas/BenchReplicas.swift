import Platform

/// What replicas in one process have in common, for scripts and traces.
enum BenchReplicas {
    /// Where all clocks begin: 2026-01-01T00:00:00Z.
    static let start = WallTime(milliseconds: 1_767_225_600_000)
    /// Trips of one exchange at most.
    static let tripsMaximum = 8
    static let frameBytes = 32 << 10
}
