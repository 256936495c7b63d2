// An app that is killed: each run is one process over one file, and dies where it is told to.
//
//     Phone AUTHORITY FILE connect            prints where to send the browser
//     Phone AUTHORITY FILE callback URL       completes it, and prints the scope
//     Phone AUTHORITY FILE token [wait]       prints the token's generation
//     Phone AUTHORITY FILE write NUMBER       adds so many lines to a record
//
// EVERGRANT_DIE=N kills it with SIGKILL before the Nth effect, EVERGRANT_DIE=N+ right after it.
import Evergrant
import Foundation

#if canImport(Glibc)
    import Glibc
#endif

let arguments = CommandLine.arguments
let (authority, file, command) = (arguments[1], arguments[2], arguments[3])
let death = Death(ProcessInfo.processInfo.environment["EVERGRANT_DIE"])
let client = try Client(
    Provider(
        environment: "loopback",
        authorizationEndpoint: "\(authority)/oauth/authorize",
        tokenEndpoint: "\(authority)/oauth/token",
        apiOrigin: authority,
        issuer: authority,
        iss: .required,
        refresh: RefreshPolicy(
            timing: Timing(
                sendWithin: 500, listenFor: 1_500, startWithin: 1_400, saveWithin: 500, takeoverAfter: 2_600)),
        loopbackHTTP: true),
    clientID: "demo-public", redirectURIs: ["http://127.0.0.1/callback"], scopes: ["expenses:read", "users:read"],
    sealing: .plain(), transport: Dying(URLSessionTransport(), death), timeout: .seconds(60),
    onNotice: { say("notice \($0.code)") })
let connections = Connections(client, store: DyingStore(FileStore(URL(fileURLWithPath: file)), death))
let connection = try connections["me"]

do {
    switch command {
    case "connect":
        say("url \(try await connection.authorize(redirectURI: "http://127.0.0.1:49152/callback").url.expose())")
    case "callback":
        say("scope \(try await connections.callback(Secret(arguments[4])).scope)")
    case "write":
        for number in 0..<(Int(arguments[4]) ?? 0) { try await add("\(getpid()) \(number)\n") }
    default:
        say("generation \(try await connection.token().generation)")
    }
} catch let error as EvergrantError {
    say("error \(error.code)")
}
say("effects \(death.count)")
if arguments.last == "wait" { try await Task.sleep(for: .seconds(3_600)) }

/// Until nobody else was faster.
@Sendable func add(_ line: String) async throws {
    var there = try await connections.store.swap("lines", expected: nil, write: nil)
    while true {
        let text = there.map { String(decoding: $0.record.expose(), as: UTF8.self) } ?? ""
        if text.contains(line) { return }
        let write = Write(record: SecretBytes((text + line).utf8), dueAt: nil, purgeAt: nil)
        there = try await connections.store.swap("lines", expected: there?.revision, write: write)
    }
}

/// At once: nothing may wait in a buffer when it dies.
@Sendable func say(_ line: String) {
    FileHandle.standardOutput.write(Data((line + "\n").utf8))
}

/// Counts the effects, and ends the process at one of them.
final class Death: @unchecked Sendable {
    private let lock = NSLock()
    private var effects = 0
    private let at: Int?
    private let isAfter: Bool

    init(_ told: String?) {
        isAfter = told?.hasSuffix("+") == true
        at = told.flatMap { Int($0.prefix(while: \.isNumber)) }
    }

    var count: Int { lock.withLock { effects } }

    func next() -> Int {
        let number = lock.withLock {
            effects += 1
            return effects
        }
        if number == at, !isAfter { kill(getpid(), SIGKILL) }
        return number
    }

    func over(_ number: Int) {
        if number == at, isAfter { kill(getpid(), SIGKILL) }
    }
}

struct Dying: Transport {
    let inner: any Transport
    let death: Death

    init(_ inner: any Transport, _ death: Death) {
        (self.inner, self.death) = (inner, death)
    }

    func send(_ request: TransportRequest) async throws -> TransportAnswer {
        let number = death.next()
        defer { death.over(number) }
        return try await inner.send(request)
    }
}

struct DyingStore: Store {
    let inner: any Store
    let death: Death

    init(_ inner: any Store, _ death: Death) {
        (self.inner, self.death) = (inner, death)
    }

    func swap(_ key: String, expected: String?, write: Write?) async throws -> Stored? {
        let number = death.next()
        defer { death.over(number) }
        return try await inner.swap(key, expected: expected, write: write)
    }
}
