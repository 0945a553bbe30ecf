import Platform

/// What went wrong between an operator and a hub, said so that the next step is clear.
///
/// `message` says what happened and why, `hint` what to do; both are sentences without a full
/// stop. `exitCode` is what a command that fails with this error ends with.
public struct FleetClientError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kinds of failure. The first seven are the error codes of the hub's API.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        case notFound = "not_found"
        case unauthorized
        case invalid
        case refused
        case unavailable
        case conflict
        case tooLarge = "too_large"
        /// No answer of the hub arrived: no connection, or none in time.
        case unreachable
        /// An answer arrived that no hub of this version gives.
        case malformed
        /// The settings file is missing a part, damaged or readable by others.
        case settings
        /// What the caller gave is not valid: a URL, a selector, a manifest.
        case usage
        /// The task that asked was cancelled.
        case cancelled
        /// Something failed that fits no other code.
        case failed
    }

    /// The kind of failure.
    public let code: Code
    /// What happened and why.
    public let message: String
    /// What to do next; empty where there is nothing.
    public let hint: String

    /// An error with its two sentences.
    public init(_ code: Code, _ message: String, hint: String) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    /// The exit code of a command that ends with this error: 2 usage, 3 not found, 4 hub
    /// unreachable or unable to serve, 5 refused or unauthorised, 1 everything else.
    public var exitCode: Int32 {
        switch code {
        case .usage: 2
        case .notFound: 3
        // A hub that cannot serve now is, to a script that decides on a retry, not reached.
        case .unreachable, .unavailable: 4
        case .unauthorized, .refused: 5
        case .invalid, .conflict, .tooLarge, .malformed, .settings, .cancelled, .failed: 1
        }
    }

    /// `<what happened and why>. <what to do>.`
    public var description: String {
        hint.isEmpty ? Self.sentence(message) : Self.sentence(message) + " " + Self.sentence(hint)
    }

    private static func sentence(_ text: String) -> String {
        guard let last = text.last, !".!?".contains(last) else { return text }
        return text + "."
    }
}

extension FleetClientError {
    /// The error that an answer other than 2xx means: the hub's own words where it gave some,
    /// else what its status says.
    ///
    /// - Parameter request: the request as the operator would recognise it, for the message.
    public static func answered(status: Int, body: [UInt8], request: String) -> FleetClientError {
        if let object = try? JSONReader.read(body), let error = object["error"],
            let message = error["message"]?.stringValue, !message.isEmpty
        {
            let code = error["code"]?.stringValue.flatMap(Code.init(rawValue:)) ?? code(of: status)
            let hint = error["hint"]?.stringValue ?? ""
            return FleetClientError(code, message, hint: hint.isEmpty ? advice(for: code) : hint)
        }
        let code = code(of: status)
        return FleetClientError(
            code, "\(request) was answered with status \(status) and no reason",
            hint: advice(for: code))
    }

    private static func code(of status: Int) -> Code {
        switch status {
        case 400: .invalid
        case 401: .unauthorized
        case 403: .refused
        case 404: .notFound
        case 409: .conflict
        case 413: .tooLarge
        // Too many requests; 502 and 504 come from a proxy before the hub.
        case 429, 502, 503, 504: .unavailable
        default: .malformed
        }
    }

    private static func advice(for code: Code) -> String {
        switch code {
        case .unauthorized: "Log in again with `fleet login URL`"
        case .refused: "Ask for what is permitted, or ask the hub's administrator"
        case .notFound: "Check the name; `fleet devices` lists all devices"
        case .unavailable: "Try again later; `fleet doctor` shows the hub's health"
        case .conflict: "Look at the present state and try again"
        case .tooLarge: "Send less at once"
        case .invalid: "Correct the request and try again"
        default: "Check with `fleet doctor` that the URL is that of a fleet hub"
        }
    }
}
