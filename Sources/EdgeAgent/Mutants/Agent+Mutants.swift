#if EDGE_MUTANTS
    import Platform
    import SQLiteStore
    import SyncProtocol

    extension Agent {
        /// Breaks the rule that `mutant` names.
        public func mutate(_ mutant: Mutant) { self.mutant = mutant }

        /// The broker has acknowledged the oldest frame that it had not.
        func mutateOnPuback() {
            guard mutant == .releaseOnPuback, !mutantFrames.isEmpty else { return }
            let (sequence, upto) = mutantFrames.removeFirst()
            guard let sequence, let session = sync.session.session,
                case .advanced(let upto) = feeder.onAcknowledged(
                    sequence, upto: upto, session: session)
            else { return }
            stage.acknowledge(sequence, upto: upto)
            schedule.onRequested(at: now)
        }

        func mutateOnDelivery() {
            guard mutant == .acknowledgeBeforeCommit else { return }
            bus.acknowledged = bus.delivered
            world.bus?.acknowledge(through: bus.delivered)
        }

        /// Sends what the next commit would take, under the numbers it would get.
        func mutateBeforeCommit() {
            guard mutant == .publishBeforeCommit, let link = world.link else { return }
            for rows in stage.batch(now: WallTime(milliseconds: 0), floor: nil).rows {
                let sequence = LogSequence(stream: rows.stream, epoch: store.epoch)
                let first = (store.outbox.streams[sequence]?.last ?? 0) + 1
                let batch = LogBatch(
                    sequence: sequence, first: first, items: rows.rows.map { .row($0) },
                    clocks: [])
                if let bytes = sync.encode(batch) { _ = link.send(bytes) }
            }
        }
    }
#endif
