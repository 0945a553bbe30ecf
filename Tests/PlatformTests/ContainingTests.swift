import Testing

@testable import Platform

@Suite struct ContainingTests {
    @Test(arguments: ["", "p", "pump", "relay/pump", "y/p", "é", "é/p"])
    func aPartIsFoundWhereverItStands(part: String) {
        #expect("relay/pump é/p".contains(part) == true)
    }

    @Test(arguments: ["pumps", "relay/pump é/p ", "PUMP", "e\u{301}", "pp"])
    func whatDoesNotOccurIsNotFound(part: String) {
        #expect("relay/pump é/p".contains(part) == false)
    }

    @Test func anEmptyTextHoldsTheEmptyPartAlone() {
        let nothing = ""
        #expect(nothing.contains("") == true)
        #expect(nothing.contains("a") == false)
    }

    @Test func aSliceIsSearchedInItsOwnBounds() {
        let text = "relay/pump"
        #expect(text.dropFirst(6).contains("pump") == true)
        #expect(text.dropFirst(6).contains("relay") == false)
    }
}
