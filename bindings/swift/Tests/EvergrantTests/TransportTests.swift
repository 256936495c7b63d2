import Foundation
import Testing

@testable import Evergrant

#if canImport(Glibc)
    import Glibc
#endif

/// What `URLSession` makes of servers, and what the machine is told of it: the table in
/// docs/swift.md.
@Suite struct TransportTests {
    private static let body = "grant_type=refresh_token&refresh_token=canary"

    @Test func anAnswer() async throws {
        let listener = try Listener { peer in
            peer.readRequest()
            peer.write("HTTP/1.1 400 Bad\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\n{}")
        }
        let answer = try await send(to: listener.url)
        #expect(answer.status == 400 && answer.header("retry-after") == "7" && answer.body == Data("{}".utf8))
        let request = try #require(listener.requests.with { $0 }.first)
        #expect(request.hasPrefix("POST / HTTP/1.1\r\n") && request.hasSuffix("\r\n\r\n" + Self.body))
        #expect(request.lowercased().contains("x-test: one\r\n"))
        #expect(!request.lowercased().contains("cookie"))
    }

    @Test(arguments: [301, 302, 303, 307, 308])
    func aRedirectIsAnAnswer(status: Int) async throws {
        let listener = try Listener { peer in
            peer.readRequest()
            peer.write(
                "HTTP/1.1 \(status) Away\r\nLocation: /elsewhere\r\nContent-Length: 4\r\nConnection: close\r\n\r\naway")
        }
        let answer = try await send(to: listener.url)
        #expect(answer.status == status && answer.header("location") == "/elsewhere")
        #expect(listener.requests.with { $0.count } == 1)
    }

