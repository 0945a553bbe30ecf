import FleetHub
import Hummingbird

/// Gives every error the form that the API promises. Outermost.
struct ErrorMiddleware: RouterMiddleware {
    typealias Context = HubRequestContext

    func handle(
        _ request: Request, context: HubRequestContext,
        next: (Request, HubRequestContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let failure as APIFailure {
            return failure.response
        } catch let error as HubError {
            return APIFailure(error).response
        } catch let error as HTTPError where error.status == .notFound {
            return APIFailure.noSuchRoute.response
        }
    }
}

/// Lets a client address make only so many requests. Before the token is looked at, so that
/// tokens cannot be guessed fast.
struct RateLimitMiddleware: RouterMiddleware {
    typealias Context = HubRequestContext

    let gate: RequestGate

    func handle(
        _ request: Request, context: HubRequestContext,
        next: (Request, HubRequestContext) async throws -> Response
    ) async throws -> Response {
        if let wait = await gate.admit(context.clientAddress) {
            throw APIFailure.tooManyRequests(wait: wait)
        }
        return try await next(request, context)
    }
}

/// Lets only requests pass that carry a token of the hub's (RFC 6750).
struct BearerMiddleware: RouterMiddleware {
    typealias Context = HubRequestContext

    /// Bytes of a token. Longer than any that the hub issues.
    static let tokenBytesMax = 512

    let service: any HubService

    func handle(
        _ request: Request, context: HubRequestContext,
        next: (Request, HubRequestContext) async throws -> Response
    ) async throws -> Response {
        guard let token = Self.token(request.headers[.authorization]) else {
            throw HubError(
                .unauthorized, "The request carries no token.",
                hint: "Send \"Authorization: Bearer TOKEN\", or run fleet login.")
        }
        guard let caller = await service.caller(token: token, from: context.clientAddress) else {
            throw HubError(
                .unauthorized, "The hub does not know this token, or it has ended.",
                hint: "Ask an admin for one (fleet operator create), then run fleet login.")
        }
        var context = context
        context.caller = caller
        return try await next(request, context)
    }

    /// The token of an `Authorization` field; nil where it has none or one of another scheme.
    static func token(_ field: String?) -> String? {
        let parts = (field ?? "").split(separator: " ", omittingEmptySubsequences: true)
        guard parts.count == 2, parts[0].lowercased() == "bearer",
            parts[1].utf8.count <= tokenBytesMax
        else { return nil }
        return String(parts[1])
    }
}
