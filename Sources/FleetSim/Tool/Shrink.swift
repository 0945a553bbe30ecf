import Platform

/// Leaves out of a failing plan what it does not need to fail.
struct Shrink {
    let patience: Duration
    /// The rules that a plan breaks.
    var rules: (Plan) -> Set<String> = { Run($0).rules }

    /// The smallest plan found in time that breaks one of the same rules.
    func shrink(_ plan: Plan, _ broken: Set<String>) -> Plan {
        let clock = ContinuousClock()
        let end = clock.now + patience
        var best = plan
        var size = max(1, best.steps.count / 2)
        while clock.now < end {
            var isSmaller = false
            var start = 0
            while start < best.steps.count, clock.now < end {
                var steps = best.steps
                steps.removeSubrange(start..<min(start + size, steps.count))
                var candidate = best
                candidate.steps = steps
                if rules(candidate).isDisjoint(with: broken) {
                    start += size
                } else {
                    best = candidate
                    isSmaller = true
                }
            }
            if size == 1, !isSmaller { break }
            size = max(1, size / 2)
        }
        return best
    }
}
