import Platform

/// Which hub to talk to and with which token.
///
/// From FLEET_URL and FLEET_TOKEN where set (with FLEET_CA for a hub with a certificate of its own),
/// else from `cloudos-edge/fleet.json` in
/// $XDG_CONFIG_HOME or ~/.config.
public struct ClientSettings: Sendable, Hashable {
    /// Reads one environment variable.
    public typealias Environment = (String) -> String?

    /// The hub.
    public let url: HubURL
    /// What the hub knows the operator by. A secret.
    public let token: String
    /// The authority that the hub proves itself with; nil for one that this machine believes.
    public let authority: HubAuthority?
    /// The hash of an authority that is yet to be fetched.
    public let authorityHash: String?

    /// The longest token accepted, in bytes.
    public static let tokenBytesMax = 1024
    /// The longest settings file accepted, in bytes.
    public static let fileBytesMax = 16 << 10

    /// - Throws: `.usage` for a token that no HTTP header can carry.
    public init(
        url: HubURL, token: String, authority: HubAuthority? = nil, authorityHash: String? = nil
    ) throws(FleetClientError) {
        guard 1...Self.tokenBytesMax ~= token.utf8.count,
            token.utf8.allSatisfy({ 0x21...0x7E ~= $0 })
        else {
            throw FleetClientError(
                .usage, "The token is empty, too long or has characters that no token has",
                hint: "Give it as `fleet-hub init` printed it")
        }
        self.url = url
        self.token = token
        self.authority = authority
        self.authorityHash = authorityHash
    }

    /// The authority, fetched where only its hash is known.
    func believed(limits: FleetClient.Limits) async throws(FleetClientError) -> HubAuthority? {
        guard let authorityHash else { return authority }
        return try await HubAuthority.fetch(from: url, hash: authorityHash, limits: limits)
    }

    /// Where the settings file is.
    public static func path(_ environment: Environment) throws(FleetClientError) -> String {
        // A relative path there is to be ignored (XDG Base Directory Specification).
        if let base = set(environment("XDG_CONFIG_HOME")), base.hasPrefix("/") {
            return base + "/cloudos-edge/fleet.json"
        }
        guard let home = set(environment("HOME")), home.hasPrefix("/") else {
            throw FleetClientError(
                .settings, "HOME is not set, so there is no place for settings",
                hint: "Set HOME, or FLEET_URL and FLEET_TOKEN")
        }
        return home + "/.config/cloudos-edge/fleet.json"
    }

    /// - Throws: `.unauthorized` where nobody logged in, `.settings` for a file that is damaged
    ///   or readable by others, `.usage` for a FLEET_URL or FLEET_TOKEN that is not valid.
    public static func load(_ environment: Environment) throws(FleetClientError) -> ClientSettings {
        let url = try set(environment("FLEET_URL")).map(HubURL.init)
        let token = set(environment("FLEET_TOKEN"))
        let hash = set(environment("FLEET_CA"))
        if let url, let token {
            return try ClientSettings(url: url, token: token, authorityHash: hash)
        }
        guard let stored = try stored(at: try path(environment)) else {
            throw FleetClientError(
                .unauthorized, "Not logged in to a hub",
                hint: "Run `fleet login URL`, or set FLEET_URL and FLEET_TOKEN")
        }
        guard token != nil || url == nil || url == stored.url else {
            // A token is a secret between its owner and one hub.
            throw FleetClientError(
                .unauthorized,
                "FLEET_URL names a hub other than the one logged in to, and FLEET_TOKEN is not set",
                hint: "Set FLEET_TOKEN too, or run `fleet login URL`")
        }
        return try ClientSettings(
            url: url ?? stored.url, token: token ?? stored.token,
            authority: url == nil || url == stored.url ? stored.authority : nil,
            authorityHash: hash)
    }

    /// Writes the settings file, readable by its owner only, and makes its directory likewise.
    public func save(to path: String) throws(FleetClientError) {
        var fields: [(String, Value)] = [
            ("url", .string(url.description)), ("token", .string(token)),
        ]
        if let authority { fields.append(("authority", .string(authority.certificatePEM))) }
        let value = Value.object(fields)
        try PrivateFile.write(Array((value.json + "\n").utf8), to: path)
    }

    private static func stored(at path: String) throws(FleetClientError) -> ClientSettings? {
        guard let bytes = try PrivateFile.read(path, maximumBytes: fileBytesMax) else { return nil }
        guard let value = try? JSONReader.read(bytes), let url = value["url"]?.stringValue,
            let token = value["token"]?.stringValue
        else {
            throw FleetClientError(
                .settings, "The settings file \(path) is damaged",
                hint: "Write it anew with `fleet login URL`")
        }
        let authority = try value["authority"]?.stringValue.map {
            (text) throws(FleetClientError) in try HubAuthority(certificatePEM: text)
        }
        return try ClientSettings(url: try HubURL(url), token: token, authority: authority)
    }

    /// An empty variable counts as none.
    private static func set(_ variable: String?) -> String? {
        variable.flatMap { $0.isEmpty ? nil : $0 }
    }
}
