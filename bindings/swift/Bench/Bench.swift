// What a valid token costs, and what a step does: `make bench-swift`.
import Evergrant
import EvergrantMachine
import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif
#if os(Linux)
    import Glibc
    import Synchronization
#endif

/// Answers as a server would, at once.
struct Server: Transport {
    func send(_: TransportRequest) async throws -> TransportAnswer {
        let body = #"{"access_token":"access","token_type":"Bearer","expires_in":3600,"refresh_token":"refresh"}"#
        return TransportAnswer(status: 200, headers: [("Content-Type", "application/json")], body: Data(body.utf8))
    }
}

@main
struct Bench {
    // Of no actor: what is measured is not the way to one and back.
    static func main() async throws {
        let client = try Evergrant.Client(
            Evergrant.Provider(
                environment: "bench", authorizationEndpoint: "https://auth.example/authorize",
                tokenEndpoint: "https://auth.example/token", apiOrigin: "https://api.example"),
            clientID: "bench", redirectURIs: ["https://app.example/callback"], scopes: ["read"], sealing: .plain(),
            transport: Server(), onNotice: { _ in })
        let store = MemoryStore()
        let connection = try Evergrant.Connection(client, store: store, tenant: "me")
        #if os(Linux)
            await measureParts()
        #endif
        try await connect(connection)
        try await measureAll(connection)
    }
}

func connect(_ connection: Evergrant.Connection) async throws {
    let begun = try await connection.authorize(redirectURI: "https://app.example/callback")
    let query = URLComponents(string: begun.url.expose())?.queryItems ?? []
    let state = query.first { $0.name == "state" }?.value ?? ""
    try await connection.callback(Secret("https://app.example/callback?code=code&state=\(state)"))
}

/// The shortest of several runs, for each time.
func measure(_ name: String, times: Int, _ work: (Int) async throws -> Void) async rethrows {
    var best = Duration.seconds(3_600)
    for _ in 0..<5 {
        best = min(best, try await ContinuousClock().measure { try await work(times) })
    }
    let (seconds, attoseconds) = best.components
    let nanoseconds = (Double(seconds) * 1e9 + Double(attoseconds) / 1e9) / Double(times)
    // At once, whatever standard output is.
    FileHandle.standardOutput.write(Data((String(format: "%12.1f ns  ", nanoseconds) + name + "\n").utf8))
}

#if os(Linux)
    /// What a valid token consists of: nothing that hands one out to any thread does without.
    func measureParts() async {
        nonisolated(unsafe) var found = 0
        await measure("a look at the coarse clock, alone", times: 1_000_000) { times in
            var time = timespec()
            for _ in 0..<times where clock_gettime(CLOCK_REALTIME_COARSE, &time) == 0 { found &+= time.tv_nsec }
        }
        let lock = Mutex(0)
        await measure("a lock that is taken and given back, alone", times: 1_000_000) { times in
            for _ in 0..<times { lock.withLock { $0 &+= 1 } }
        }
        precondition(found != 0)
    }
#endif

func measureAll(_ connection: Evergrant.Connection) async throws {
    let url = "https://api.example/v1/expenses?limit=100"
    let request = URLRequest(url: URL(string: url)!)
    nonisolated(unsafe) var found = 0
    await measure("current: a valid token, without waiting", times: 1_000_000) { times in
        for _ in 0..<times where connection.current != nil { found &+= 1 }
    }
    try await measure("token(): the same", times: 500_000) { times in
        for _ in 0..<times { found &+= Int(try await connection.token().generation) }
    }
    try await measure("authorization(for: String): and whether it may go there", times: 200_000) { times in
        for _ in 0..<times where try await connection.authorization(for: url) != nil { found &+= 1 }
    }
    try await measure("authorized(URLRequest): a request with the header", times: 100_000) { times in
        for _ in 0..<times where try await connection.authorized(request) != nil { found &+= 1 }
    }

    let machine = try EvergrantMachine.Connection.restore(
        client: EvergrantMachine.Client(
            provider: EvergrantMachine.Provider(config: pleoConfig(environment: .staging)),
            config: ClientConfig(
                clientId: "bench", clientSecret: Secret("secret"), redirectUris: ["https://app.example/callback"],
                scopes: ["expenses:read"], sealing: .plain())),
        tenant: "me", current: nil)
    try await measure("a step of the machine, with its Env", times: 20_000) { times in
        for _ in 0..<times {
            let bytes = withUnsafeBytes(
                of: (UInt64.random(in: 0...(.max)), 1, 2, 3) as (UInt64, UInt64, UInt64, UInt64)
            ) {
                Data($0)
            }
            let env = try Env(now: 1_700_000_000_000, uptime: 1_000, bootId: nil, entropy: bytes)
            found &+= try machine.step(env: env, input: .tokenWanted(minValidity: 30_000)).outputs.count
        }
    }
    try await measure("a refresh: two swaps, one request, all steps", times: 200) { times in
        for _ in 0..<times {
            guard let token = connection.current else { continue }
            _ = try await connection.apiAnswered(token, status: 401)
            found &+= Int(try await connection.token().generation)
        }
    }
    precondition(found > 0)
}
