import Platform
import SQLiteStore
import Simulator
import SyncProtocol

extension Checkers {
    /// What is kept beside the values is bounded by how many replicas wrote, not by how much.
    func bounds(_ device: String, _ hub: HubStore) throws -> [String] {
        var findings: [String] = []
        let stations = site.stations(of: device)
        let writers = stations.reduce(site.hub.openings) { $0 + $1.openings } + 1
        let context = try hub.twin.document(device).causalContext()
        if context.counters.count > writers {
            findings.append(
                "bound: \(device): \(context.counters.count) context entries for \(writers) lives")
        }
        let records = try removals(hub.twin.document(device))
        if records > site.plan.removalsMaximum {
            findings.append("bound: \(device): \(records) removal records at the hub")
        }
        for board in stations {
            let kept = try board.inspect { store in
                let confirmed = try store.confirmed()
                let document = store.document
                return try document.causalContext().sorted.reduce(0) { sum, entry in
                    sum
                        + (try document.removals(
                            entry.epoch, since: 0, upto: confirmed[entry.epoch]
                        ).count)
                }
            }
            if kept > 0 {
                findings.append("bound: \(board.station): \(kept) confirmed removal records")
            }
        }
        return findings
    }

    private func removals(_ document: TwinDocument) throws -> Int {
        try document.causalContext().sorted.reduce(0) { sum, entry in
            sum + (try document.removals(entry.epoch, since: 0, upto: entry.counter).count)
        }
    }

    /// Each identity fault raises its event, and nothing else does.
    func events() -> [String] {
        var findings: [String] = []
        let ledger = site.ledger
        for (expectation, before) in ledger.expected.sorted(by: {
            ($0.key.device, $0.key.event) < ($1.key.device, $1.key.event)
        }) where site.count(expectation.event, of: expectation.device) <= before {
            findings.append("event: \(expectation.device): no \(expectation.event)")
        }
        for device in site.devices {
            let names = Set(site.hub.noticed[device] ?? [])
            let isCloned = ledger.cloned.contains(device)
            let isRestored = ledger.boardsRestored.contains(device)
            if ledger.ahead.contains(where: { $0.device == device }), !isRestored,
                !names.contains("clock_ahead")
            {
                findings.append("event: \(device): no clock_ahead")
            }
            if isCloned, !names.contains("fork_detected") {
                findings.append("event: \(device): no fork_detected")
            }
            // A hub that lost its store takes one live copy's document in parts, and a part may count
            // a write as seen whose successor comes in the next one. The other copy, which greets
            // meanwhile, is told "nothing missing" and is compared by its root: it diverges for real,
            // until the ranges are repaired. One board alone is compared after its last part.
            let copiesSeeded = isCloned && ledger.hubLosses > 0
            let causes: [(String, Bool)] = [
                ("fork_detected", isCloned), ("restore_detected", isRestored || isCloned),
                ("hub_reset_detected", ledger.hubLosses > 0),
                ("clock_ahead", ledger.clocksAhead.contains(device)),
                ("device_refused", false),
                ("divergence_detected", ledger.damaged.contains(device) || copiesSeeded),
            ]
            for (name, isCaused) in causes where names.contains(name) && !isCaused {
                findings.append("event: \(device): \(name) without a cause")
            }
        }
        findings += ledger.refused.prefix(3).map { "refused: \($0)" }
        return findings
    }

    /// Who is idle asks seldom and in few bytes.
    func rest() -> [String] {
        let hours = Int(Performance.resting.count / 3_600_000)
        let stations = site.boards.count
        let clones = stations - site.devices.count
        let frames = (40 * stations + 400 * clones) * hours
        var findings: [String] = []
        if site.rest.frames > frames {
            findings.append("rest: \(site.rest.frames) frames of \(stations) boards in an hour")
        }
        if clones == 0, site.rest.frames > 0, site.rest.bytes / site.rest.frames > 40 {
            findings.append("rest: \(site.rest.bytes / site.rest.frames) bytes a frame")
        }
        return findings
    }
}
