import Identity
import Platform
import SQLiteStore
import Testing

@testable import FleetHub

/// Every case of who asks, with what, in which state of the device.
@Suite struct EnrolmentRuleTests {
    static let now = WallTime(milliseconds: 1_000_000)
    static let key: [UInt8] = [1]

    private static func token(
        approval: Bool = false, expires: Int64 = 1, usedBy: String? = nil, usedKey: [UInt8]? = nil
    ) -> EnrolmentTokenRecord {
        var token = EnrolmentTokenRecord(
            id: "t", key: [9], labels: [:], needsApproval: approval, created: now,
            expires: WallTime(milliseconds: now.milliseconds + expires))
        token.usedBy = usedBy
        token.usedKey = usedKey
        return token
    }

    private static func rule(_ token: EnrolmentTokenRecord? = token()) -> EnrolmentRule {
        var rule = EnrolmentRule(device: "pump-1", key: key, now: now)
        rule.token = token
        rule.isProven = true
        return rule
    }

    private static func identity(_ state: IdentityState, _ key: [UInt8]) -> IdentityRecord {
        IdentityRecord(device: "pump-1", state: state, key: key, token: "t", changed: now)
    }

    private func code(_ rule: EnrolmentRule) -> HubError.Code? {
        if case .refuse(let error) = rule.outcome { error.code } else { nil }
    }

    @Test func aNewBoardJoins() {
        #expect(Self.rule().outcome == .issue)
        #expect(Self.rule(Self.token(approval: true)).outcome == .wait)
    }

    @Test func strangersLearnNothingOfTokens() {
        let none = Self.rule(nil)
        var wrong = Self.rule(Self.token(expires: -1, usedBy: "x", usedKey: [7]))
        wrong.isProven = false
        #expect(none.outcome == wrong.outcome)
        #expect(code(none) == .unauthorized)
    }

    @Test func aTokenWorksOnceAndInTime() {
        #expect(Self.rule(Self.token(expires: 0)).outcome == .issue)
        #expect(code(Self.rule(Self.token(expires: -1))) == .unauthorized)
        #expect(code(Self.rule(Self.token(usedBy: "pump-2", usedKey: [2]))) == .unauthorized)
        #expect(code(Self.rule(Self.token(usedBy: "pump-1", usedKey: [2]))) == .unauthorized)
        #expect(code(Self.rule(Self.token(usedBy: "pump-2", usedKey: Self.key))) == .unauthorized)
        var withdrawn = Self.token(usedBy: "pump-1", usedKey: Self.key)
        withdrawn.withdrawn = Self.now
        #expect(code(Self.rule(withdrawn)) == .unauthorized)
    }

    @Test func whoLostTheAnswerMayAskAgain() {
        var rule = Self.rule(Self.token(expires: -1, usedBy: "pump-1", usedKey: Self.key))
        rule.identity = Self.identity(.active, Self.key)
        #expect(rule.outcome == .issue)
        rule.identity = Self.identity(.pending, Self.key)
        #expect(rule.outcome == .wait)
    }

    @Test(
        arguments: [
            (.pending, true, nil), (.active, true, nil), (.quarantined, true, .refused),
            (.revoked, true, .refused), (.decommissioned, true, .refused),
            (.pending, false, .conflict), (.active, false, .conflict),
            (.quarantined, false, .refused), (.revoked, false, nil),
            (.decommissioned, false, .refused),
        ] as [(IdentityState, Bool, HubError.Code?)])
    func theStateOfTheNameDecides(state: IdentityState, isSameKey: Bool, code: HubError.Code?) {
        var rule = Self.rule()
        rule.identity = Self.identity(state, isSameKey ? Self.key : [2])
        #expect(self.code(rule) == code)
    }

    @Test func oneKeyUnderTwoNamesIsBelievedUnderNeither() {
        var rule = Self.rule()
        rule.keyOwner = "pump-2"
        #expect(rule.outcome == .quarantine(["pump-2"]))
        rule.identity = Self.identity(.active, [2])
        #expect(rule.outcome == .quarantine(["pump-1", "pump-2"]))
        // Nobody without a token puts a device into quarantine.
        rule.isProven = false
        #expect(code(rule) == .unauthorized)
    }

    @Test func aRemovedDeviceStaysOut() {
        var rule = Self.rule()
        rule.isRemoved = true
        #expect(code(rule) == .refused)
    }
}
