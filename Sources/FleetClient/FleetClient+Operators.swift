import Crypto
public import Identity
public import Platform

/// Who may ask the hub for what, and who did.
extension FleetClient {
    /// The most audit rows of one page.
    public static let auditPageRowsMax = 1000

    /// Makes an operator. The token is in this answer and nowhere else.
    ///
    /// - Parameters:
    ///   - role: `viewer`, `operator` or `admin`.
    ///   - labels: What devices must have to exist for the operator; empty for all.
    ///   - lifetime: How long the token counts; nil for one that does not end by itself.
    public func createOperator(
        _ name: String, role: String, labels: [String: String], lifetime: Milliseconds?
    ) async throws(FleetClientError) -> Answer<NewOperator> {
        let body = Value.object([
            ("name", .string(name)), ("role", .string(role)),
            ("labels", .object(labels.map { ($0.key, .string($0.value)) })),
            ("ttl_s", lifetime.map { .int($0.count / 1000) } ?? .null),
        ])
        return try await call(
            "POST", "/api/v1/operators", body: body, "operator", NewOperator.init)
    }

    /// All operators, without their tokens.
    public func operators() async throws(FleetClientError) -> Answer<[OperatorEntry]> {
        try await call("GET", "/api/v1/operators", "operators") {
            (fields) throws(FleetClientError) in
            try fields.list("operators", OperatorEntry.init)
        }
    }

    /// Ends an operator's token.
    public func revokeOperator(_ name: String) async throws(FleetClientError) {
        try await transport.succeed(
            "DELETE", "/api/v1/operators/" + PercentEncoding.segment(name))
    }

    /// A page of the audit log, oldest row first.
    public func audit(
        after: Int64 = 0, since: WallTime = WallTime(milliseconds: 0),
        limit: Int = auditPageRowsMax
    ) async throws(FleetClientError) -> AuditPage {
        let query = PercentEncoding.query([
            ("after", String(after)), ("since", String(max(since.milliseconds, 0))),
            ("limit", String(min(max(limit, 1), Self.auditPageRowsMax))),
        ])
        return try await call("GET", "/api/v1/audit" + query, "audit", AuditPage.init).content
    }

    /// Fetches the whole audit log and computes every hash anew, here.
    ///
    /// - Parameter noted: A hash that was noted earlier: without one, rows that were cut off at
    ///   the end are not missed.
    /// - Returns: The end of the log, and how many rows were checked.
    /// - Throws: `.failed` naming the first row that is not right.
    public func verifyAudit(
        noted: [UInt8]? = nil
    ) async throws(FleetClientError) -> (head: AuditHead, rows: Int) {
        var page = try await audit()
        var check = AuditCheck(from: page.start, noted: noted, by: SystemDigests())
        var rows = 0
        do {
            while !page.rows.isEmpty {
                for entry in page.rows { try check.take(entry.row, hash: entry.hash) }
                rows += page.rows.count
                page = try await audit(after: check.head.number)
            }
            try check.finish()
        } catch let fault as AuditFault {
            throw FleetClientError(
                .failed, "The audit log is not as it was written: \(fault)",
                hint: "Keep a copy of the hub's database and compare it with an earlier backup")
        } catch let error as FleetClientError {
            throw error
        } catch {
            throw FleetClientError(.failed, "\(error)", hint: "")
        }
        return (check.head, rows)
    }
}

/// Hashes by swift-crypto.
private struct SystemDigests: Digests {
    func sha256(_ bytes: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: bytes)) }

    func hmacSHA256(_ bytes: [UInt8], key: [UInt8]) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: bytes, using: SymmetricKey(data: key)))
    }
}
