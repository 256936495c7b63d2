import Foundation
import Testing

@testable import Evergrant

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// The whole lifecycle against npm's oidc-provider, which scripts/test-swift has started.
@Suite struct OIDCTests {
    private struct About: Decodable {
        let versions, origin, issuer, authorizationEndpoint, tokenEndpoint, revocationEndpoint, api, lose, age: String
    }

    @Test(arguments: [
        World.Registered(id: "swift-app"),
        World.Registered(id: "swift server+1", secret: "s3cret/%:+ long enough for it", method: .clientSecretBasic),
    ])
    func aWholeLife(of registered: World.Registered) async throws {
        let text = try #require(ProcessInfo.processInfo.environment["EVERGRANT_OIDC"])
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let about = try decoder.decode(About.self, from: Data(text.utf8))
        let client = try Client(
            Provider(
                environment: "oidc", authorizationEndpoint: about.authorizationEndpoint,
                tokenEndpoint: about.tokenEndpoint, apiOrigin: about.origin, issuer: about.issuer, iss: .required,
                revocationEndpoint: about.revocationEndpoint,
                authorizeParameters: [Parameter(name: "prompt", value: "consent")],
                refresh: RefreshPolicy(familyPerUser: true, accessDies: false), loopbackHTTP: true),
            clientID: registered.id, redirectURIs: ["http://127.0.0.1/callback"], scopes: ["openid", "offline_access"],
            sealing: .plain(), host: registered.secret == nil ? .app : .server,
            clientSecret: registered.secret.map { Secret($0) }, tokenEndpointAuthMethod: registered.method)
        let store = MemoryStore()
        let connections = Connections(client, store: store)
        let connection = try connections["alice"]
        let api = try #require(URL(string: about.api))

        try await connect(connections, connection)
        #expect(try await connection.status() == .authorized)
        let first = try await connection.token()
        #expect(try await connection.data(for: URLRequest(url: api)).1.statusCode == 200)

        // The access token is lost at the server: one refresh, one replay.
        let access = String(first.expose().dropFirst("Bearer ".count))
        #expect(try await call("POST", about.lose, headers: [("x-token", access)]).status == 204)
        #expect(try await connection.data(for: URLRequest(url: api)).1.statusCode == 200)
        #expect(try await connection.token().generation == first.generation + 1)

        // A new process goes on where the old one stood.
        let next = try Connections(client, store: store)["alice"]
        #expect(try await next.data(for: URLRequest(url: api)).1.statusCode == 200)

        #expect(try await next.disconnect())
        #expect(try await connection.status() == .disconnected)
        #expect(await thrown { try await next.token() }?.code == "denied_not_connected")

        try await connect(connections, connection)
        #expect(try await connection.data(for: URLRequest(url: api)).1.statusCode == 200)
    }

    /// A browser with cookies, and "alice" in it, who is asked nothing.
    private func connect(_ connections: Connections, _ connection: Connection) async throws {
        let begun = try await connection.authorize(redirectURI: callback)
        var (url, cookies) = (begun.url.expose(), [String: String]())
        while !url.hasPrefix(callback) {
            let sent = cookies.map { "\($0.key)=\($0.value)" }.joined(separator: "; ")
            let answer = try await call("GET", url, headers: sent.isEmpty ? [] : [("cookie", sent)])
            let given = answer.headers.filter { $0.name.lowercased() == "set-cookie" }.map(\.value).joined(
                separator: ",")
            // Expiry dates have commas, names and values have none.
            for match in given.matches(of: /(?:^|,\s*)([A-Za-z_.]+)=([^;,]*)/) {
                cookies[String(match.output.1)] = String(match.output.2)
            }
            let location = try #require(answer.header("location"), "\(answer.status)")
            url = try #require(URL(string: location, relativeTo: URL(string: url))).absoluteString
        }
        let own = begun.cookie.map { [$0.name: $0.value.expose()] } ?? [:]
        try await connections.callback(Secret(url), cookies: own)
    }
}
