import Glibc
public import Images
public import Platform

/// Fetches images from registries into a store.
public final class RegistryClient {
    /// Where and how to ask.
    public struct Options: Sendable {
        /// Hosts that are asked before the image's own. What they send is checked by its digest; a tag
        /// they may answer as they like.
        public var mirrors: [String] = []
        /// Without TLS, on this machine alone.
        public var isPlain = false
        public var trust = RegistryTrust()
        /// Docker's config.json.
        public var credentials: [UInt8]?

        public init() {}
    }

    private let options: Options
    private let transfer: HTTPTransfer
    /// By host and repository.
    private var authorizations: [String: String] = [:]
    private var fetchedBytes: UInt64 = 0
    /// Mirrors that were not reached: they are not waited for again.
    private var silentMirrors: Set<String> = []
    private let pause: (Milliseconds) -> Void

    /// - Parameter pause: Waits before a request is repeated; nil for the clock's own time.
    public init(
        _ options: Options, pause: ((Milliseconds) -> Void)? = nil
    ) throws(ImageError) {
        for mirror in options.mirrors where !ImageReference.isHost(mirror) {
            throw ImageError(
                .usage, "\(Shown.text(mirror)) is no host with perhaps a port",
                advice: "write --mirror HOST[:PORT], several parted by commas")
        }
        self.options = options
        self.pause = pause ?? { usleep(UInt32(clamping: $0.count * 1000)) }
        transfer = try HTTPTransfer(trust: options.trust)
    }

    /// Puts an image into the store. What of it is there is not fetched; what was fetched before a
    /// break is not fetched again.
    public func pull(
        _ reference: ImageReference, platform: ImagePlatform, into store: ImageStore, now: Int64
    ) throws(ImageError) -> ImageArrival {
        try pull(reference, as: reference, platform: platform, into: store, now: now)
    }

    private func pull(
        _ named: ImageReference, as reference: ImageReference, platform: ImagePlatform,
        into store: ImageStore, now: Int64
    ) throws(ImageError) -> ImageArrival {
        fetchedBytes = 0
        let (bytes, manifest) = try manifest(reference, platform)
        let configuration = try document(reference, .blob(manifest.configuration.digest))
        let read = try ImageConfiguration(configuration)
        try read.check(against: manifest, on: platform)
        var layers: [UnpackedLayer] = []
        for (descriptor, digest) in zip(manifest.layers, read.layers)
        where !store.hasLayer(digest) {
            layers.append(try layer(reference, descriptor, digest, store))
        }
        var arrival = ImageArrival(
            image: try store.commit(
                named.description, manifest: bytes, configuration: configuration,
                layers: read.layers, now: now))
        for layer in layers { arrival.count(layer) }
        arrival.fetchedBytes = fetchedBytes
        return arrival
    }

    /// Fetches again what an image of the store lacks: the manifest that it had, whatever its tag names
    /// by now. An image of another policy than the store's gets this one.
    public func repair(
        _ image: StoredImage, platform: ImagePlatform, into store: ImageStore, now: Int64
    ) throws(ImageError) -> ImageArrival {
        let named = try ImageReference(image.reference)
        return try pull(
            named, as: named.pinned(to: image.manifest), platform: platform, into: store, now: now)
    }

    private func manifest(
        _ reference: ImageReference, _ platform: ImagePlatform
    ) throws(ImageError) -> ([UInt8], ImageManifest) {
        var selector = reference.selector
        for _ in 0...ImageLimits.indexDepthMax {
            let bytes = try document(reference, .manifest(selector))
            switch try ImageDocument(bytes) {
            case .manifest(let manifest): return (bytes, manifest)
            case .index(let index): selector = try index.build(for: platform).digest.description
            }
        }
        throw ImageError(
            .manifest,
            "the image's index holds indexes more than \(ImageLimits.indexDepthMax) deep",
            advice: "push the image again with a current tool")
    }

    /// A manifest or a configuration. One that is asked for by its digest is the one of that digest.
    private func document(
        _ reference: ImageReference, _ resource: RegistryFetch.Resource
    ) throws(ImageError) -> [UInt8] {
        let wanted: ContentDigest? =
            switch resource {
            case .manifest(let selector): try? ContentDigest(selector)
            case .blob(let digest): digest
            }
        return try fromAny(reference) { host throws(ImageError) in
            var bytes: [UInt8] = []
            try get(
                host, reference, resource, from: 0,
                begin: { _ in bytes = [] },
                put: { piece in
                    guard bytes.count + piece.count <= ImageLimits.documentBytesMax else {
                        throw ImageError(
                            .limit,
                            "the image's manifest or configuration has more than "
                                + "\(ImageLimits.documentBytesMax) bytes",
                            advice: "remove annotations, labels or history from the image")
                    }
                    bytes += piece
                }, count: { 0 })
            let found = try ContentHash.digest(bytes)
            if let wanted, found != wanted {
                throw ImageError.differs("what \(host) sent", found, wanted)
            }
            return bytes
        }
    }

