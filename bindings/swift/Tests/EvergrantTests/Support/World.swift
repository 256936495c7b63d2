import Foundation
import Testing

import struct EvergrantMachine.ClientConfig

@testable import Evergrant

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

let callback = "http://127.0.0.1:49152/callback"

/// The clock, and what a test has added to it.
struct MovedClock: Sendable {
    let clock = HostClock(ahead: Locked(0))

    func now() -> UInt64 { clock.now() }
    func move(to seconds: Int64) { clock.ahead?.with { $0 = seconds * 1_000 } }
    func move(by seconds: Int64) { clock.ahead?.with { $0 += seconds * 1_000 } }
}

/// A host's program, and the authority that it talks to.
struct World: Sendable {
    struct Registered: Sendable {
        var id = "demo-public"
        var secret: String?
        var method: TokenEndpointAuthMethod?
    }

    static let basic = Registered(id: "demo client+1", secret: "s3cret/%:+é", method: .clientSecretBasic)
    static let post = Registered(id: "demo:client&2", secret: "p0st =&%2B ü+/?", method: .clientSecretPost)

    let authority: Authority
    let clock: MovedClock
    let notices: Locked<[Notice]>
    let keepAlive: CountedKeepAlive
    let connections: Connections
    let connection: Connection
    let client: Client

    init(
        _ authority: Authority, store: any Store = MemoryStore(), registered: Registered = Registered(),
        transport: any Transport = URLSessionTransport(), clock: MovedClock = MovedClock(),
        disconnect: Disconnect? = nil, timeout: Duration = .seconds(60), timing: Timing = Timing(), api: String? = nil
    ) throws {
        let base = authority.base
        let notices = Locked<[Notice]>([])
        let provider = try Provider(
            environment: "loopback",
            authorizationEndpoint: "\(base)/oauth/authorize",
            tokenEndpoint: "\(base)/oauth/token",
            apiOrigin: api ?? base,
            issuer: base,
            iss: .required,
            revocationEndpoint: "\(base)/oauth/revoke",
            disconnect: disconnect,
            refresh: RefreshPolicy(timing: timing),
            loopbackHTTP: true)
        let config = ClientConfig(
            clientId: registered.id, clientSecret: registered.secret.map { Secret($0) },
            tokenEndpointAuthMethod: registered.method, redirectUris: ["http://127.0.0.1/callback"],
            scopes: ["expenses:read", "users:read"], sealing: .plain())
        keepAlive = CountedKeepAlive()
        client = try Client(
            provider, config: config, host: registered.secret == nil ? .app : .server, transport: transport,
            timeout: timeout, clock: clock.clock, keepAlive: keepAlive,
            notify: { notice in notices.with { $0.append(notice) } })
        connections = Connections(client, store: store)
        connection = try connections["tenant 42/ü"]
        (self.authority, self.clock, self.notices) = (authority, clock, notices)
    }

    /// A new process: everything but the store is lost.
    func restarted(registered: Registered = Registered(), transport: any Transport = URLSessionTransport()) throws
        -> World
    {
        try World(authority, store: connections.store, registered: registered, transport: transport, clock: clock)
    }

    func url(_ path: String = "/v1/expenses") -> String { authority.base + path }

    /// A person goes through the browser, and comes back.
    @discardableResult
    func connect(_ connection: Connection? = nil) async throws -> Authorized {
        let begun = try await (connection ?? self.connection).authorize(
            redirectURI: callback, returnContext: "/settings")
        let cookies = begun.cookie.map { [$0.name: $0.value.expose()] } ?? [:]
        return try await connections.callback(browse(begun.url), cookies: cookies)
    }

    func advance(_ seconds: Int64) async throws {
        clock.move(by: seconds)
        try await authority.control("advance", #"{"seconds":\#(seconds)}"#)
    }

    /// An API call: with the token, and once more after a 401.
    func get(_ connection: Connection? = nil) async throws -> Int {
        let connection = connection ?? self.connection
        let request = URLRequest(url: URL(string: url())!)
        return try await connection.data(for: request).1.statusCode
    }

    var codes: [String] { notices.with { $0.map(\.code) } }
}

final class CountedKeepAlive: KeepAlive {
    let held = Locked((now: 0, ever: 0))
    func hold() -> @Sendable () -> Void {
        held.with { $0 = ($0.now + 1, $0.ever + 1) }
        return { self.held.with { $0.now -= 1 } }
    }
}

/// What was thrown, as the package's own error.
func thrown(_ work: () async throws -> some Any) async -> EvergrantError? {
    do {
        _ = try await work()
        return nil
    } catch {
        return error as? EvergrantError
    }
}

func temporaryFolder() throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    return folder
}
