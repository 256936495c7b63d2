import Foundation
import Testing

@testable import Evergrant

/// One life of a connection over real HTTP, from authorize to reauthenticate.
@Suite struct LifecycleTests {
    @Test(arguments: [World.Registered(), World.basic, World.post])
    func aWholeLife(of registered: World.Registered) async throws {
        let authority = try await Authority.start()
        let folder = try temporaryFolder()
        var world = try World(
            authority, store: FileStore(folder.appendingPathComponent("records")), registered: registered)
        var connection = world.connection
        #expect(await thrown { try await connection.token() }?.code == "denied_not_connected")
        #expect(try await connection.status() == .disconnected)

        // Authorize, redirect, exchange, API call.
        let done = try await world.connect()
        #expect(
            done == Authorized(tenant: "tenant 42/ü", scope: "expenses:read users:read", returnContext: "/settings"))
        #expect(try await connection.status() == .authorized)
        let first = try await connection.token()
        #expect(try await connection.token() === first && connection.current === first)
        #expect(try await world.get() == 200)

        // Only the API's origin is given the token.
        #expect(try await connection.authorization(for: world.url()) == first.expose())
        for url in ["https://elsewhere.example/", authority.base + "0/", authority.base + "@evil.example/"] {
            #expect(try await connection.authorization(for: url) == nil)
        }

        // The access token expires: one refresh.
        try await world.advance(900)
        #expect(connection.current == nil)
        #expect(try await connection.token().generation == first.generation + 1)
        #expect(try await world.get() == 200)
        #expect(try await authority.stats().refreshesOk == 1)

        // The API refuses the token: one refresh, one replay.
        try await authority.control("revoke-access-tokens")
        #expect(try await world.get() == 200)
        #expect(try await connection.token().generation == first.generation + 2)
        #expect(try await authority.stats().refreshesOk == 2)

        // A new process goes on where the old one stood, without a refresh.
        world = try world.restarted(registered: registered)
        connection = world.connection
        #expect(try await connection.status() == .authorized)
        #expect(try await connection.token().generation == first.generation + 2)
        #expect(try await authority.stats().refreshesOk == 2)

        // Disconnect; once more is no error.
        #expect(try await connection.disconnect())
        #expect(connection.current == nil)
        #expect(try await connection.status() == .disconnected)
        try await connection.disconnect()
        // The refresh token, and then what the outbox holds: the access token.
        try await connection.settled()
        #expect(try await authority.stats().revocations == 2)
        #expect(await thrown { try await connection.token() }?.code == "denied_not_connected")

        // Authorize again; then the person ends the grant at the server.
        try await world.connect()
        try await authority.control("revoke-grants")
        let lost = await thrown { try await world.get() }
        #expect(lost?.verdict == .reauthenticationRequired)
        #expect(lost?.code == "reauthenticate_rejected" && lost?.number == 101 && lost?.tenant == "tenant 42/ü")
        #expect(try await connection.status() == .reauthenticationRequired(cause: .rejected))
        try await world.connect()
        #expect(try await world.get() == 200)

        let stats = try await authority.stats()
        #expect(stats.codeExchangesOk == 3 && stats.replayedRefreshTokens == 0)
        #expect(Set(["grant_obtained", "refresh_failed", "grant_lost"]).isSubset(of: Set(world.codes)))
        #expect(world.keepAlive.held.with { $0.ever } > 0)
    }

    /// The provider's own way of ending a grant.
    @Test func anInstallationIsDeleted() async throws {
        let authority = try await Authority.start()
        let url = authority.base + "/v1/installations/me"
        let world = try World(
            authority, registered: World.basic,
            disconnect: .apiRequest(method: .delete, url: url, sparesOthers: true))
        try await world.connect()
        #expect(try await world.connection.disconnect())
        #expect(try await authority.stats().installationsDeleted == 1)
    }

    @Test func theRedirectComesToAnotherProcess() async throws {
        let authority = try await Authority.start()
        let world = try World(authority)
        let begun = try await world.connection.authorize(redirectURI: callback)
        #expect(begun.cookie == nil)
        #expect(try await world.connection.status() == .authorizing)
        let redirect = try await browse(begun.url)
        let next = try world.restarted()
        #expect(try await next.connections.callback(redirect).tenant == "tenant 42/ü")
        #expect(await thrown { try await next.connections.callback(redirect) }?.code == "callback_state_used")
        #expect(try await next.get() == 200)
        #expect(try await authority.stats().codeExchangesOk == 1)
    }

    @Test func aServerRecognisesTheBrowser() async throws {
        let world = try await World(Authority.start(), registered: World.basic)
        let begun = try await world.connection.authorize(redirectURI: callback)
        let cookie = try #require(begun.cookie)
        #expect(cookie.path == "/callback" && !cookie.isSecure && cookie.maxAge > 0)
        let redirect = try await browse(begun.url)
        for none in [[:], [cookie.name: "guessed"], ["another": cookie.value.expose()]] {
            let refused = await thrown { try await world.connections.callback(redirect, cookies: none) }
            #expect(refused?.code == "callback_binding_mismatch" && refused?.verdict == .callbackRefused)
        }
        for (url, code) in [
            (redirect.expose().replacingOccurrences(of: "state=", with: "state=x"), "callback_state_unknown"),
            (callback, "callback_unreadable"), (callback + "?code=1", "callback_state_missing"),
        ] {
            #expect(await thrown { try await world.connections.callback(Secret(url)) }?.code == code)
        }
        try await world.connections.callback(redirect, cookies: [cookie.name: cookie.value.expose()])
        #expect(try await world.get() == 200)
    }
}
