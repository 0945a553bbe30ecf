import FleetHub
import Foundation
import Logging
import Platform
import ServiceLifecycle

extension HubLinks {
    /// What looks after the broker while the hub runs; nothing for a plain one.
    func brokerServices(
        _ hub: FleetHub, _ authority: CertificateAuthority, _ directory: DataDirectory,
        named folder: String?, at now: WallTime, _ logger: Logger
    ) async throws -> [ServiceGroupConfiguration.ServiceConfiguration] {
        guard let broker else {
            guard folder == nil else {
                throw HubCommandError(
                    description: "--broker-files is for --mqtt tls:HOST:PORT", exitCode: 2)
            }
            return []
        }
        guard isManaged else {
            guard let folder else {
                logger.warning(
                    "without --broker-files the broker does not learn from this hub who is revoked")
                return []
            }
            let files = try BrokerFiles(URL(fileURLWithPath: folder).path)
            guard files.isThere else {
                throw HubCommandError(
                    description: "there is no broker's configuration in \(files.folder). Make it "
                        + "with: fleet-hub broker-config --data \(directory.path) --out "
                        + files.folder)
            }
            return [.init(service: keeper(hub, authority, files, broker, logger))]
        }
        let files = try BrokerFiles(directory.path + "/broker")
        let managed = try ManagedBroker(files, logger: logger)
        _ = try files.write(
            authority, try await hub.brokerAccess(), host: broker.host, port: broker.port,
            names: broker.names, at: now)
        return [
            .init(service: managed), .init(service: keeper(hub, authority, files, broker, logger)),
        ]
    }

    private func keeper(
        _ hub: FleetHub, _ authority: CertificateAuthority, _ files: BrokerFiles,
        _ broker: BrokerPlace, _ logger: Logger
    ) -> BrokerKeeper {
        BrokerKeeper(
            hub: hub, authority: authority, files: files, place: broker, logger: logger)
    }
}
