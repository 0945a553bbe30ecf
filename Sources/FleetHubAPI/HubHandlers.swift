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

    /// Ten years.
    static let operatorSecondsMax: Int64 = 315_360_000
    /// Thirty days.
    static let operatorSecondsDefault: Int64 = 2_592_000
    /// RFC 8555 §9.1.
    static let certificateType = "application/pem-certificate-chain"

    let service: any HubService
    let limits: APILimits
    let slots: EventSlots
    let clock: any Clock<Duration>

    func respond(_ route: APIRoute, _ request: Request, _ context: HubRequestContext)
        async throws -> Response
    {
        let query = try APIQuery(request.uri.query, known: route.query)
        let device = { () throws(HubError) in try APIParameters.device(context) }
        // The few that need none never look at it; nobody has the least role and no device.
        let caller = context.caller ?? .nobody
        switch route.operation {
        case .getHealth:
            return APIReply.json(await service.health())
        case .getMetrics:
            return APIReply.text(
                await service.metrics(), contentType: PrometheusText.contentType)
        case .getAuthority:
            return APIReply.text(
                try await service.authorityCertificate(), contentType: Self.certificateType)
        case .getHub:
            return APIReply.json(await service.hub(as: caller))
        case .listDevices:
            return APIReply.json(
                try await service.devices(selector: query.text("selector"), as: caller))
        case .getDevice:
            return APIReply.json(try await service.device(device(), as: caller))
        case .updateDevice:
            return try await update(device(), request, caller)
        case .removeDevice:
            try await service.removeDevice(device(), forget: query.flag("forget"), as: caller)
            return Response(status: .noContent)
        case .getTwin:
            return APIReply.json(
                try await service.twin(device(), prefix: query.text("prefix"), as: caller))
        case .getCell:
            return APIReply.json(
                try await service.cell(device(), path: APIParameters.path(context), as: caller))
        case .setCell:
            return try await set(device(), APIParameters.path(context), request, caller)
        case .changeCell:
            return try await change(device(), APIParameters.path(context), request, caller)
        case .deleteCell:
            return try await change(device(), APIParameters.path(context), .delete, caller)
        case .readLog:
            return try await log(device(), query, caller)
        case .getLogCursors:
            return APIReply.json(try await service.logCursors(device(), as: caller))
        case .listDeviceWorkloads:
            return APIReply.json(
                try await service.workloads(device: device(), selector: nil, as: caller))
        case .listWorkloads:
            return APIReply.json(
                try await service.workloads(
                    device: nil, selector: query.text("selector"), as: caller))
        case .apply:
            return try await apply(request, caller)
        case .streamEvents:
            return try await events(request, caller)
        case .createEnrolmentToken:
            return try await createEnrolmentToken(request, caller)
        case .listEnrolmentTokens:
            return APIReply.json(try await service.enrolmentTokens(as: caller))
        case .withdrawEnrolmentToken:
            try await service.withdrawEnrolmentToken(APIParameters.token(context), as: caller)
            return Response(status: .noContent)
        case .approveDevice:
            return APIReply.json(try await service.decide(device(), .approve, as: caller))
        case .revokeDevice:
            return APIReply.json(try await service.decide(device(), .revoke, as: caller))
        case .decommissionDevice:
            return APIReply.json(try await service.decide(device(), .decommission, as: caller))
        case .addPlacement:
            return APIReply.json(
                try await service.addPlacement(placement(request), as: caller), status: .created)
        case .planPlacement:
            return APIReply.json(
                try await service.planPlacement(placement(request), as: caller))
        case .listPlacements:
            return APIReply.json(await service.placements(as: caller))
        case .explainPlacement:
            return APIReply.json(
                try await service.placement(APIParameters.workload(context), as: caller))
        case .removePlacement:
            try await service.removePlacement(APIParameters.workload(context), as: caller)
            return Response(status: .noContent)
        case .createOperator:
            return try await createOperator(request, caller)
        case .listOperators:
            return APIReply.json(await service.operators(as: caller))
        case .revokeOperator:
            try await service.revokeOperator(APIParameters.operatorName(context), as: caller)
            return Response(status: .noContent)
        case .readAuditLog:
            return APIReply.json(
                try await service.auditLog(
                    after: query.number("after", in: 0...Int64.max, default: 0),
                    since: WallTime(
                        milliseconds: query.number("since", in: 0...Int64.max, default: 0)),
                    limit: Int(
                        query.number(
                            "limit", in: 1...Self.logRowsMax, default: Self.logRowsMax))))
        }
    }

    private func update(
        _ device: String, _ request: Request, _ caller: Caller
    ) async throws -> Response {
        let body = try await read(request, known: ["name", "labels"])
        let name = try body.text("name")
        let labels = try body.labels("labels")
        guard name != nil || labels != nil else {
            throw HubError(
                .invalid, "The request changes nothing.", hint: "Give \"name\" or \"labels\".")
        }
        return APIReply.json(
            try await service.updateDevice(device, name: name, labels: labels, as: caller))
    }

    private func set(
        _ device: String, _ path: String, _ request: Request, _ caller: Caller
    ) async throws -> Response {
        let body = try await read(request, known: ["value"])
        let value = try body.required("value")
        return APIReply.json(
            try await service.setCell(device, path: path, value: value, as: caller),
            status: .accepted)
    }

    private func change(
        _ device: String, _ path: String, _ request: Request, _ caller: Caller
    ) async throws -> Response {
        let body = try await read(request, known: ["add", "remove", "increment"])
        return try await change(device, path, body.cellChange(), caller)
    }

    /// 202: the hub has taken it in, the board has yet to hear of it.
    private func change(
        _ device: String, _ path: String, _ change: CellChange, _ caller: Caller
    ) async throws -> Response {
        APIReply.json(
            try await service.changeCell(device, path: path, change, as: caller),
            status: .accepted)
    }

    private func log(
        _ device: String, _ query: APIQuery, _ caller: Caller
    ) async throws -> Response {
        let after = try query.number("after", in: -Self.logRowsMax...Int64.max, default: 0)
        let limit = try query.number(
            "limit", in: 1...Self.logRowsMax, default: Self.logRowsDefault)
        return APIReply.json(
            try await service.log(
                device, stream: query.text("stream"), after: after, limit: Int(limit),
                as: caller))
    }

    private func apply(_ request: Request, _ caller: Caller) async throws -> Response {
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
                name: body.requiredText("name"), spec: body.requiredObjectOrNull("spec"), as: caller
            ))
    }

    private func placement(_ request: Request) async throws -> PlacementRequest {
        let body = try await read(request, known: ["name", "spec", "selector", "place"])
        let name = try body.requiredText("name")
        try APIParameters.check(workload: name)
        return PlacementRequest(
            name: name, spec: try body.required("spec"), selector: try body.text("selector"),
            rules: body["place"] ?? .null)
    }

    private func events(_ request: Request, _ caller: Caller) async throws -> Response {
        let after = try APIParameters.lastEventID(request)
        guard let slot = slots.take() else {
            throw HubError(
                .unavailable, "\(limits.eventClientsMax) clients watch events already.",
                hint: "Close one of them, or try again later.")
        }
        let feed = EventFeed(
            service: service, caller: caller, after: after, bufferMax: limits.eventBufferMax,
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
    private func createEnrolmentToken(
        _ request: Request, _ caller: Caller
    ) async throws -> Response {
        let body = try await read(request, known: ["labels", "ttl_s", "needs_approval"])
        let token = try await service.createEnrolmentToken(
            labels: body.labels("labels") ?? [:],
            lifetimeSeconds: body.number(
                "ttl_s", in: Self.tokenSecondsMin...Self.tokenSecondsMax,
                default: Self.tokenSecondsDefault),
            needsApproval: body.flag("needs_approval"), as: caller)
        return APIReply.json(token, status: .created)
    }

    /// 201: the only answer that ever holds the token.
    private func createOperator(
        _ request: Request, _ caller: Caller
    ) async throws -> Response {
        let body = try await read(request, known: ["name", "role", "labels", "ttl_s"])
        let name = try body.requiredText("name")
        try APIParameters.check(operatorName: name)
        guard let role = OperatorRole(rawValue: try body.requiredText("role")) else {
            let roles = OperatorRole.allCases.map(\.rawValue).joined(separator: ", ")
            throw HubError(.invalid, "There is no such role.", hint: "The roles are: \(roles).")
        }
        // Without an end only where that is said: a forgotten token must not work for ever.
        let lifetime: Int64? =
            body["ttl_s"] == .null
            ? nil
            : try body.number(
                "ttl_s", in: 1...Self.operatorSecondsMax, default: Self.operatorSecondsDefault)
        let made = try await service.createOperator(
            name: name, role: role, scope: body.labels("labels") ?? [:],
            lifetimeSeconds: lifetime, as: caller)
        return APIReply.json(made, status: .created)
    }

    private func read(_ request: Request, known: [String]) async throws -> APIBody {
        try await APIBody(request, maximumBytes: limits.clients.bodyBytesMax, known: known)
    }
}

extension Caller {
    /// Who showed no token: only routes that need none are reached without.
    fileprivate static let nobody = Caller(
        name: "", role: .viewer, scope: ["": ""], origin: "nowhere")
}
