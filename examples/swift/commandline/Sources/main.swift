// A life of a connection on the command line, against the embedded authority: what an app does,
// with a browser of six lines in place of the person's. `EVERGRANT_AUTHORITY` is the program.
import Evergrant
import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

guard let program = ProcessInfo.processInfo.environment["EVERGRANT_AUTHORITY"] else {
    fatalError("EVERGRANT_AUTHORITY is not set: cargo build -p evergrant-authority")
}
let authority = try Authority(program: program)
let client = try Client(
    Provider(
        environment: "loopback",
        authorizationEndpoint: "\(authority.base)/oauth/authorize",
        tokenEndpoint: "\(authority.base)/oauth/token",
        apiOrigin: authority.base,
        issuer: authority.base,
        iss: .required,
        revocationEndpoint: "\(authority.base)/oauth/revoke",
        loopbackHTTP: true),
    clientID: "demo-public", redirectURIs: ["http://127.0.0.1/callback"], scopes: ["expenses:read", "users:read"],
    sealing: .plain(),  // The file is this user's alone.
    onNotice: { print("   notice: \($0.code)") })
let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
let file = folder.appendingPathComponent("connections")

print("1. The person connects")
var connections = Connections(client, store: FileStore(file))
let begun = try await connections["me"].authorize(redirectURI: "http://127.0.0.1:49152/callback")
let redirect = try await browse(begun.url)

print("2. The app was killed meanwhile, and the redirect comes to the next process")
connections = Connections(client, store: FileStore(file))
let done = try await connections.callback(redirect)
print("   \(done.tenant) may \(done.scope)")
let connection = try connections["me"]

print("3. Eight calls at once, of which each finds that the server has forgotten the token")
try await authority.control("revoke-access-tokens")
let expenses = URLRequest(url: URL(string: "\(authority.base)/v1/expenses")!)
let calls = (0..<8).map { _ in Task { try await connection.data(for: expenses).1.statusCode } }
var statuses: [Int] = []
for call in calls { statuses.append(try await call.value) }
let refreshes = try await authority.stat("refreshes_ok")
print("   \(statuses), and \(refreshes) refresh")
precondition(statuses == Array(repeating: 200, count: 8) && refreshes == 1)

print("4. The person has enough, and connects again later")
let isConfirmed = try await connection.disconnect()
precondition(isConfirmed)
let again = try await connection.authorize(redirectURI: "http://127.0.0.1:49152/callback")
try await connection.callback(browse(again.url))
print("   disconnected, which the server confirmed, and connected")

print("5. The customer ends the grant at the server")
try await authority.control("revoke-grants")
do {
    _ = try await connection.data(for: expenses)
    fatalError("a call without a grant")
} catch let error as EvergrantError where error.verdict == .reauthenticationRequired {
    print("   \(error.code): ask the person to connect again")
}
authority.stop()
try FileManager.default.removeItem(at: folder)

/// The browser, and the person in it.
func browse(_ url: Secret) async throws -> Secret {
    let answer = try await Plain.send(URLRequest(url: URL(string: url.expose())!))
    guard let location = answer.1.value(forHTTPHeaderField: "Location") else { fatalError("no redirect") }
    return Secret(location)
}
