import Platform
import TestSupport
import Testing

@testable import EdgeAgent

@Suite struct AgentIdentityTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func renewalsAreRowsAndOneFailureIsOneRow() async throws {
        try await AgentHarness.run(folder) { board in
            await board.agent.onRenewal(.idle)
            for reason in ["away", "away", "refused", "away"] {
                await board.agent.onRenewal(.failed(reason))
            }
            var failures = try await board.events("identity.renewal_failed")
            #expect(failures == 3)
            await board.agent.onRenewal(.renewed(until: Release.date))
            let renewals = try await board.events("identity.renewed")
            #expect(renewals == 1)
            // It begins anew after a success.
            await board.agent.onRenewal(.failed("away"))
            failures = try await board.events("identity.renewal_failed")
            #expect(failures == 4)
        }
    }
}
