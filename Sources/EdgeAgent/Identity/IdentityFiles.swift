public import Identity
public import Platform

/// The board's identity on its card: a folder of its own that no configuration and no workload
/// writes to. All of it is PEM or JSON, as brokers and people read it.
public struct IdentityFiles: Sendable {
    /// The folder below the state directory.
    public let folder: String
    private let files: any FileSystem

    private static let bytesMax = 64 << 10
    private static let publicMode: UInt32 = 0o644

    /// - Parameter directory: `state.directory` of the configuration.
    public init(in directory: String, files: any FileSystem) {
        folder = directory + "/identity"
        self.files = files
    }

    /// The key that is in use.
    public var key: String { folder + "/device.key" }
    /// A key that was made to replace it, until there is a certificate for it.
    public var nextKey: String { folder + "/device.key.next" }
    /// The board's certificate.
    public var certificate: String { folder + "/device.crt" }
    /// The certificate of the hub's authority.
    public var authority: String { folder + "/ca.crt" }
    private var hub: String { folder + "/hub.json" }
    private var floor: String { folder + "/clock-floor" }

    /// Makes the folder, where it is missing.
    public func makeFolder() throws(FileError) { try files.makeDirectory(folder, mode: 0o700) }

    /// Whether a file of `key` or `nextKey` is there.
    public func has(_ path: String) -> Bool { files.size(path) != nil }

    /// What was kept; nil where the board has not enrolled, or a file is unreadable: then it enrols
    /// again, with its key.
    public func load() -> EnrolledIdentity? {
        guard let certificate = pem(certificate), let authority = pem(authority),
            let facts = try? CertificateFacts(der: certificate),
            let bytes = try? files.read(hub, maximumBytes: Self.bytesMax),
            let place = (try? JSONReader.read(bytes)).flatMap({ HubPlace(json: $0) })
        else { return nil }
        return EnrolledIdentity(
            place: place, authority: authority, certificate: certificate, facts: facts)
    }

    /// The private key in DER; nil where there is none.
    public var keyBytes: [UInt8]? {
        guard let bytes = try? files.read(key, maximumBytes: Self.bytesMax) else { return nil }
        return PEM.first("PRIVATE KEY", in: String(decoding: bytes, as: UTF8.self))
    }

    /// Keeps an identity. The certificate comes last: where it is, all else is.
    ///
    /// - Parameter isNextKey: Whether it is for `nextKey`, which takes its place then. A power cut
    ///   between the two leaves a certificate of another key, and enrolling again heals it.
    public func keep(_ identity: EnrolledIdentity, isNextKey: Bool) throws(FileError) {
        try write(authority, PEM.text("CERTIFICATE", identity.authority))
        try write(hub, identity.place.json.json + "\n")
        if isNextKey { try files.rename(nextKey, to: key) }
        try write(certificate, PEM.text("CERTIFICATE", identity.certificate))
    }

    /// The clock floor as it was kept.
    public func clockFloor(build: WallTime) -> ClockFloor {
        let bytes = try? files.read(floor, maximumBytes: 64)
        let text = bytes.map { String(decoding: $0, as: UTF8.self) }
        let kept = text.flatMap { Int64($0.prefix { $0 != "\n" }) }
        return ClockFloor(build: build, kept: kept.map { WallTime(milliseconds: $0) })
    }

    /// Keeps a floor that rose.
    public func keep(_ floor: ClockFloor) throws(FileError) {
        try write(self.floor, "\(floor.time.milliseconds)\n")
    }

    private func pem(_ path: String) -> [UInt8]? {
        guard let bytes = try? files.read(path, maximumBytes: Self.bytesMax) else { return nil }
        return PEM.first("CERTIFICATE", in: String(decoding: bytes, as: UTF8.self))
    }

    private func write(_ path: String, _ text: String) throws(FileError) {
        try files.replace(path, with: Array(text.utf8), mode: Self.publicMode)
    }
}
