import EdgeAgent
import SyncProtocol

extension FleetSim {
    /// Breaks the rule that a name stands for; nil breaks none.
    static func activate(_ name: String?) throws(Options.Fault) {
        guard let name else { return }
        #if EDGE_MUTANTS
            guard Mutants.agent[name] == nil else { return }
            guard let mutant = SyncMutant(rawValue: name) else {
                throw Options.Fault(
                    description: "no mutant \(name); there are: "
                        + Mutants.names.joined(separator: " "))
            }
            SyncMutant.active = mutant
        #else
            throw Options.Fault(
                description: "cannot break \(name): build with -Xswiftc -DEDGE_MUTANTS")
        #endif
    }

    #if !EDGE_MUTANTS
        package func runMutants() async throws(Options.Fault) -> Bool {
            throw Options.Fault(
                description: "this build has no mutants: build with -Xswiftc -DEDGE_MUTANTS")
        }
    #endif
}

#if EDGE_MUTANTS
    /// All rules that can be broken, by name.
    enum Mutants {
        static let agent: [String: Mutant] = Dictionary(
            [Mutant.releaseOnPuback, .acknowledgeBeforeCommit, .publishBeforeCommit]
                .map { ($0.rawValue, $0) }, uniquingKeysWith: { $1 })

        static var names: [String] {
            SyncMutant.allCases.map(\.rawValue) + agent.keys.sorted()
        }
    }
#endif

#if EDGE_MUTANTS
    extension FleetSim {
        /// Runs every mutant until a seed finds it.
        ///
        /// - Returns: Whether all were found.
        package func runMutants() async throws(Options.Fault) -> Bool {
            var survivors: [String] = []
            for name in Mutants.names {
                SyncMutant.active = SyncMutant(rawValue: name)
                guard let found = await firstFinding(name) else {
                    survivors.append(name)
                    write("\(name): not found in \(options.seeds) seeds")
                    continue
                }
                write("\(name): seed \(found.seed): \(found.findings[0])")
            }
            SyncMutant.active = nil
            write("mutants: \(Mutants.names.count), survived: \(survivors.count)")
            return survivors.isEmpty
        }

        /// The first seed of the range that tells a mutant from the real thing.
        private func firstFinding(_ name: String) async -> Run? {
            var next = options.seed
            let last = options.seed + UInt64(options.seeds)
            return await withTaskGroup(of: Run.self) { group in
                var found: Run?
                for _ in 0..<options.jobs where next < last {
                    group.addTask { [next] in Run(plan(next, mutant: name)) }
                    next += 1
                }
                for await run in group {
                    if !run.findings.isEmpty, run.seed < found?.seed ?? .max { found = run }
                    guard next < last, found == nil else { continue }
                    group.addTask { [next] in Run(plan(next, mutant: name)) }
                    next += 1
                }
                return found
            }
        }
    }
#endif
