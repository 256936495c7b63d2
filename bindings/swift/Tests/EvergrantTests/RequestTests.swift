import Foundation
import Testing

@testable import Evergrant

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Calls to the API by `URLRequest`.
@Suite struct RequestTests {
    private let world: World

    init() async throws {
        world = try await World(Authority.start())
        try await world.connect()
    }

    @Test func aCallAndAReplay() async throws {
        let (data, response) = try await world.connection.data(for: request())
        #expect(response.statusCode == 200 && String(decoding: data, as: UTF8.self).contains("data"))
        try await world.authority.control("revoke-access-tokens")
        #expect(try await world.connection.data(for: request()).1.statusCode == 200)
        let stats = try await world.authority.stats()
        #expect(stats.refreshesOk == 1 && stats.apiCalls["401"] == 1)
    }

    @Test func theRequestIsKept() async throws {
        let listener = try Listener { peer in
            peer.readRequest()
            peer.write("HTTP/1.1 201 Created\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        }
        let connection = try await connected(to: listener.port)
        var asked = URLRequest(url: URL(string: listener.url + "v1/things?a=b")!)
        asked.httpMethod = "PUT"
        asked.httpBody = Data("body".utf8)
        asked.setValue("Basic other", forHTTPHeaderField: "Authorization")
        asked.setValue("two", forHTTPHeaderField: "X-Two")
        #expect(try await connection.data(for: asked).1.statusCode == 201)
        let sent = try #require(listener.requests.with { $0.first })
        #expect(sent.hasPrefix("PUT /v1/things?a=b HTTP/1.1\r\n") && sent.hasSuffix("\r\n\r\nbody"))
        #expect(sent.contains("Authorization: Bearer ") && !sent.contains("Basic other"))
        #expect(sent.contains("X-Two: two"))
    }

    /// The token goes nowhere else, and nothing is sent there.
    @Test(arguments: ["https://elsewhere.example/", "http://127.0.0.1:1/", "file:///etc/passwd", "/v1/expenses"])
    func anotherOrigin(url: String) async throws {
        await #expect(throws: URLError(.unsupportedURL)) {
            try await world.connection.data(for: URLRequest(url: URL(string: url)!))
        }
        #expect(try await world.connection.authorized(URLRequest(url: URL(string: url)!)) == nil)
    }

    /// Nor is a token asked for: what the grant has to say, or a refresh, is nothing to such a URL.
    @Test func anotherOriginWithoutAToken() async throws {
        let none = try world.connections["nobody"]
        let url = URL(string: "https://elsewhere.example/")!
        await #expect(throws: URLError(.unsupportedURL)) { try await none.data(for: URLRequest(url: url)) }
        #expect(try await none.authorized(URLRequest(url: url)) == nil)
        #expect(try await none.authorization(for: url) == nil)
        #expect(try await none.authorization(for: url.absoluteString) == nil)
        for wanted in [
            { _ = try await none.data(for: request()) }, { _ = try await none.authorized(request()) },
            { _ = try await none.authorization(for: world.url()) },
        ] as [() async throws -> Void] {
            #expect(await thrown(wanted)?.code == "denied_not_connected")
        }
    }

    @Test(arguments: ["@elsewhere.example/", "0/", ".elsewhere.example/", ":1/", "\\@elsewhere.example/", "\t/", "é/"])
    func anOriginThatBeginsLikeIt(suffix: String) async throws {
        #expect(try await world.connection.authorization(for: world.authority.base + suffix) == nil)
    }

    @Test func theOriginWrittenOtherwise() async throws {
        let url = world.url().replacingOccurrences(of: "http://", with: "HTTP://")
        #expect(try await world.connection.authorization(for: url) != nil)
        #expect(try await world.connection.authorization(for: world.authority.base) != nil)
        #expect(try await world.connection.authorization(for: world.authority.base + "?a=http://b@c/") != nil)
    }

    @Test func aRedirectElsewhereIsHandedBack() async throws {
        let elsewhere = try Listener { peer in
            peer.readRequest()
            peer.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        }
        let api = try Listener { peer in
            peer.readRequest()
            peer.write(
                "HTTP/1.1 302 Found\r\nLocation: \(elsewhere.url)\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        }
        let connection = try await connected(to: api.port)
        #expect(try await connection.data(for: URLRequest(url: URL(string: api.url)!)).1.statusCode == 302)
        #expect(elsewhere.requests.with { $0.isEmpty })
    }

    @Test func aRedirectWithinTheOriginIsFollowed() async throws {
        let api = try Listener { peer in
            peer.readRequest()
            let isFirst = peer.requests.with { $0.count } == 1
            peer.write(
                isFirst
                    ? "HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                    : "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        }
        let connection = try await connected(to: api.port)
        #expect(try await connection.data(for: URLRequest(url: URL(string: api.url)!)).1.statusCode == 200)
        let sent = api.requests.with { $0 }
        #expect(sent.count == 2 && sent[1].hasPrefix("GET /next ") && sent[1].contains("Authorization: Bearer "))
    }

    /// What was streamed is gone: the 401 is handed back, and the next call has a new token.
    @Test func aStreamIsNotSentTwice() async throws {
        try await world.authority.control("revoke-access-tokens")
        var asked = URLRequest(url: URL(string: world.url("/v1/installations/me"))!)
        asked.httpMethod = "POST"
        asked.httpBodyStream = InputStream(data: Data("body".utf8))
        #expect(try await world.connection.data(for: asked).1.statusCode == 401)
        #expect(try await world.connection.data(for: request()).1.statusCode == 200)
        #expect(try await world.authority.stats().refreshesOk == 1)
    }

    /// The call ends; a refresh that it began does not.
    @Test func aCallThatIsCancelled() async throws {
        let api = try Listener { peer in
            peer.readRequest()
            peer.waitForEnd()
        }
        let connection = try await connected(to: api.port)
        let call = Task { try await connection.data(for: URLRequest(url: URL(string: api.url)!)).1.statusCode }
        while api.requests.with({ $0.isEmpty }) { try await Task.sleep(for: .milliseconds(5)) }
        call.cancel()
        await #expect(throws: CancellationError.self) { try await call.value }
        #expect(connection.current != nil)
    }

    @Test func aChallengeIsHandedBack() async throws {
        let api = try Listener { peer in
            peer.readRequest()
            peer.write(
                "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )
        }
        // The second one was refused as well, and the server has nothing better.
        let refused = try await connected(to: api.port).data(for: URLRequest(url: URL(string: api.url)!))
        #expect(refused.1.statusCode == 401 && api.requests.with { $0.count } == 2)
        #expect(try await world.authority.stats().refreshesOk == 1)
    }

    @Test func otherAnswersAreHandedBack() async throws {
        for status in [403, 404, 429, 500] {
            try await world.authority.control(
                "faults", #"[{"path":"/v1/expenses","fault":{"kind":"answer","status":\#(status)}}]"#)
            #expect(try await world.connection.data(for: request()).1.statusCode == status)
        }
        #expect(try await world.authority.stats().refreshesOk == 0)
    }

    // MARK: - Tools

    private func request() -> URLRequest {
        URLRequest(url: URL(string: world.url())!)
    }

    /// The same grant, with the API at another port.
    private func connected(to port: UInt16) async throws -> Connection {
        let other = try World(world.authority, api: "http://127.0.0.1:\(port)")
        try await other.connect()
        return other.connection
    }
}
