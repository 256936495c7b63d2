import EvergrantTesting
import Foundation
import Testing

@testable import Evergrant

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif
#if canImport(AuthenticationServices)
    import AuthenticationServices
#endif

/// Every piece of Swift in docs/swift.md stands in this file, and so compiles.
@Suite struct GuideTests {
    @Test func theGuideStandsHere() throws {
        let here = URL(fileURLWithPath: #filePath)
        var guide = here
        for _ in 0..<5 { guide.deleteLastPathComponent() }
        guide.appendPathComponent("docs/swift.md")
        let own = words(try String(contentsOf: here, encoding: .utf8))
        let pieces = try String(contentsOf: guide, encoding: .utf8).components(separatedBy: "```swift\n").dropFirst()
        #expect(pieces.count >= 8)
        for piece in pieces {
            let code = words(piece.components(separatedBy: "```")[0])
            #expect(own.contains(code), "\(code)")
        }
    }

    /// Without the way in which lines are broken and indented.
    private func words(_ text: String) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            .replacingOccurrences(of: "( ", with: "(")
    }

    @Test func inTenLines() async throws {
        let store = MemoryStore()
        let provider = try Provider(
            environment: "production",
            authorizationEndpoint: "https://auth.example/oauth/authorize",
            tokenEndpoint: "https://auth.example/oauth/token",
            apiOrigin: "https://api.example",
            issuer: "https://auth.example",
            revocationEndpoint: "https://auth.example/oauth/revoke")
        let client = try Client(
            provider, clientID: "an-app", redirectURIs: ["com.example.app:/callback"],
            scopes: ["expenses:read", "users:read"], sealing: .plain())  // The Keychain is encrypted.
        let connections = Connections(client, store: store)
        let connection = try connections["me"]
        let begun = try await connection.authorize(redirectURI: "com.example.app:/callback")
        #expect(begun.url.expose().hasPrefix("https://auth.example/oauth/authorize?"))
        #expect(await reported(connection) == "denied_not_connected")
    }

    private func reported(_ connection: Connection) async -> String {
        var reported = ""
        func showConnect(because code: String) { reported = code }
        func tryAgain(at _: Date?) { reported = "later" }
        do {
            do {
                _ = try await connection.token()
            } catch let error as EvergrantError where error.verdict == .reauthenticationRequired {
                showConnect(because: error.code)
            } catch let error as EvergrantError where error.code == "denied_not_connected" {
                showConnect(because: error.code)
            } catch let error as EvergrantError where error.verdict == .tryLater {
                tryAgain(at: error.retryAt)
            }
        } catch {
            reported = "\(error)"
        }
        return reported
    }

    private func calls(_ connection: Connection, _ expenses: URL) async throws -> Int {
        let (data, response) = try await connection.data(for: URLRequest(url: expenses))
        return data.count + response.statusCode
    }

    private func openURL(_ connections: Connections, _ url: URL) async throws {
        try await connections.callback(url)
    }

    @Test func aKeyForSealing() throws {
        func sealed(_ key: Data) throws -> Sealing {
            let sealing = try Sealing.sealed(active: SealingKey(id: "2026", key: SecretBytes(key)))
            return sealing
        }
        _ = try sealed(Data(repeating: 7, count: 32))
        #expect(throws: (any Error).self) { try sealed(Data(repeating: 7, count: 31)) }
    }

    private func server(_ secret: Secret) throws -> Client {
        let client = try Client(
            .pleo(.staging), clientID: "pleo-client", redirectURIs: ["https://client.example/callback"],
            scopes: ["users:read"], sealing: .plain(), host: .server, clientSecret: secret)
        return client
    }

    private final class MyStore: Store {
        private let inner = MemoryStore()
        private let isReachable: Bool

        init(isReachable: Bool = true) {
            self.isReachable = isReachable
        }

        func swap(_ key: String, expected: String?, write: Write?) async throws -> Stored? {
            guard isReachable else { throw StoreUnavailable("nobody is there") }
            return await inner.swap(key, expected: expected, write: write)
        }
    }

    @Test(arguments: StoreContract.Check.allCases)
    func myStore(check: StoreContract.Check) async throws {
        let store = MyStore()
        try await StoreContract(open: { store }, unreachable: MyStore(isReachable: false)).run(check)
    }

    #if canImport(AuthenticationServices) && (os(iOS) || os(macOS) || os(visionOS))
        @MainActor
        private func connect(
            _ connection: Connection, _ anchor: any ASWebAuthenticationPresentationContextProviding
        ) async throws {
            try await connection.connect(redirectURI: "com.example.app:/callback", presenting: anchor)
        }

        @MainActor
        final class Anchor: NSObject, ASWebAuthenticationPresentationContextProviding {
            let window: ASPresentationAnchor
            init(_ window: ASPresentationAnchor) { self.window = window }
            func presentationAnchor(for _: ASWebAuthenticationSession) -> ASPresentationAnchor { window }
        }
    #endif

    #if canImport(Security)
        private func shared() -> KeychainStore {
            let group = FileManager.default.containerURL(forSecurityApplicationGroupIdentifier: "group.com.example.app")
            let store = KeychainStore(
                service: "com.example.app.evergrant", accessGroup: "TEAM.com.example.shared",
                lockedBy: group?.appendingPathComponent("evergrant.lock"))
            return store
        }
    #endif
}
