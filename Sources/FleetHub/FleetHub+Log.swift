public import Platform
import SQLiteStore
import SyncProtocol

extension FleetHub {
    public func log(
        _ id: String, stream: String?, after: Int64, limit: Int, as caller: Caller = .hub
    ) throws(HubError) -> Value {
        _ = try record(id, caller)
        let entries = try read { () throws(SQLiteError) in
            try store.log.page(id, stream: stream, after: after, limit: limit)
        }
        return .object([
            ("rows", .array(entries.map(Self.object))),
            ("next", .int(entries.last?.number ?? max(0, after))),
        ])
    }

    public func logCursors(_ id: String, as caller: Caller = .hub) throws(HubError) -> Value {
        _ = try record(id, caller)
        let cursors = try read { () throws(SQLiteError) in try store.log.cursors(id) }
        return .object([
            (
                "cursors",
                .array(
                    cursors.map { cursor in
                        .object([
                            ("stream", .string(cursor.sequence.stream)),
                            ("epoch", .string(cursor.sequence.epoch.text)),
                            ("upto", .int(Int64(clamping: cursor.upto))),
                            ("rows", .int(Int64(clamping: cursor.rows - cursor.trimmedRows))),
                            ("gap_rows", .int(Int64(clamping: cursor.gapRows))),
                            ("trimmed_rows", .int(Int64(clamping: cursor.trimmedRows))),
                        ])
                    })
            )
        ])
    }

    public func metrics() -> String {
        var text = PrometheusText()
        text.gauge(
            "fleethub_devices", help: "Devices in the registry, removed ones not counted.",
            Double(devices.values.count { $0.state == .active }))
        text.gauge(
            "fleethub_devices_online", help: "Devices that are connected.", Double(online.count))
        text.gauge(
            "fleethub_event_watchers", help: "Clients that follow events.",
            Double(events.watcherCount))
        text.gauge(
            "fleethub_store_ok", help: "1 while the database takes writes.",
            storeHealth == .ok ? 1 : 0)
        text.gauge(
            "fleethub_link_connected",
            help: "1 while the link is up: the broker connected, or the CoAP ports open.",
            LinkKind.allCases.compactMap { link in
                links[link].map {
                    PrometheusText.Sample($0 ? 1 : 0, labels: [("link", link.rawValue)])
                }
            })
        text.counter(
            "fleethub_frames_received_total", help: "Frames from devices.",
            Double(counters.framesReceived))
        text.counter(
            "fleethub_frames_unreadable_total", help: "Frames that did not decode.",
            Double(counters.framesUnreadable))
        text.counter(
            "fleethub_frames_refused_total", help: "Frames that a device may not send.",
            Double(counters.framesRefused))
        text.counter(
            "fleethub_sessions_refused_total",
            help: "Refusals of a link, of which it tells one a minute for each device.",
            Double(counters.sessionsRefused))
        text.counter(
            "fleethub_frames_dropped_total",
            help: "Frames beyond what a board may have waiting; their boards send them again.",
            Double(counters.framesDropped))
        text.counter(
            "fleethub_greetings_deferred_total",
            help: "Greetings that were told to come again later.",
            Double(counters.greetingsDeferred))
        text.gauge(
            "fleethub_ingest_frames", help: "Frames that wait to be committed.",
            Double(queue.frames))
        text.gauge(
            "fleethub_ingest_bytes", help: "Bytes of frames that wait to be committed.",
            Double(queue.bytes))
        text.gauge(
            "fleethub_devices_slowed", help: "Devices that sent too much lately.",
            Double(floods.records.values.count { $0.state == .slowed }))
        text.gauge(
            "fleethub_devices_cut_off", help: "Devices that are not heard for a while.",
            Double(floods.records.values.count { $0.state != .slowed }))
        text.counter(
            "fleethub_received_bytes_total", help: "Bytes of frames from devices.",
            Double(counters.bytesReceived))
        text.counter(
            "fleethub_sent_bytes_total", help: "Bytes of frames to devices.",
            Double(counters.bytesSent))
        text.counter(
            "fleethub_commits_total", help: "Batches of frames committed.",
            Double(counters.commits))
        text.counter(
            "fleethub_commits_failed_total", help: "Batches that could not be committed.",
            Double(counters.commitsFailed))
        text.counter(
            "fleethub_log_rows_total", help: "Log rows and gap rows accounted for.",
            Double(counters.logRows))
        return text.text
    }

    private static func object(_ entry: LogEntry) -> Value {
        var fields: [(String, Value)] = [
            ("n", .int(entry.number)), ("stream", .string(entry.sequence.stream)),
            ("epoch", .string(entry.sequence.epoch.text)),
        ]
        switch entry.item {
        case .row(let row):
            let clock =
                switch row.time.quality {
                case .unset: "unset"
                case .plausible: "plausible"
                case .synchronized: "synchronized"
                }
            fields += [
                ("seq", .int(Int64(clamping: entry.first))), ("key", .string(row.key)),
                ("value", row.value), ("time", .string(RFC3339.text(row.time.wall))),
                ("clock", .string(clock)),
            ]
        case .gap(let gap):
            fields.append(
                (
                    "gap",
                    .object([
                        ("first", .int(Int64(clamping: gap.first))),
                        ("last", .int(Int64(clamping: gap.last))),
                        ("reason", .string(gap.reason.text)),
                    ])
                ))
        }
        return .object(fields)
    }
}
