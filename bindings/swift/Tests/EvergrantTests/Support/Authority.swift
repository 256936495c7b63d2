import Foundation

@testable import Evergrant

/// A running `evergrant-authority`: it ends when its standard input closes, also if the tests are
/// killed.
final class Authority: @unchecked Sendable {
    let base: String
    private let process: Process
    private let input: Pipe

    static func start(_ options: [String] = []) async throws -> Authority {
        guard let program = ProcessInfo.processInfo.environment["EVERGRANT_AUTHORITY"] else {
            throw TestFailure("EVERGRANT_AUTHORITY is not set: run scripts/test-swift")
        }
        let (process, input, output) = (Process(), Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = options
        (process.standardInput, process.standardOutput) = (input, output)
        try process.run()
        let line = await firstLine(of: output.fileHandleForReading)
        guard line.hasPrefix("listening on ") else { throw TestFailure("the authority did not start: \(line)") }
        return Authority(String(line.dropFirst("listening on ".count)), process, input)
    }

    private init(_ base: String, _ process: Process, _ input: Pipe) {
        (self.base, self.process, self.input) = (base, process, input)
    }

    deinit {
        try? input.fileHandleForWriting.close()
    }

    func control(_ name: String, _ parameters: String = "{}") async throws {
        let answer = try await call("POST", "\(base)/control/\(name)", body: parameters)
        guard (200...201).contains(answer.status) else {
            throw TestFailure("\(name): \(answer.status) \(String(decoding: answer.body, as: UTF8.self))")
        }
    }

    func stats() async throws -> Stats {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try await decoder.decode(Stats.self, from: call("GET", "\(base)/control/stats").body)
    }

    /// The next refresh comes to this.
    func refreshFault(_ fault: String, times: Int = 1) async throws {
        try await control(
            "faults",
            #"[{"path":"/oauth/token","grant_type":"refresh_token","times":\#(times),"fault":\#(fault)}]"#)
    }
}

struct Stats: Decodable {
    var refreshesOk, refreshesRefused, replayedRefreshTokens, revocations, codeExchangesOk: Int
    var installationsDeleted: Int
    var apiCalls: [String: Int]
}

struct TestFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// A request without the package's connections, and without following a redirect.
func call(
    _ method: String, _ url: String, headers: [(name: String, value: String)] = [], body: String = ""
) async throws -> TransportAnswer {
    let clock = HostClock()
    let json = body.isEmpty ? headers : headers + [("content-type", "application/json")]
    return try await URLSessionTransport().send(
        TransportRequest(
            method: method, url: url, headers: json, body: Data(body.utf8), sendBy: clock.uptime() + 60_000,
            listenFor: 60_000, answerLimit: 1 << 24, clock: clock))
}

/// The browser, and the person in it: comes back with the redirect.
func browse(_ url: Secret) async throws -> Secret {
    let answer = try await call("GET", url.expose())
    guard (302...303).contains(answer.status), let location = answer.header("location") else {
        throw TestFailure("no redirect but \(answer.status)")
    }
    return Secret(location)
}

extension TransportAnswer {
    func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name }?.value
    }
}

/// Reads up to the first line break, in a thread that may wait.
func firstLine(of handle: FileHandle) async -> String {
    await withCheckedContinuation { continuation in
        Thread.detachNewThread { [handle = Unchecked(handle)] in
            var line = Data()
            while let byte = try? handle.value.read(upToCount: 1), !byte.isEmpty, byte != Data("\n".utf8) {
                line += byte
            }
            continuation.resume(returning: String(decoding: line, as: UTF8.self))
        }
    }
}

struct Unchecked<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}
