import EvergrantMachine
import Foundation
import Testing

@testable import Evergrant

/// No secret is ever shown, whatever is shown and however.
@Suite struct CanaryTests {
    @Test(arguments: Transcript.all)
    func theMachineShowsNoSecret(_ transcript: Transcript) throws {
        let secrets = try secrets(of: transcript.text)
        #expect(secrets.count > 10, "there is something to find")
        var last: [Any] = []
        try transcript.replay { number, _, _, values in
            // Env, input and what came of it; the others change little.
            for value in number < 4 ? values : Array(values.dropFirst(4)) {
                let seen = shown(value)
                for secret in secrets where isIn(seen, secret) {
                    Issue.record("line \(number): a \(type(of: value)) shows a secret")
                }
            }
            last = values
        }
        for value in last {
            #expect(!secrets.contains { isIn(shown(value), $0) })
        }
    }

    /// Every value and error of the package, in a life whose secrets were all written down.
    @Test func aLifeShowsNoSecret() async throws {
        let seen = Locked("")
        let tap = Tap(seen: seen)
        let store = TappedStore(seen: seen)
        let world = try World(await Authority.start(), store: store, registered: World.basic, transport: tap)
        let begun = try await world.connection.authorize(redirectURI: callback, returnContext: "context")
        let cookie = try #require(begun.cookie)
        let redirect = try await browse(begun.url)
        let cookies = [cookie.name: cookie.value.expose()]
        let done = try await world.connections.callback(redirect, cookies: cookies)
        let token = try await world.connection.token()
        try await world.advance(900)
        let next = try await world.connection.token()
        try await world.authority.control("revoke-grants")
        var errors: [any Error] = [
            try #require(await thrown { try await world.get() }),
            try #require(await thrown { try await world.connections.callback(redirect, cookies: cookies) }),
            try #require(await thrown { try await world.connections.callback(Secret("\(callback)?state=canary")) }),
        ]
        errors += errors.map { $0 as NSError }
        let values: [Any] = [
            begun, cookie, done, token, next, world.client, world.client.provider, world.connection, world.connections,
            world.notices.with { $0 }, world, errors, try await world.connection.status(),
        ]
        for value in values { seen.with { [said = shown(value)] in $0 += said } }

        let secrets =
            tap.secrets.with { $0 } + store.secrets.with { $0 } + [
                "s3cret", redirect.expose(), begun.url.expose(), cookie.value.expose(), token.expose(), next.expose(),
            ]
        #expect(secrets.count > 12)
        let text = seen.with { $0 }
        #expect(text.contains("grant_obtained") && text.contains("TransportRequest(POST"))
        for (index, secret) in secrets.enumerated() where isIn(text, secret) {
            Issue.record("secret \(index) is shown")
        }
    }

    @Test func theHuntFindsWhatIsThere() throws {
        struct Leak { let inside: [String: Any] }
        let canary = "canary-0123456789"
        let leak = shown(Leak(inside: ["header": Secret(canary).expose()]))
        #expect(leak.components(separatedBy: canary).count > 5)
        #expect(shown(TestFailure(canary)).contains(canary))
        #expect(isIn(leak, canary) && !isIn(leak, canary + "x"))
        let text = Transcript.all[0].text
        #expect(try secrets(of: text).contains { $0.hasPrefix("canary") && text.contains($0) })
    }

    @Test func secretsAreComparedByWhatTheyHold() {
        #expect(Secret("a") == Secret("a") && Secret("a") != Secret("b"))
        #expect(SecretBytes("ab".utf8) == SecretBytes("ab".utf8))
        #expect("\(Secret("a")) \(SecretBytes("abc".utf8))" == "Secret(..) SecretBytes(3 bytes)")
    }
}

/// All the ways in which a program comes to show a value.
private func shown(_ value: Any) -> String {
    var text = "\(value) \(String(reflecting: value)) \([value])"
    dump(value, to: &text)
    walk(Mirror(reflecting: value), depth: 4, into: &text)
    if let error = value as? any Error {
        text += "\(error.localizedDescription) \(error as NSError) \((error as NSError).userInfo)"
    }
    return text
}

/// By bytes, which costs a hundredth.
private func isIn(_ text: String, _ secret: String) -> Bool {
    Data(text.utf8).range(of: Data(secret.utf8)) != nil
}

private func walk(_ mirror: Mirror, depth: Int, into text: inout String) {
    guard depth > 0 else { return }
    for child in mirror.children {
        text += " \(child.label ?? "") \(child.value)"
        walk(Mirror(reflecting: child.value), depth: depth - 1, into: &text)
    }
}

/// The secrets of a transcript: those given to the machine, those that it drew, and those of the
/// server.
private func secrets(of text: String) throws -> Set<String> {
    var found: Set<String> = []
    for match in text.matches(of: /canary-[\w-]+/) { found.insert(String(match.output)) }
    for line in text.split(separator: "\n").map({ try? JSON.parse($0) }) {
        guard let line, line.has("outputs") else { continue }
        for output in try line["outputs"].list() {
            switch try output["type"].text() {
            case "open_url":
                try found.insert(output["url"].text())
                if let binding = try output["binding"].optional({ try $0.text() }) { found.insert(binding) }
            case "send_http":
                let body = try output["body"].text()
                if !body.isEmpty { found.insert(body) }
                for pair in body.split(separator: "&").map({ $0.split(separator: "=") }) where pair.count == 2 {
                    let names = ["code", "code_verifier", "refresh_token", "token", "client_secret"]
                    if names.contains(String(pair[0])) { found.insert(String(pair[1])) }
                }
                for header in try output["headers"].list().map({ try $0.texts() }) where header[0] == "authorization" {
                    found.insert(header[1])
                }
            case "token_ready": try found.insert(output["header"].text())
            case "swap":
                if let record = try output["write"].optional({ try $0["record"].text() }) { found.insert(record) }
            default: break
            }
        }
    }
    return found
}

/// Sends, shows what it was given and what it got, and keeps the secrets of both.
private struct Tap: Transport {
    let seen: Locked<String>
    let secrets = Locked<[String]>([])

    func send(_ request: TransportRequest) async throws -> TransportAnswer {
        let answer = try await URLSessionTransport().send(request)
        let said = shown(request) + shown(answer) + shown(Result<TransportAnswer, any Error>.success(answer))
        seen.with { $0 += said }
        var found = [String(decoding: request.body, as: UTF8.self), String(decoding: answer.body, as: UTF8.self)]
        found += found[1].components(separatedBy: "\"").filter { $0.count > 20 && !$0.contains(" ") }
        found += request.headers.filter { $0.name == "authorization" }.map(\.value)
        secrets.with { [found] in $0 += found.filter { !$0.isEmpty } }
        return answer
    }
}

private struct TappedStore: Store {
    let seen: Locked<String>
    let secrets = Locked<[String]>([])
    private let inner = MemoryStore()

    init(seen: Locked<String>) {
        self.seen = seen
    }

    func swap(_ key: String, expected: String?, write: Write?) async throws -> Stored? {
        let there = await inner.swap(key, expected: expected, write: write)
        let said = shown(write as Any) + shown(there as Any)
        seen.with { $0 += said }
        let records = [write?.record, there?.record].compactMap { $0 }.map {
            String(decoding: $0.expose(), as: UTF8.self)
        }
        secrets.with { $0 += records }
        return there
    }
}
