import Platform
import Simulator

/// One finished run of a plan.
struct Run: Sendable {
    let seed: UInt64
    let findings: [String]
    let trace: UInt64
    let devices: Int
    let operations: Int
    let faults: [String: Int]
    let simulated: Milliseconds

    init(_ plan: Plan) {
        let site = Site(plan)
        var findings: [String] = []
        do {
            try Performance(site: site).play()
            findings = try Checkers(site: site).findings()
        } catch {
            findings.append("stopped: \(error)")
        }
        seed = plan.seed
        trace = site.world.trace.hash
        devices = site.boards.count
        operations = plan.steps.count { !$0.act.isFault }
        faults = plan.faults
        simulated = Milliseconds(site.world.now.milliseconds)
        let disks = site.disks
        do {
            try site.end()
            if disks.opened > 0 { findings.append("leak: \(disks.opened) files are open") }
        } catch {
            findings.append("stopped: \(error)")
        }
        if disks.opened == 0 { disks.close() }
        self.findings = findings
    }

    /// The rules that were broken, by the first word of each finding.
    var rules: Set<String> {
        Set(findings.map { String($0.prefix { $0 != ":" }) })
    }
}