    private func layer(
        _ reference: ImageReference, _ descriptor: ContentDescriptor, _ digest: ContentDigest,
        _ store: ImageStore
    ) throws(ImageError) -> UnpackedLayer {
        guard descriptor.size <= store.limits.blobBytesMax else {
            throw ImageError(
                .limit,
                "a layer has \(descriptor.size) bytes, more than \(store.limits.blobBytesMax)",
                advice: "build the image in smaller layers")
        }
        let path = store.partialPath(descriptor.digest)
        try fromAny(reference) { host throws(ImageError) in
            // What was left of another time may be damaged; then all of it is fetched, once.
            for _ in 0..<2 {
                let blob = try BlobFile(path, descriptor)
                if !blob.isComplete {
                    try get(
                        host, reference, .blob(descriptor.digest), from: blob.count,
                        begin: { try blob.begin(at: $0) }, put: { try blob.put($0) },
                        count: { blob.count })
                }
                do throws(ImageError) {
                    return try blob.finish()
                } catch {
                    if blob.resumedBytes == 0 { throw error }
                }
            }
        }
        let layer = try store.addLayer(
            LayerSource(path: path, offset: 0, size: descriptor.size), digest: digest)
        try TreeRemoval.remove(path)
        return layer
    }

    /// Asks the mirrors, and then the image's own registry; its error is the one that is told.
    private func fromAny<Result>(
        _ reference: ImageReference, _ body: (String) throws(ImageError) -> Result
    ) throws(ImageError) -> Result {
        for mirror in options.mirrors where !silentMirrors.contains(mirror) {
            do throws(ImageError) {
                return try body(mirror)
            } catch {
                // What the board's own disk refuses, no other host can help.
                if [.store, .limit, .usage].contains(error.code) { throw error }
                if error.code == .unreachable { silentMirrors.insert(mirror) }
            }
        }
        return try body(reference.endpoint)
    }

    // MARK: One thing of one host

    private func get(
        _ host: String, _ reference: ImageReference, _ resource: RegistryFetch.Resource,
        from: UInt64, begin: @escaping (UInt64) throws -> Void,
        put: @escaping (UnsafeRawBufferPointer) throws -> Void, count: @escaping () -> UInt64
    ) throws(ImageError) {
        let key = host + "/" + reference.repository
        var credential: RegistryCredential?
        if let file = options.credentials { credential = try .find(host, in: file) }
        let fetch = Exchange(
            try RegistryFetch(
                host: host, isPlain: options.isPlain, repository: reference.repository,
                resource: resource, credential: credential, from: from,
                authorization: authorizations[key]),
            begin: begin, put: put)
        defer { authorizations[key] = fetch.fetch.authorization }
        var step = RegistryFetch.Step.send(fetch.fetch.begin())
        while true {
            switch step {
            case .accept: return
            case .fail(let error): throw error
            case .sendAfter(let span, let request):
                pause(span)
                step = .send(request)
            case .send(let request):
                step = try send(request, fetch, count)
                fetchedBytes += fetch.takenBytes
            }
        }
    }

    private func send(
        _ request: RegistryRequest, _ exchange: Exchange, _ count: () -> UInt64
    ) throws(ImageError) -> RegistryFetch.Step {
        exchange.isForToken = request.isForToken
        exchange.step = nil
        exchange.takenBytes = 0
        exchange.token = []
        let receiver = HTTPReceiver(decide: exchange.decide, put: exchange.take)
        let outcome = transfer.send(request, to: receiver)
        if let failure = receiver.failure { throw failure }
        switch (outcome, exchange.step) {
        case (.distrusted(let reason), _):
            throw ImageError(
                .refused, "\(request.url.host) is not who it should be: \(Shown.text(reason))",
                advice: "give its authority as --ca FILE; if you did, somebody is in between")
        case (.ended, .accept): return request.isForToken ? exchange.onToken() : .accept
        // A body that nobody wanted was broken off; its head was enough.
        case (_, let step?) where step != .accept: return step
        case (.broken(let reason), _): return exchange.onBroken(reason, at: count())
        case (.ended, _): return exchange.onBroken("no answer", at: count())
        }
    }
}

/// What a fetch and the callbacks of one request share.
private final class Exchange {
    var fetch: RegistryFetch
    var isForToken = false
    var step: RegistryFetch.Step?
    var token: [UInt8] = []
    var takenBytes: UInt64 = 0
    private let begin: (UInt64) throws -> Void
    private let put: (UnsafeRawBufferPointer) throws -> Void
    private var hasBegun = false

    init(
        _ fetch: RegistryFetch, begin: @escaping (UInt64) throws -> Void,
        put: @escaping (UnsafeRawBufferPointer) throws -> Void
    ) {
        self.fetch = fetch
        self.begin = begin
        self.put = put
    }

    func decide(_ response: RegistryResponse) -> Bool {
        let next = fetch.onResponse(response)
        step = next
        hasBegun = false
        return next == .accept
    }

    func take(_ bytes: UnsafeRawBufferPointer) throws {
        takenBytes += UInt64(bytes.count)
        guard !isForToken else {
            // More than it may have is no token.
            if token.count <= RegistryFetch.tokenBytesMax { token += bytes }
            return
        }
        if !hasBegun { try begin(fetch.acceptedFrom) }
        hasBegun = true
        try put(bytes)
    }

    func onToken() -> RegistryFetch.Step { fetch.onToken(token) }

    func onBroken(_ reason: String, at count: UInt64) -> RegistryFetch.Step {
        fetch.onBroken(reason, at: count)
    }
}
