import FleetHub
import Hummingbird

/// Makes the router from the route table.
enum HubRouter {
    /// - Parameter isExposed: Whether others than this machine's users reach the port. The metrics
    ///   then need a token too.
    static func make(
        _ handlers: HubHandlers, gate: RequestGate, isExposed: Bool
    ) -> Router<HubRequestContext> {
        // A HEAD for every GET, as RFC 9110 §9.1 asks.
        let router = Router(context: HubRequestContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: ErrorMiddleware())
        router.add(middleware: RateLimitMiddleware(gate: gate))
        let secured = router.group().add(middleware: BearerMiddleware(service: handlers.service))
        for route in APIRoute.all {
            let path = RouterPath(pattern(route.template))
            let method = route.method.http
            let role = route.role ?? (isExposed && route.isFleetWide ? .viewer : nil)
            let respond: @Sendable (Request, HubRequestContext) async throws -> Response = {
                request, context in
                if let role { try await admit(route, role, request, context, handlers.service) }
                return try await handlers.respond(route, request, context)
            }
            if role != nil {
                secured.on(path, method: method, use: respond)
            } else {
                router.on(path, method: method, use: respond)
            }
        }
        addWrongMethods(to: router)
        return router
    }

    /// Holds a caller against the table.
    /// - Throws: `refused`, which for what would have changed something is on record.
    private static func admit(
        _ route: APIRoute, _ role: OperatorRole, _ request: Request,
        _ context: HubRequestContext, _ service: any HubService
    ) async throws {
        guard let caller = context.caller else {
            throw HubError(.unauthorized, "The request carries no token.", hint: "Log in.")
        }
        let refusal: HubError
        if caller.role < role {
            refusal = HubError(
                .refused, "This takes the role \(role.rawValue); yours is \(caller.role.rawValue).",
                hint: "Ask an admin for another token: fleet operator create.")
        } else if route.isFleetWide, caller.isScoped {
            refusal = HubError(
                .refused, "This is about the whole fleet, and you see a part of it.",
                hint: "Ask an admin for a token without labels.")
        } else {
            return
        }
        if route.isMutating {
            await service.noteRefused(
                route.operationID, request.uri.path, by: caller, refusal)
        }
        throw refusal
    }

    /// What the table lacks on a path that it has is 405, not 404.
    private static func addWrongMethods(to router: Router<HubRequestContext>) {
        for (template, routes) in Dictionary(grouping: APIRoute.all, by: \.template) {
            let allowed = routes.map(\.method)
            var others: [HTTPRequest.Method] = [.options]
            others += APIMethod.allCases.filter { !allowed.contains($0) }.map(\.http)
            if !allowed.contains(.get) { others.append(.head) }
            for method in others {
                router.on(RouterPath(pattern(template)), method: method) { _, _ -> Response in
                    throw APIFailure.wrongMethod(allowed: allowed)
                }
            }
        }
    }

    /// The table's `{path}` is the router's `**`.
    private static func pattern(_ template: String) -> String {
        template.hasSuffix("/{path}") ? template.dropLast("{path}".count) + "**" : template
    }
}

extension APIMethod {
    var http: HTTPRequest.Method {
        switch self {
        case .get: .get
        case .put: .put
        case .post: .post
        case .patch: .patch
        case .delete: .delete
        }
    }
}
