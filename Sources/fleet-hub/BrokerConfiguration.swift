import FleetHub
import Platform
import SyncProtocol

/// mosquitto.conf and its list of who may do what, for mosquitto 2.0.11 and later.
struct BrokerConfiguration {
    let folder: String
    let host: String
    let port: Int
    let user: String
    let access: String
    let revocations: String
    let authority: String
    let certificate: String
    let key: String
    let processID: String

    /// Boards and hub keep what they have not acknowledged themselves, so the broker keeps nothing
    /// over a restart, and its queues only even out bursts.
    var text: String {
        """
        # Written by fleet-hub, which writes it again. One listener: TLS, both sides certified.
        per_listener_settings true
        user \(user)
        pid_file \(processID)
        persistence false
        sys_interval 0
        set_tcp_nodelay true
        log_dest stderr
        log_type error
        log_type warning
        log_type notice
        connection_messages false
        # Of one client each. The hub's answers to all boards go through one client; boards say for
        # themselves how many they take.
        max_inflight_messages 1000
        max_queued_messages 10000
        max_queued_bytes 67108864
        max_packet_size \(FrameBounds.bytes + 4096)
        max_keepalive 3600
        persistent_client_expiration 1h

        listener \(port) \(host)
        max_connections 20000
        max_topic_alias 0
        tls_version tlsv1.2
        cafile \(authority)
        certfile \(certificate)
        keyfile \(key)
        crlfile \(revocations)
        require_certificate true
        allow_anonymous false
        # A certificate's name is the user and the client, so nobody can take another's place.
        use_identity_as_username true
        use_username_as_clientid true
        acl_file \(access)

        """
    }

    /// The ACL. A denial goes before what a pattern allows.
    static func accessText(barred: [String]) -> String {
        let lines = [
            "# Written by fleet-hub, which writes it again.",
            "user \(CertificateAuthority.hubName)",
            "topic read fleet/v1/+/+/up",
            "topic read fleet/v1/+/+/status",
            "topic write fleet/v1/+/+/down",
        ]
        let denied = barred.flatMap { ["user \($0)", "topic deny #"] }
        let patterns = [
            "pattern write fleet/v1/+/%u/up",
            "pattern write fleet/v1/+/%u/status",
            "pattern read fleet/v1/+/%u/down",
        ]
        return (lines + denied + patterns).joined(separator: "\n") + "\n"
    }
}
