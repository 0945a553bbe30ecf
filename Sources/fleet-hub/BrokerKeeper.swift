import FleetHub
import Foundation
import LinuxPlatform
import Logging
import Platform
import ServiceLifecycle

/// Keeps a broker's lists true while the hub runs, and cuts off who is not believed any more.
///
/// mosquitto reads its lists again on SIGHUP, but leaves the connections that stand. So the hub
/// then takes the place of the device, with a certificate that it makes out to itself: there is one
/// connection for one name, and the new one ends the old one, whose certificate does not open
/// another.
struct BrokerKeeper: Service {
    /// How often the list of revoked certificates is looked at for its age.
    private static let interval = Duration.seconds(3600)
    /// How long to wait where the lists cannot be written.
    private static let retry = Duration.seconds(5)
    /// A board that was in the middle of a handshake comes in once more, and is met again.
    private static let rounds: [Duration] = [.zero, .seconds(1), .seconds(3)]
    /// How long a place may take to be taken.
    private static let patience = Duration.seconds(4)
    /// Life of the certificate that takes a place.
    private static let life = Milliseconds.seconds(600)
    /// Places taken at a time.
    private static let width = 16

    let hub: FleetHub
    let authority: CertificateAuthority
    let files: BrokerFiles
    let place: BrokerPlace
    let logger: Logger

    func run() async throws {
        let (work, sink) = AsyncStream.makeStream(
            of: Void.self, bufferingPolicy: .bufferingNewest(1))
        await withDiscardingTaskGroup { group in
            group.addTask {
                for await _ in hub.accessChanges.cancelOnGracefulShutdown() { sink.yield() }
                sink.finish()
            }
            group.addTask {
                while (try? await Task.sleep(for: Self.interval)) != nil { sink.yield() }
            }
            sink.yield()
            var known: BrokerAccess?
            for await _ in work {
                do {
                    let access = try await hub.brokerAccess()
                    let gone = try tell(access, known: known)
                    known = access
                    // Whoever goes next must not wait for the last round of these.
                    if !gone.isEmpty { group.addTask { await cut(gone) } }
                } catch {
                    logger.error(
                        "the broker does not know who is revoked: \(error)",
                        metadata: ["files": "\(files.folder)"])
                    group.addTask {
                        if (try? await Task.sleep(for: Self.retry)) != nil { sink.yield() }
                    }
                }
            }
            group.cancelAll()
        }
    }

    /// Writes the lists and has the broker read them.
    /// - Returns: Who went since `known`, to be cut off.
    private func tell(_ access: BrokerAccess, known: BrokerAccess?) throws -> [String] {
        let changed = try files.update(access, at: LinuxTimekeeper().now().wall)
        if !changed.isEmpty { try BrokerProcess(files).reload() }
        // The broker may have stood while the hub did not: then its lists were out of date.
        guard let known else { return changed.contains("acl") ? access.barred : [] }
        let fresh = access.revoked.filter { known.revoked[$0.key] == nil }.values
        return Set(access.barred).subtracting(known.barred).union(fresh).sorted()
    }

    private func cut(_ devices: [String]) async {
        for round in Self.rounds {
            guard (try? await Task.sleep(for: round)) != nil else { return }
            await withTaskGroup(of: Void.self) { group in
                for (index, device) in devices.enumerated() {
                    if index >= Self.width { await group.next() }
                    group.addTask { await takePlace(of: device) }
                }
            }
        }
    }

    private func takePlace(of device: String) async {
        let now = LinuxTimekeeper().now().wall
        guard
            let made = try? authority.clientCredential(name: device, life: Self.life, at: now)
        else { return }
        let credential = MosquittoCredential(
            authority: authority.certificate, certificate: made.certificate, key: made.key)
        var settings = MosquittoClient.Settings(
            host: place.inner, port: place.port, clientID: device)
        let route = MosquittoRoute.tls(host: place.inner, port: place.port, credential)
        settings.route = { route }
        let (outcomes, sink) = AsyncStream.makeStream(
            of: String?.self, bufferingPolicy: .bufferingOldest(1))
        let client = MosquittoClient(name: "cut", settings: settings, entropy: LinuxEntropy()) {
            switch $0 {
            case .connected: sink.yield(nil)
            case .disconnected(let reason): sink.yield(reason)
            default: break
            }
        }
        let outcome = await withTaskGroup(of: String?.self) { group in
            group.addTask {
                var iterator = outcomes.makeAsyncIterator()
                return await iterator.next() ?? "it was given up"
            }
            group.addTask {
                try? await Task.sleep(for: Self.patience)
                return "no answer in time"
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
        client.close()
        if let outcome {
            logger.warning("cannot cut off \(device) at the broker: \(outcome)")
        } else {
            logger.info("cut off \(device) at the broker")
        }
    }
}
