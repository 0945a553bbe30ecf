import Platform
import Testing

@Suite struct LabelSelectorTests {
    private let labels = ["site": "barn", "rack": "2", "note": "a=b", "empty": ""]

    @Test(arguments: ["", ",", "site=barn", "site=barn,rack=2", "rack=2,", "note=a=b", "empty="])
    func matchesWhereAllTermsHold(text: String) throws {
        #expect(try LabelSelector(text).matches(labels))
    }

    @Test(arguments: [
        "site=house", "site=barn,rack=3", "absent=", "Site=barn", "site=barn ", " site=barn",
    ])
    func matchesNotWhereOneTermFails(text: String) throws {
        #expect(try !LabelSelector(text).matches(labels))
    }

    @Test(arguments: [("site", "site"), ("=barn", "=barn"), ("site=barn,rack", "rack"), ("=", "=")])
    func namesTheTermThatIsNone(text: String, term: String) {
        let fault = #expect(throws: LabelSelector.Fault.self) { try LabelSelector(text) }
        #expect(fault?.term == term)
        #expect(fault?.description.contains("KEY=VALUE") == true)
    }

    /// `site=barn,site=house` asks for both; taking either would act on devices nobody meant.
    @Test func aKeyWithTwoValuesIsRefused() throws {
        let fault = #expect(throws: LabelSelector.Fault.self) {
            try LabelSelector("site=barn,site=house")
        }
        #expect(fault?.term == "site=house")
        #expect(try LabelSelector("site=barn,site=barn").terms == ["site": "barn"])
    }
}
