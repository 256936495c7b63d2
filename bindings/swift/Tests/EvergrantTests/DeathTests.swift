import Foundation
import Testing

@testable import Evergrant

/// Processes that are killed at every point of a life, others that take it up, and many at once.
/// Access tokens live for a second, and the machine's timing row is in hundreds of milliseconds.
@Suite struct DeathTests {
    /// While the browser is open.
    @Test func whileThePersonIsInTheBrowser() async throws {
        let world = try await Phones()
        let phone = try world.start("connect", "wait")
        let url = try await phone.line(after: "url ")
        kill(phone.process.processIdentifier, SIGKILL)
        #expect(await phone.end() == .uncaughtSignal)
        let redirect = try await browse(Secret(url))
        #expect(try await world.run("callback", redirect.expose()).says("scope ") == "expenses:read users:read")
        #expect(try await world.run("token").says("generation ") != nil)
    }

    /// The server takes its time over a refresh, and the process does not live to hear of it.
    @Test(arguments: ["strict", "grace-same:60000"])
    func inMidRefresh(policy: String) async throws {
        let world = try await Phones("--policy", policy)
        try await world.connect()
        try await world.authority.refreshFault(#"{"kind":"delay_reply","ms":1000}"#)
        try await world.expire()
        let phone = try world.start("token", "wait")
        try await phone.wait(for: "notice refresh_started")
        while try await world.authority.stats().refreshesOk == 0 { try await Task.sleep(for: .milliseconds(10)) }
        kill(phone.process.processIdentifier, SIGKILL)
        #expect(await phone.end() == .uncaughtSignal)
        try await world.goOn(mayBeLost: policy == "strict")
    }

    /// All are alive, and ask at once.
    @Test func manyProcessesRefreshOnce() async throws {
        let world = try await Phones("--access-token-lifetime", "10")
        try await world.connect()
        // Half of a token's life is kept for whoever uses it.
        try await Task.sleep(for: .milliseconds(5_100))
        let phones = try (0..<6).map { _ in try world.start("token") }
        for phone in phones { _ = await phone.end() }
        for phone in phones { #expect(phone.output.contains("generation 2\n"), "\(phone.output)") }
        #expect(try await world.authority.stats().refreshesOk == 1)
        #expect(try await world.authority.stats().replayedRefreshTokens == 0)
    }

    @Test func manyProcessesWriteOneFile() async throws {
        let world = try await Phones()
        let phones = try (0..<6).map { _ in try world.start("write", "40") }
        for phone in phones { #expect(await phone.end() == .exit, "\(phone.output)") }
        let stored = try await FileStore(world.file).swap("lines", expected: nil, write: nil)
        let lines = String(decoding: stored?.record.expose() ?? Data(), as: UTF8.self).split(separator: "\n")
        #expect(lines.count == 240 && Set(lines).count == 240)
    }

    /// Before and after each of its effects, until it gets through.
    @Test(arguments: ["before", "after"])
    func atEveryPointOfARefresh(when: String) async throws {
        var deaths = 0
        for number in 1...50 {
            let world = try await Phones()
            try await world.connect()
            try await world.expire()
            let died = try await world.run("token", die: "\(number)\(when == "after" ? "+" : "")")
            guard died.reason == .uncaughtSignal else { break }
            deaths += 1
            try await world.goOn(mayBeLost: true)
        }
        // A read, the intent, the request, the tokens.
        #expect(deaths >= 4 && deaths < 50)
    }

    @Test(arguments: ["before", "after"])
    func atEveryPointOfAnAuthorization(when: String) async throws {
        let suffix = when == "after" ? "+" : ""
        var deaths = 0
        for number in 1...50 {
            let world = try await Phones()
            let died = try await world.run("connect", die: "\(number)\(suffix)")
            guard died.reason == .uncaughtSignal else { break }
            deaths += 1
            try await world.connect()
            try await world.goOn(mayBeLost: false)
        }
        #expect(deaths >= 1 && deaths < 50)
        for number in 1...50 {
            let world = try await Phones()
            let url = try await world.run("connect").says("url ")
            let redirect = try await browse(Secret(url ?? "")).expose()
            let died = try await world.run("callback", redirect, die: "\(number)\(suffix)")
            guard died.reason == .uncaughtSignal else { break }
            deaths += 1
            // The system hands the redirect over once more, or the person goes there again.
            if try await world.run("callback", redirect).says("scope ") == nil { try await world.connect() }
            try await world.goOn(mayBeLost: false)
        }
        #expect(deaths >= 6 && deaths < 50)
    }
}

/// Processes over one file, and the authority that they talk to.
private final class Phones: Sendable {
    let authority: Authority
    private let folder: URL

    init(_ options: String...) async throws {
        let lifetime = options.contains("--access-token-lifetime") ? [] : ["--access-token-lifetime", "1"]
        authority = try await Authority.start(lifetime + options)
        folder = try temporaryFolder()
    }

    var file: URL { folder.appendingPathComponent("records") }

    func start(_ command: String..., die: String? = nil) throws -> Phone {
        try Phone([authority.base, file.path] + command, die: die)
    }

    func run(_ command: String..., die: String? = nil) async throws -> Ended {
        let phone = try Phone([authority.base, file.path] + command, die: die)
        return Ended(reason: await phone.end(), output: phone.output)
    }

    func connect() async throws {
        guard let url = try await run("connect").says("url ") else { throw TestFailure("no URL") }
        let done = try await run("callback", browse(Secret(url)).expose())
        guard done.says("scope ") != nil else { throw TestFailure("not connected: \(done.output)") }
    }

    /// The access token is no good any more.
    func expire() async throws {
        try await Task.sleep(for: .milliseconds(1_100))
    }

    /// The next process has a token, or knows that a person is needed, who then has one.
    func goOn(mayBeLost: Bool) async throws {
        var next = try await run("token")
        if next.says("generation ") == nil {
            #expect(mayBeLost && next.says("error ") == "reauthenticate_lost_reply", "\(next.output)")
            try await connect()
            next = try await run("token")
        }
        #expect(next.says("generation ") != nil, "\(next.output)")
    }
}

private struct Ended {
    let reason: Process.TerminationReason
    let output: String

    func says(_ name: String) -> String? {
        output.split(separator: "\n").last { $0.hasPrefix(name) }.map { String($0.dropFirst(name.count)) }
    }
}

private final class Phone: @unchecked Sendable {
    let process = Process()
    private let text = Locked("")
    private let ended = Waiter<Void>()

    init(_ arguments: [String], die: String?) throws {
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appendingPathComponent("Phone")
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(["EVERGRANT_DIE": die ?? ""]) { $1 }
        process.standardOutput = output
        try process.run()
        Thread.detachNewThread { [self, handle = Unchecked(output.fileHandleForReading)] in
            while case let part = handle.value.availableData, !part.isEmpty {
                text.with { $0 += String(decoding: part, as: UTF8.self) }
            }
            process.waitUntilExit()
            ended.give(())
        }
    }

    var output: String { text.with { $0 } }

    /// Waits for its end.
    func end() async -> Process.TerminationReason {
        try? await ended.value()
        return process.terminationReason
    }

    func wait(for line: String) async throws {
        while !output.contains(line + "\n") {
            guard process.isRunning else { throw TestFailure("it ended: \(output)") }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    func line(after name: String) async throws -> String {
        while true {
            let lines = output.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            if let line = lines.first(where: { $0.hasPrefix(name) }) { return String(line.dropFirst(name.count)) }
            guard process.isRunning else { throw TestFailure("it ended: \(output)") }
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}
