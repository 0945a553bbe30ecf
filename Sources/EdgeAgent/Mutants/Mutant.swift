#if EDGE_MUTANTS
    /// A durability rule to break, so that the harness which proves the rule can be proved itself.
    /// Only in builds with EDGE_MUTANTS; a release has none of it.
    public enum Mutant: String, Sendable {
        /// Rows are released once the broker has them, not once the hub has committed them.
        case releaseOnPuback = "release-on-puback"
        /// The local broker may forget a message before it is durable here.
        case acknowledgeBeforeCommit = "ack-before-commit"
        /// Rows are sent to the hub before they are durable here.
        case publishBeforeCommit = "publish-before-commit"
    }
#endif
