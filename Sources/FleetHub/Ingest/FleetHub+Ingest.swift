import Platform
import SyncProtocol

extension FleetHub {
    /// Takes events of the links as they come. Frames wait in the queue for the writer; while that
    /// commits, what arrives gathers for the next group.
    func takeEvents() async {
        for await event in endpoint.events {
            take(event)
            if !queue.isEmpty { work.yield() }
        }
        while commitNext() {}
        work.finish()
        events.finish()
    }

    /// Commits group after group, and lets what has arrived in between.
    func commitGroups(_ work: AsyncStream<Void>, _ timer: (any WakeTimer)?) async {
        for await _ in work {
            while !queue.isEmpty {
                let isFull = queue.frames >= settings.groupFrames
                if let timer,
                    let time = pace.wait(timekeeper.now().monotonic, isFull: isFull)
                {
                    timer.set(time)
                    break
                }
                pace.onCommit(timekeeper.now().monotonic)
                _ = commitNext()
                await Task.yield()
            }
        }
    }

    private func take(_ event: HubEndpointEvent) {
        switch event {
        case .frames(let frames, let through):
            let floods = self.floods
            let dropped = queue.take(
                frames, through: through, isSlowed: floods.isSlowed, isShut: floods.isCutOff)
            if !dropped.isEmpty { onDropped(dropped) }
            acknowledge()
        case .presence(let device, isOnline: false) where queue.waiting(of: device) > 0:
            // What it said before it went comes first: hearing it means that it is there.
            while commitNext() {}
            handle(event)
        case .disconnected:
            while commitNext() {}
            handle(event)
        case .connected, .presence, .refused, .commitRequested: handle(event)
        }
    }

    /// One transaction; false where nothing waits.
    private func commitNext() -> Bool {
        let group = queue.next(frames: settings.groupFrames, bytes: settings.groupBytes)
        guard !group.isEmpty else { return false }
        receive(group.map(\.frame))
        queue.finished(group)
        acknowledge()
        return !queue.isEmpty
    }

    private func acknowledge() {
        if let through = queue.acknowledgement() { endpoint.acknowledge(through: through) }
    }

    private func onDropped(_ devices: [String]) {
        counters.framesDropped += UInt64(devices.count)
        let now = timekeeper.now().monotonic
        for (device, drops) in Dictionary(grouping: devices, by: \.self).sorted(by: {
            $0.key < $1.key
        }) {
            tell(floods.onDropped(device, drops.count, now: now))
            guard let left = floods.shouldTell(device, now: now) else { continue }
            let seconds = max(1, (left.count + 999) / 1000)
            let reason =
                "this board sends more than the hub takes, so that it is not heard for "
                + "\(seconds) s; look for what writes so often on it"
            send(replica.refused(reason), to: device)
        }
    }

    /// Lets boards in whose time is over.
    func lookAtFloods() { tell(floods.tick(timekeeper.now().monotonic)) }

    private func tell(_ notices: [FloodGuard.Notice]) {
        for notice in notices {
            switch notice {
            case .slowed(let device): publish(device, "slowed")
            case .cutOff(let device, let span):
                counters.framesDropped += UInt64(queue.drop(device))
                publish(device, "cut_off", ["seconds": .int(span.count / 1000)])
            case .letIn(let device): publish(device, "let_in")
            case .calm(let device): publish(device, "calm")
            }
        }
    }

    private func publish(_ device: String, _ state: String, _ more: [String: Value] = [:]) {
        let fields = more.merging(["device": .string(device), "state": .string(state)]) { _, new in
            new
        }
        publish("device", fields)
    }

    /// What `Device` says of a board that floods; nil for all others.
    func ingestSummary(of device: String) -> Value? {
        guard let record = floods.records[device] else { return nil }
        var fields: [(String, Value)] = [
            ("dropped_frames", .int(Int64(clamping: record.dropped)))
        ]
        switch record.state {
        case .slowed: fields.append(("state", .string("slowed")))
        case .cutOff(let until):
            let left = max(until - timekeeper.now().monotonic, 0)
            fields.append(("state", .string("cut_off")))
            fields.append(("seconds_left", .int((left.count + 999) / 1000)))
        }
        return .object(fields)
    }

    /// Nil where a greeting may be answered, else the answer that sends its board away for a while.
    func deferral(_ incoming: HubReplica.Incoming) -> [UInt8]? {
        guard case .hello = incoming.frame,
            let wait = greetings.admit(timekeeper.now().monotonic)
        else { return nil }
        counters.greetingsDeferred += 1
        let reason = RetryAfter.reason("the hub is busy with greetings", wait)
        return replica.refused(reason, to: incoming)
    }
}
