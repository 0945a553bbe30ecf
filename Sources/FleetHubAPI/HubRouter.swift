import FleetHub
import Hummingbird

/// Makes the router from the route table.
enum HubRouter {
    static func make(_ handlers: HubHandlers, gate: RequestGate) -> Router<HubRequestContext> {
        // A HEAD for every GET, as RFC 9110 §9.1 asks.
        let router = Router(context: HubRequestContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: ErrorMiddleware())
        router.add(middleware: RateLimitMiddleware(gate: gate))
        let secured = router.group().add(middleware: BearerMiddleware(service: handlers.service))
        for route in APIRoute.all {
            let path = RouterPath(pattern(route.template))
            let method = route.method.http
            let respond: @Sendable (Request, HubRequestContext) async throws -> Response = {
                try await handlers.respond(route, $0, $1)
            }
            if route.needsToken {
                secured.on(path, method: method, use: respond)
            } else {
                router.on(path, method: method, use: respond)
            }
        }
        addWrongMethods(to: router)
        return router
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