    @Test func aCookieIsNotKept() async throws {
        let listener = try Listener { peer in
            peer.readRequest()
            peer.write(
                "HTTP/1.1 200 OK\r\nSet-Cookie: a=canary; Path=/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        }
        for _ in 0..<2 { _ = try await send(to: listener.url) }
        #expect(listener.requests.with { $0 }.allSatisfy { !$0.contains("canary\r\n") })
        #expect(listener.requests.with { $0.count } == 2)
    }

    /// A 401 is an answer: no credential is looked for, and nothing is sent again.
    @Test func aChallengeIsAnAnswer() async throws {
        let listener = try Listener { peer in
            peer.readRequest()
            peer.write(
                "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
            )
        }
        #expect(try await send(to: listener.url).status == 401)
        #expect(listener.requests.with { $0.count } == 1)
    }

    // MARK: - Nothing was sent

    @Test func nobodyListens() async throws {
        #expect(await fault { try await send(to: Listener.closed()) } == .notSent)
    }

    @Test func noSuchName() async throws {
        #expect(await fault { try await send(to: "http://nobody.invalid/") } == .notSent)
    }

    @Test(arguments: ["", "no url", "gopher://127.0.0.1/"])
    func noURL(_ url: String) async throws {
        #expect(await fault { try await send(to: url) } == .notSent)
    }

    /// It does not speak TLS. On Linux that has no code of its own.
    @Test func noTLS() async throws {
        let listener = try Listener { peer in
            peer.write("HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n")
            peer.waitForEnd()
        }
        let url = listener.url.replacingOccurrences(of: "http:", with: "https:")
        #if os(Linux)
            #expect(await isUnknown { try await send(to: url) })
        #else
            #expect(await fault { try await send(to: url) } == .notSent)
        #endif
        #expect(listener.requests.with { $0.isEmpty })
    }

    // MARK: - Too late

    @Test func theTimeToSendHasPassed() async throws {
        let listener = try Listener { $0.readRequest() }
        #expect(await fault { try await send(to: listener.url, sendWithin: 0) } == .tooLate)
        #expect(listener.requests.with { $0.isEmpty })
    }

    /// The connection is not there when the time to send is over.
    @Test func nobodyAccepts() async throws {
        let full = try Listener.full()
        defer { for socket in full.sockets { close(socket) } }
        #expect(await fault { try await send(to: full.url, sendWithin: 200) } == .tooLate)
    }

    // MARK: - Nobody can know

    private static let ends = ["reset", "close", "half a body", "half a chunk", "no HTTP"]
    #if os(Linux)
        // A head that is cut short ends the process: a `fatalError` in FoundationNetworking.
        private static let more: [String] = []
    #else
        private static let more = ["half a head"]
    #endif

    /// The server may have handled what it has read.
    @Test(arguments: ends + more)
    func itEnds(how: String) async throws {
        let listener = try Listener { peer in
            peer.readRequest()
            switch how {
            case "reset": peer.reset()
            case "half a head": peer.write("HTTP/1.1 200 OK\r\nContent-Le")
            case "half a body": peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"access")
            case "half a chunk": peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n{\"access")
            case "no HTTP": peer.write("220 mail.example ESMTP\r\n")
            default: break
            }
        }
        #expect(await isUnknown { try await send(to: listener.url) })
        #expect(listener.requests.with { $0.count } == 1, "sent once")
    }

    @Test func itHangs() async throws {
        let listener = try Listener { peer in
            peer.readRequest()
            peer.waitForEnd()
        }
        #expect(await isUnknown { try await send(to: listener.url, sendWithin: 100, listenFor: 200) })
        #expect(listener.requests.with { $0.count } == 1)
    }

    /// Of a request without a body nobody can tell whether it has left in time.
    @Test func itHangsOverARequestWithoutABody() async throws {
        let listener = try Listener { peer in
            peer.readRequest()
            peer.waitForEnd()
        }
        let clock = HostClock()
        let request = TransportRequest(
            method: "DELETE", url: listener.url, headers: [], body: Data(), sendBy: clock.uptime() + 100,
            listenFor: 200, answerLimit: 1_024, clock: clock)
        #expect(await isUnknown { try await URLSessionTransport().send(request) })
        #expect(listener.requests.with { $0.count } == 1)
    }

    /// Each part comes in time; the whole does not.
    @Test func itDrips() async throws {
        let listener = try Listener { peer in
            peer.readRequest()
            peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while peer.write("x") { usleep(100_000) }
        }
        #expect(await isUnknown { try await send(to: listener.url, sendWithin: 100, listenFor: 300) })
    }

    // MARK: - Bounds

    @Test func aLargeAnswerIsCut() async throws {
        let listener = try Listener { peer in
            peer.readRequest()
            peer.write("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
            let part = String(repeating: "x", count: 1 << 16)
            while peer.write(part) {}
        }
        #expect(try await send(to: listener.url).body.count == 1_025)
    }

    /// `URLSession` unpacks it: "{}", also without the frame of RFC 1950, as some send it.
    @Test(arguments: [
        ("gzip", "H4sIAAAAAAACA6uuBQBDv6ajAgAAAA=="), ("deflate", "eJyrrgUAAXUA+Q=="), ("deflate", "q64FAA=="),
    ])
    func aCompressedAnswerIsRead(encoding: String, body: String) async throws {
        let listener = try answering(body, encoding)
        #expect(try await send(to: listener.url).body == Data("{}".utf8))
    }

    /// What it unpacks to counts: 100,000 times "x".
    @Test(arguments: [
        ("gzip", "H4sIAAAAAAACA+3BMQEAAADCoNqLbw0PoAAAAAAAA", "AIBXA3ERB/6ghgEA"),
        ("deflate", "eNrtwTEBAAAAwqDai28ND6AAAAAAAA", "ACAVwN+KiW6"),
    ])
    func aLargeAnswerThatIsSmallOnItsWayIsCut(encoding: String, begins: String, ends: String) async throws {
        let size = encoding == "gzip" ? 176 : 160
        let between = String(repeating: "A", count: size - begins.count - ends.count)
        let listener = try answering(begins + between + ends, encoding)
        #expect(try await send(to: listener.url).body == Data(String(repeating: "x", count: 1_025).utf8))
    }

    /// Whoever waits for it goes; what was sent goes on.
    @Test func aCancelledTaskCancelsNothing() async throws {
        let listener = try Listener { peer in
            peer.readRequest()
            usleep(200_000)
            peer.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        }
        let task = Task { try await send(to: listener.url) }
        while listener.requests.with({ $0.isEmpty }) { try await Task.sleep(for: .milliseconds(5)) }
        task.cancel()
        #expect(try await task.value.status == 200)
    }

    // MARK: - Tools

    /// With bytes that are compressed, in Base64.
    private func answering(_ body: String, _ encoding: String) throws -> Listener {
        let bytes = try #require(Data(base64Encoded: body))
        return try Listener { peer in
            peer.readRequest()
            peer.write("HTTP/1.1 200 OK\r\nContent-Encoding: \(encoding)\r\nContent-Length: \(bytes.count)\r\n\r\n")
            peer.write(bytes)
        }
    }

    private func send(to url: String, sendWithin: UInt64 = 5_000, listenFor: UInt64 = 20_000) async throws
        -> TransportAnswer
    {
        let clock = HostClock()
        return try await URLSessionTransport().send(
            TransportRequest(
                method: "POST", url: url, headers: [("X-Test", "one")], body: Data(Self.body.utf8),
                sendBy: clock.uptime() + sendWithin, listenFor: listenFor, answerLimit: 1_024, clock: clock))
    }

    private func fault(_ work: () async throws -> TransportAnswer) async -> TransportFault? {
        do {
            _ = try await work()
            return nil
        } catch {
            return error as? TransportFault
        }
    }

    private func isUnknown(_ work: () async throws -> TransportAnswer) async -> Bool {
        switch await fault(work) {
        case .unknown(let why):
            #expect(!why.contains("canary"))
            return true
        case let other:
            Issue.record("\(String(describing: other))")
            return false
        }
    }
}
