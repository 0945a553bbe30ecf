import FleetHub
import Hummingbird
import Identity
import Platform

/// What each operation does: reads its parameters, asks the hub, answers.
struct HubHandlers: Sendable {
    /// Rows of the log that one request may ask for.
    static let logRowsMax: Int64 = 1000
    /// Rows of the log that a request gets without asking.
    static let logRowsDefault: Int64 = 100
    /// Life of an enrolment token in seconds: who types slowly still gets in.
    static let tokenSecondsMin: Int64 = 60
    /// A week: longer, and a forgotten line in a shell's history is a way in.
    static let tokenSecondsMax: Int64 = 604_800
    /// An hour.
    static let tokenSecondsDefault: Int64 = 3600

    let service: any HubService
    let limits: APILimits
    let slots: EventSlots
    let clock: any Clock<Duration>

    func respond(_ route: APIRoute, _ request: Request, _ context: HubRequestContext)
        async throws -> Response
    {
        let query = try APIQuery(request.uri.query, known: route.query)
        let device = { () throws(HubError) in try APIParameters.device(context) }
        switch route.operation {
        case .getHealth:
            return APIReply.json(await service.health())
        case .getMetrics:
            return APIReply.text(
                await service.metrics(), contentType: PrometheusText.contentType)
        case .getHub:
            return APIReply.json(await service.hub())
        case .listDevices:
            return APIReply.json(try await service.devices(selector: query.text("selector")))
        case .getDevice:
            return APIReply.json(try await service.device(device()))
        case .updateDevice:
            return try await update(device(), request)
        case .removeDevice:
            try await service.removeDevice(device(), forget: query.flag("forget"))
            return Response(status: .noContent)
        case .getTwin:
            return APIReply.json(try await service.twin(device(), prefix: query.text("prefix")))
        case .getCell:
            return APIReply.json(
                try await service.cell(device(), path: APIParameters.path(context)))
        case .setCell:
            return try await set(device(), APIParameters.path(context), request)
        case .changeCell:
            return try await change(device(), APIParameters.path(context), request)
        case .deleteCell:
            return try await change(device(), APIParameters.path(context), .delete)
        case .readLog:
            return try await log(device(), query)
        case .getLogCursors:
            return APIReply.json(try await service.logCursors(device()))
        case .listDeviceWorkloads:
            return APIReply.json(try await service.workloads(device: device(), selector: nil))
        case .listWorkloads:
            return APIReply.json(
                try await service.workloads(device: nil, selector: query.text("selector")))
        case .apply:
            return try await apply(request)
        case .streamEvents:
            return try await events(request)
        case .createEnrolmentToken:
            return try await createEnrolmentToken(request)
        case .listEnrolmentTokens:
            return APIReply.json(try await service.enrolmentTokens())
        case .withdrawEnrolmentToken:
            try await service.withdrawEnrolmentToken(APIParameters.token(context))
            return Response(status: .noContent)
        case .approveDevice:
            return APIReply.json(try await service.decide(device(), .approve))
        case .revokeDevice:
            return APIReply.json(try await service.decide(device(), .revoke))
        case .decommissionDevice:
            return APIReply.json(try await service.decide(device(), .decommission))
        }
    }

    private func update(_ device: String, _ request: Request) async throws -> Response {
        let body = try await read(request, known: ["name", "labels"])
        let name = try body.text("name")
        let labels = try body.labels("labels")
        guard name != nil || labels != nil else {
            throw HubError(
                .invalid, "The request changes nothing.", hint: "Give \"name\" or \"labels\".")
        }
        return APIReply.json(
            try await service.updateDevice(device, name: name, labels: labels))
    }

    private func set(_ device: String, _ path: String, _ request: Request)
        async throws -> Response
    {
        let body = try await read(request, known: ["value"])
        let value = try body.required("value")
        return APIReply.json(
            try await service.setCell(device, path: path, value: value), status: .accepted)
    }

    private func change(_ device: String, _ path: String, _ request: Request)
        async throws -> Response
    {
        let body = try await read(request, known: ["add", "remove", "increment"])
        return try await change(device, path, body.cellChange())
    }

    /// 202: the hub has taken it in, the board has yet to hear of it.
    private func change(_ device: String, _ path: String, _ change: CellChange)
        async throws -> Response
    {
        APIReply.json(
            try await service.changeCell(device, path: path, change), status: .accepted)
    }

    private func log(_ device: String, _ query: APIQuery) async throws -> Response {
        let after = try query.number("after", in: 0...Int64.max, default: 0)
        let limit = try query.number(
            "limit", in: 1...Self.logRowsMax, default: Self.logRowsDefault)
        return APIReply.json(
            try await service.log(
                device, stream: query.text("stream"), after: after, limit: Int(limit)))
    }

    private func apply(_ request: Request) async throws -> Response {
        let body = try await read(
            request, known: ["selector", "device", "kind", "name", "spec"])
        let selector = try body.text("selector")
        let device = try body.text("device")
        guard (selector == nil) != (device == nil) else {
            throw HubError(
                .invalid, "The request names both a selector and a device, or neither.",
                hint: "Give one of \"selector\" and \"device\".")
        }
        if let device { try APIParameters.check(id: device) }
        return APIReply.json(
            try await service.apply(
                selector: selector, device: device, kind: body.requiredText("kind"),
                name: body.requiredText("name"), spec: body.requiredObjectOrNull("spec")))
    }

    private func events(_ request: Request) async throws -> Response {
        let after = try APIParameters.lastEventID(request)
        guard let slot = slots.take() else {
            throw HubError(
                .unavailable, "\(limits.eventClientsMax) clients watch events already.",
                hint: "Close one of them, or try again later.")
        }
        let feed = EventFeed(
            service: service, after: after, bufferMax: limits.eventBufferMax,
            keepAlive: limits.keepAlive, clock: clock)
        let body = request.body
        return Response(
            status: .ok,
            headers: [.contentType: EventFeed.contentType, .cacheControl: "no-store"],
            body: ResponseBody { writer in
                try await feed.write(to: &writer, request: body)
                // The place is taken for as long as this closure lives.
                _ = slot
            })
    }

    /// 201: the only answer that ever holds the secret.
    private func createEnrolmentToken(_ request: Request) async throws -> Response {
        let body = try await read(request, known: ["labels", "ttl_s", "needs_approval"])
        let token = try await service.createEnrolmentToken(
            labels: body.labels("labels") ?? [:],
            lifetimeSeconds: body.number(
                "ttl_s", in: Self.tokenSecondsMin...Self.tokenSecondsMax,
                default: Self.tokenSecondsDefault),
            needsApproval: body.flag("needs_approval"))
        return APIReply.json(token, status: .created)
    }

    private func read(_ request: Request, known: [String]) async throws -> APIBody {
        try await APIBody(request, maximumBytes: limits.bodyBytesMax, known: known)
    }
}
