import Testing

@testable import Platform

@Suite struct ContainingTests {
    @Test(arguments: ["", "p", "pump", "relay/pump", "y/p", "é", "é/p"])
    func aPartIsFoundWhereverItStands(part: String) {
        #expect("relay/pump é/p".utf8.holds(part.utf8))
    }

    @Test(arguments: ["pumps", "relay/pump é/p ", "PUMP", "e\u{301}", "pp"])
    func whatDoesNotOccurIsNotFound(part: String) {
        #expect(!"relay/pump é/p".utf8.holds(part.utf8))
    }

    @Test func anEmptyCollectionHoldsTheEmptyPartAlone() {
        #expect([Int]().holds([]))
        #expect(![Int]().holds([1]))
    }

    @Test func aSliceIsSearchedInItsOwnBounds() {
        let numbers = [1, 2, 3, 4]
        #expect(numbers[2...].holds([3, 4]))
        #expect(!numbers[2...].holds([1]))
        #expect(!numbers[..<3].holds([3, 4]))
    }
}
