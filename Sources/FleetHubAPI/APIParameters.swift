import FleetHub
import Hummingbird
import Identity
import Platform

/// Parameters of path and header, decoded and checked for their form.
enum APIParameters {
    /// Characters of a device's id, all of them of one byte.
    static let idLengthMax = 64
    /// Bytes of a path in a twin, decoded.
    static let pathBytesMax = 1024

    /// The device that the path names.
    /// - Throws: `invalid` where no device can have such an id.
    static func device(_ context: HubRequestContext) throws(HubError) -> String {
        let id = context.parameters.get("id").flatMap { PercentDecoding.decode($0) } ?? ""
        try check(id: id)
        return id
    }

    /// - Throws: `invalid` where no device can have such an id.
    static func check(id: String) throws(HubError) {
        let isAllowed = id.unicodeScalars.allSatisfy { scalar in
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", ".", "_", "-": true
            default: false
            }
        }
        guard isAllowed, 1...idLengthMax ~= id.utf8.count else {
            throw HubError(
                .invalid, "This is no device id.",
                hint: "An id has 1 to \(idLengthMax) of a-z A-Z 0-9 . _ - (see fleet devices).")
        }
    }

    /// The enrolment token that the path names.
    /// - Throws: `invalid` where no token can have such an id.
    static func token(_ context: HubRequestContext) throws(HubError) -> String {
        let id = context.parameters.get("token").flatMap { PercentDecoding.decode($0) } ?? ""
        guard Base64.decode(id, .url)?.count == EnrolmentToken.idBytes else {
            throw HubError(
                .invalid, "This is no id of an enrolment token.",
                hint: "The id is the fourth part of a token (see fleet token list).")
        }
        return id
    }

    /// The operator that the path names.
    /// - Throws: `invalid` where no operator can have such a name.
    static func operatorName(_ context: HubRequestContext) throws(HubError) -> String {
        let name = context.parameters.get("name").flatMap { PercentDecoding.decode($0) } ?? ""
        try check(operatorName: name)
        return name
    }

    /// - Throws: `invalid` where no operator can have such a name: it stands in logs.
    static func check(operatorName name: String) throws(HubError) {
        do {
            try check(id: name)
        } catch {
            throw HubError(
                .invalid, "This is no name of an operator.",
                hint: "A name has 1 to \(idLengthMax) of a-z A-Z 0-9 . _ -")
        }
    }

    /// The workload that the path names.
    /// - Throws: `invalid` where no workload can have such a name.
    static func workload(_ context: HubRequestContext) throws(HubError) -> String {
        let name = context.parameters.get("name").flatMap { PercentDecoding.decode($0) } ?? ""
        try check(workload: name)
        return name
    }

    /// - Throws: `invalid` where no workload can have such a name.
    static func check(workload name: String) throws(HubError) {
        do {
            try check(id: name)
        } catch {
            throw HubError(
                .invalid, "This is no name of a workload.",
                hint: "A name has 1 to \(idLengthMax) of a-z A-Z 0-9 . _ -")
        }
    }

    /// The path in a twin: the rest of the request's path, whether its slashes are encoded or not.
    /// - Throws: `invalid` where a part between slashes is empty or cannot be decoded.
    static func path(_ context: HubRequestContext) throws(HubError) -> String {
        let raw = context.parameters[Parameters.recursiveCaptureKey] ?? ""
        guard let path = PercentDecoding.decode(raw), path.utf8.count <= pathBytesMax,
            !path.split(separator: "/", omittingEmptySubsequences: false).contains("")
        else {
            throw HubError(
                .invalid, "This is no path in a twin.",
                hint: "Write names with a slash between, such as desired/workloads/camera, "
                    + "percent-encoded UTF-8 of at most \(pathBytesMax) bytes.")
        }
        return path
    }

    /// Where a watcher that reconnects goes on, as its browser or library sends it.
    /// - Throws: `invalid` where it is no number.
    static func lastEventID(_ request: Request) throws(HubError) -> UInt64? {
        let field = request.headers.first { $0.name.canonicalName == "last-event-id" }
        guard let text = field?.value else { return nil }
        guard let id = UInt64(text) else {
            throw HubError(
                .invalid, "Last-Event-ID is no number.",
                hint: "Send the id of the last event seen, or leave the header out.")
        }
        return id
    }
}
