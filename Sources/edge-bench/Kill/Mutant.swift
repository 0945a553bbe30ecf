import ArgumentParser

/// Faults that an agent built with the compile condition `EDGE_MUTANTS` can be told to have, to
/// prove that the kill rounds would find them.
enum Mutant: String, CaseIterable, ExpressibleByArgument {
    /// Deletes outbox rows when the uplink broker confirms the frame. Rows of frames that no hub
    /// took are lost, so a kill of the hub reveals it.
    case releaseOnPuback = "release-on-puback"
    /// Answers the local broker before the row is committed. Messages that the broker then forgets
    /// die with the process, so a kill of the agent reveals it.
    case ackBeforeCommit = "ack-before-commit"
    /// Sends rows to the hub before they are committed. The hub then has numbers that the killed
    /// agent's store never had, so a kill of the agent reveals it.
    case publishBeforeCommit = "publish-before-commit"

    static let variable = "EDGE_AGENT_MUTANT"

    /// What must be killed to reveal it.
    var target: KillTarget {
        switch self {
        case .releaseOnPuback: .hub
        case .ackBeforeCommit, .publishBeforeCommit: .agent
        }
    }
}

/// What is killed in each round.
enum KillTarget: String, CaseIterable, ExpressibleByArgument {
    case agent
    case hub
    /// The uplink broker. The board's own broker stays up in all runs: its log is the evidence.
    case broker
}
