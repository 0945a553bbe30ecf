import FleetHub
import Hummingbird

/// What a board without the internet needs to become one of the fleet's: the authority's
/// certificate, a script, and the agent's package.
public struct InstallKit: Sendable {
    /// Machines as `uname -m` calls them, for which there can be a package.
    public static let machines = ["aarch64", "armv7l", "x86_64"]

    let authorityPEM: String
    /// How boards reach the hub, as `HOST:PORT`.
    let place: String
    /// Where an operator puts the packages, each named as its machine.
    let folder: String

    /// - Parameters:
    ///   - authorityPEM: The certificate of the hub's authority.
    ///   - place: How boards reach the hub, as `HOST:PORT`; a checked host and a number.
    ///   - folder: Where the packages are.
    public init(authorityPEM: String, place: String, folder: String) {
        self.authorityPEM = authorityPEM
        self.place = place
        self.folder = folder
    }

    /// The script of `/install`. All of it is one function that its last line calls: a download
    /// that broke off does nothing.
    var script: String {
        """
        #!/bin/sh
        # Installs edge-agent from the fleet's own hub and enrols this board: install TOKEN
        set -eu
        main() {
            token=${1:-}
            case $token in
            fh1.*) ;;
            *) echo "install: give the token that fleet token create printed" >&2; exit 2 ;;
            esac
            folder=$(mktemp -d)
            trap 'rm -rf "$folder"' EXIT
            cat > "$folder/ca.crt" <<'AUTHORITY'
        \(authorityPEM.trimmingNewline)
        AUTHORITY
            machine=$(uname -m)
            echo "install: fetching the package for $machine from \(place)"
            curl -fsS --retry 3 --cacert "$folder/ca.crt" -o "$folder/package" \\
                "https://\(place)/package/$machine" || {
                echo "install: the hub has no package for $machine; put one into" >&2
                echo "packages/$machine of the hub's data directory" >&2
                exit 1
            }
            prefix=${EDGE_AGENT_PREFIX:-/usr/local}
            # A Debian package begins with this; anything else is the program itself.
            if [ "$(head -c 7 "$folder/package")" = '!<arch>' ]; then
                # apt fetches the libraries that the package names. Its own user reads the file.
                mv "$folder/package" "$folder/cloudos-edge-agent.deb"
                chmod 755 "$folder"
                apt-get install --yes "$folder/cloudos-edge-agent.deb"
                agent=edge-agent
            else
                mkdir -p "$prefix/bin"
                # By a new name and a rename: the program may be running.
                install -m 755 "$folder/package" "$prefix/bin/edge-agent.new"
                mv "$prefix/bin/edge-agent.new" "$prefix/bin/edge-agent"
                agent=$prefix/bin/edge-agent
            fi
            # By standard input: every user of this board can read command lines.
            if [ -n "${EDGE_AGENT_CONFIG:-}" ]; then
                printf '%s\\n' "$token" | "$agent" enroll - --config "$EDGE_AGENT_CONFIG"
            else
                printf '%s\\n' "$token" | "$agent" enroll -
            fi
        }
        main "$@"

        """
    }

    /// Whether a name may be one of a folder of packages: of these letters, and nothing hidden.
    static func isPackageFile(_ name: some StringProtocol) -> Bool {
        let others: Set<Character> = [".", "_", "+", "-", "~"]
        return 1...200 ~= name.utf8.count && name.first != "."
            && name.allSatisfy {
                $0.isASCII && ($0.isLetter || $0.isNumber || others.contains($0))
            }
    }

    /// Routes of the kit. Each is readable by anybody: what is secret is in the token.
    func add(to router: Router<HubRequestContext>) {
        let files = FileIO()
        router.on("/ca.crt", method: .get) { _, _ in
            APIReply.text(authorityPEM, contentType: "application/x-pem-file")
        }
        router.on("/install", method: .get) { _, _ in
            APIReply.text(script, contentType: "text/x-shellscript")
        }
        // For apt: `deb [signed-by=…] https://HUB:PORT/packages ./`
        router.on("/packages/**", method: .get) { _, context in
            let names = context.parameters.getCatchAll().filter { $0 != "." }
            guard names.count == 1, let name = names.first, Self.isPackageFile(name) else {
                throw APIFailure.noSuchRoute
            }
            do {
                let body = try await files.loadFile(path: "\(folder)/\(name)", context: context)
                return Response(
                    status: .ok,
                    headers: [
                        .contentType: "application/octet-stream", .cacheControl: "no-cache",
                        .xContentTypeOptions: "nosniff",
                    ], body: body)
            } catch let error as HTTPError where error.status == .notFound {
                throw APIFailure(
                    HubError(
                        .notFound, "The hub has no package file \(name).",
                        hint: "packaging/make-repository makes a folder for --packages."))
            }
        }
        router.on("/package/{machine}", method: .get) { _, context in
            // Only names of this list ever reach the file system.
            guard let machine = context.parameters.get("machine"),
                Self.machines.contains(machine)
            else { throw APIFailure.noSuchRoute }
            do {
                let body = try await files.loadFile(path: "\(folder)/\(machine)", context: context)
                return Response(
                    status: .ok,
                    headers: [
                        .contentType: "application/octet-stream", .cacheControl: "no-store",
                        .xContentTypeOptions: "nosniff",
                    ], body: body)
            } catch let error as HTTPError where error.status == .notFound {
                throw APIFailure(
                    HubError(
                        .notFound, "The hub has no package for \(machine).",
                        hint: "Put one into packages/\(machine) of its data directory."))
            }
        }
    }
}

extension String {
    fileprivate var trimmingNewline: Substring {
        hasSuffix("\n") ? dropLast() : self[...]
    }
}
