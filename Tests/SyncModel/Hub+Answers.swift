extension Hub {
    /// What a device lacks that has read up to `reference` and lists `known`; and whether it is
    /// behind a removal that was collected, which makes that the full state.
    func missing(_ reference: Reference?, _ known: Context) -> ([Interval], isBehind: Bool) {
        var intervals: [Interval] = []
        for entry in store.replica.context.entries {
            if let reference, entry.moment <= reference.commit { continue }
            var since = min(known[entry.epoch], entry.counter)
            if !rules[.unlistedFromZero], reference != nil, !known.names(entry.epoch) {
                since = entry.counter
            }
            if rules[.floors], since < store.floors[entry.epoch] { return (fullState(), true) }
            guard entry.counter > since else { continue }
            intervals.append(
                store.replica.interval(entry.epoch, since: since, upto: entry.counter))
        }
        return (intervals, false)
    }

    func fullState() -> [Interval] {
        store.replica.context.entries.map {
            store.replica.interval($0.epoch, since: 0, upto: $0.counter)
        }
    }

    /// Cuts an answer into its parts. `asked` are the epochs that it has to name anyway.
    mutating func answer(
        _ purpose: Answer.Purpose, _ owner: Owner, _ intervals: [Interval], _ asked: Context,
        dead: [Dot] = [], winners: [Cell] = []
    ) -> [Message] {
        var named = Context()
        for entry in asked.entries {
            named.advance(entry.epoch, to: store.replica.context[entry.epoch])
        }
        for interval in intervals { named.advance(interval.epoch, to: interval.upto) }
        if purpose != .push { remember(owner) }
        let parts = Parts.cut(intervals, size: settings.partSize)
        let notes = max(dead.count, winners.count)
        let size = settings.partSize == 0 ? notes : settings.partSize
        // What was dropped or chosen comes after the deltas that cover it.
        let count = parts.count + (size == 0 ? 0 : (notes + size - 1) / size)
        return (0..<count).map { part in
            let from = (part - parts.count) * size
            return .answer(
                Answer(
                    purpose: purpose, reference: reference, place: Place(part: part, of: count),
                    intervals: part < parts.count ? parts[part] : [], named: named,
                    dead: from < 0 ? [] : Array(dead.dropFirst(from).prefix(size)),
                    winners: from < 0 ? [] : Array(winners.dropFirst(from).prefix(size))))
        }
    }

    private mutating func remember(_ owner: Owner) {
        told.removeAll { $0.owner == owner }
        told.append((owner, store.replica.context))
    }

    /// A DOWN that nobody asked for, with what is new since the last answer to this device. It
    /// may not have arrived: then the device lacks the base, and leaves this.
    mutating func push(to owner: Owner) -> [Message] {
        guard let known = told.first(where: { $0.owner == owner })?.context else { return [] }
        let (intervals, isBehind) = missing(nil, known)
        guard !isBehind, !intervals.isEmpty else { return [] }
        let messages = answer(.push, owner, intervals, Context())
        guard messages.count == 1 || !rules[.pushIsWhole] else { return [] }
        remember(owner)
        return messages
    }
}

// MARK: Identity

extension Hub {
    func mayClaim(_ intervals: [Interval], _ owner: Owner) -> Bool {
        intervals.allSatisfy { mayClaim($0.epoch, owner) }
    }

    mutating func claim(_ epoch: Epoch, _ owner: Owner) {
        guard !store.claims.contains(where: { $0.epoch == epoch }) else { return }
        store.claims.append(HubStore.Claim(epoch: epoch, owner: owner))
    }

    /// Notes who speaks, and looks for faults of identity.
    mutating func notice(_ knowledge: Knowledge, _ owner: Owner) {
        guard mayClaim(knowledge.epoch, owner) else { return }
        claim(knowledge.epoch, owner)
        guard let index = store.claims.firstIndex(where: { $0.epoch == knowledge.epoch })
        else { return }
        if store.claims[index].spoken == nil {
            // A commit of its own: what the device knows of us so far comes before it.
            commit()
            store.claims[index].spoken = store.commit
            save()
        } else if !rules[.forkNeedsOverlap],
            store.claims.contains(where: {
                $0.owner == owner && ($0.spoken ?? 0) > (store.claims[index].spoken ?? 0)
            })
        {
            alarms.fork = true
        }
        if let reference = knowledge.reference, knows(reference) {
            store.claims[index].latest = max(store.claims[index].latest, reference.commit)
        }
        noticeFork(of: store.claims[index])
        for entry in knowledge.recent.entries where entry.epoch.owner == owner {
            guard entry.counter < store.replica.context[entry.epoch],
                entry.epoch != knowledge.epoch || !rules[.restoreByEarlierEpoch]
            else { continue }
            alarms.restore = true
        }
    }

    /// Two epochs of one key, each of which has read what we committed after the other first
    /// spoke: both were alive at one time, so there are two boards. One board that restarts, and
    /// late frames of its earlier life, cannot look like that.
    private mutating func noticeFork(of claim: HubStore.Claim) {
        for other in store.claims where other.owner == claim.owner && other.epoch != claim.epoch {
            guard let spoken = claim.spoken, let otherSpoken = other.spoken,
                claim.latest >= otherSpoken, other.latest >= spoken
            else { continue }
            if rules[.forkNeedsOverlap] { alarms.fork = true }
        }
    }
}
