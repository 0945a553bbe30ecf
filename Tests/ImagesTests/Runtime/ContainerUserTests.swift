import Testing

@testable import Images

private let users = Array(
    "root:x:0:0:root:/root:/bin/sh\nbroken\napp:x:1000:100:App:/srv:/bin/sh\nbig:x:9999999999:1::/:\n"
        .utf8)
private let groups = Array(
    "root:x:0:\nusers:x:100:app\ndialout:x:20:app,pi\ngpio:x:997:pi, app\nodd\nvideo:x:44:app\n"
        .utf8)

private func user(_ text: String) throws -> ContainerUser {
    try ContainerUser(text, users: users, groups: groups)
}

@Suite struct ContainerUserTests {
    @Test func aNameHasItsGroups() throws {
        #expect(try user("app") == ContainerUser(user: 1000, group: 100, moreGroups: [20, 44]))
        #expect(try user("root") == .root)
    }

    @Test func aNumberIsLookedUpAndNeedsNoEntry() throws {
        #expect(try user("1000") == ContainerUser(user: 1000, group: 100, moreGroups: [20, 44]))
        #expect(try user("4242") == ContainerUser(user: 4242, group: 0))
        #expect(
            try ContainerUser("7:8", users: nil, groups: nil) == ContainerUser(user: 7, group: 8))
    }

    @Test func aGroupThatIsNamedIsTheOnlyOne() throws {
        #expect(try user("app:dialout") == ContainerUser(user: 1000, group: 20))
        #expect(try user("1:997") == ContainerUser(user: 1, group: 997))
    }

    @Test(arguments: ["nobody", "big", "app:wheel", "broken", "4294967295", "99999999999", "a:"])
    func whoIsNotThereIsNamed(text: String) throws {
        let thrown = #expect(throws: ImageError.self) { try user(text) }
        #expect(thrown?.message.contains("the image has no") == true)
    }

    @Test func aFileIsReadUpToABound() {
        let filler = [UInt8](repeating: UInt8(ascii: "\n"), count: ContainerUser.fileBytesMax)
        #expect(throws: ImageError.self) {
            try ContainerUser("app", users: filler + users, groups: nil)
        }
    }
}
