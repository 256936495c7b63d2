import Evergrant
import Foundation

/// What a store has to pass: safety rests on it.
///
/// ```swift
/// @Test(arguments: StoreContract.Check.allCases)
/// func myStore(check: StoreContract.Check) async throws {
///     let folder = temporaryFolder()
///     let contract = StoreContract(
///         open: { MyStore(folder) },                     // each time the same store, empty at first
///         unreachable: MyStore("where nothing answers"))
///     try await contract.run(check)
/// }
/// ```
public struct StoreContract: Sendable {
    /// One thing that must hold; each begins with an empty store.
    public enum Check: String, CaseIterable, Sendable {
        case nothingIsThere, aWriteIsAnsweredAndRead, aConflictWritesNothing, theSameBytesAreANewRevision
        case keysAreApart, recordsAreAnyBytes, nobodyIsOverwritten, oneOfManyCreates, outOfReachIsSaid
    }

    /// Something did not hold.
    public struct Violation: Error, CustomStringConvertible {
        /// What, and where.
        public let description: String
    }

    private let open: @Sendable () throws -> any Store
    private let unreachable: any Store
    private let key = "connection/prod/client%2B1/tenant-42"

    /// `open` gives a handle on the store, each time the same one; `unreachable` is one of its
    /// kind that cannot be reached.
    public init(open: @escaping @Sendable () throws -> any Store, unreachable: any Store) {
        (self.open, self.unreachable) = (open, unreachable)
    }

    /// Throws ``Violation`` if it does not hold.
    public func run(_ check: Check) async throws {
        switch check {
        case .nothingIsThere: try await nothingIsThere()
        case .aWriteIsAnsweredAndRead: try await aWriteIsAnsweredAndRead()
        case .aConflictWritesNothing: try await aConflictWritesNothing()
        case .theSameBytesAreANewRevision: try await theSameBytesAreANewRevision()
        case .keysAreApart: try await keysAreApart()
        case .recordsAreAnyBytes: try await recordsAreAnyBytes()
        case .nobodyIsOverwritten: try await nobodyIsOverwritten()
        case .oneOfManyCreates: try await oneOfManyCreates()
        case .outOfReachIsSaid: try await outOfReachIsSaid()
        }
    }

    // MARK: - The checks

    private func nothingIsThere() async throws {
        let store = try open()
        try await require(store.swap(key, expected: nil, write: nil) == nil)
        for revision in ["0", "1", "never given", "", String(repeating: "9", count: 40)] {
            try await require(store.swap(key, expected: revision, write: write("no")) == nil)
        }
        try await require(store.swap(key, expected: nil, write: nil) == nil)
    }

    private func aWriteIsAnsweredAndRead() async throws {
        let store = try open()
        let first = try await put(store, expected: nil, "1")
        for handle in [store, try open()] {
            let read = try await read(handle, key)
            try require(read.revision == first.revision && text(read) == "1")
        }
        let second = try await put(open(), expected: first.revision, "2")
        try require(second.revision != first.revision)
    }

    private func aConflictWritesNothing() async throws {
        let store = try open()
        let first = try await put(store, expected: nil, "1")
        let second = try await put(store, expected: first.revision, "2")
        for expected in [nil, first.revision, "never given", second.revision + "0"] {
            let there = try await store.swap(key, expected: expected, write: write("no"))
            try require(there?.revision == second.revision && there.map(text) == "2")
        }
    }

    private func theSameBytesAreANewRevision() async throws {
        let store = try open()
        var revisions: [String] = []
        for _ in 0..<20 {
            revisions.append(try await put(store, expected: revisions.last, "same").revision)
        }
        try require(Set(revisions).count == 20)
    }

    /// Those that differ in case, by an escape, by a wildcard of SQL, by a form of Unicode, by length.
    private func keysAreApart() async throws {
        let store = try open()
        let keys = [
            key, key.uppercased(), key.replacingOccurrences(of: "%2B", with: "%2b"), "connection/%", "connection/_",
            "connection/../x", "connection/" + String(repeating: "x", count: 600),
        ]
        for key in keys {
            try await require(store.swap(key, expected: nil, write: write(key)) != nil)
        }
        for key in keys {
            try await require(text(read(store, key)) == key)
        }
    }

    private func recordsAreAnyBytes() async throws {
        let store = try open()
        var expected: String?
        for record in [Data([0]), Data(0...255), Data([0xff, 0, 0x27, 0x22, 0x5c, 13, 10]), Data(count: 200_000)] {
            let write = Write(record: SecretBytes(bytes: record), dueAt: 1, purgeAt: 1 << 52)
            expected = try await store.swap(key, expected: expected, write: write)?.revision
            try await require(read(store, key).record.expose() == record)
        }
    }

    /// Eight writers add 15 lines each, and no line is lost.
    private func nobodyIsOverwritten() async throws {
        _ = try await put(open(), expected: nil, "")
        try await together { number in
            let store = try open()
            for turn in 0..<15 {
                let line = "\(number) \(turn)\n"
                var there = try await read(store, key)
                while !text(there).contains(line) {
                    let more = text(there) + line
                    guard let now = try await store.swap(key, expected: there.revision, write: write(more)) else {
                        throw Violation(description: "a record has gone")
                    }
                    there = now
                }
            }
        }
        let lines = try await text(read(open(), key)).split(separator: "\n")
        let all = (0..<8).flatMap { number in (0..<15).map { "\(number) \($0)" } }
        try require(lines.map(String.init).sorted() == all.sorted())
    }

    private func oneOfManyCreates() async throws {
        let told = try await together { number in
            try await open().swap(key, expected: nil, write: write("\(number)")).map(text)
        }
        try require(Set(told).count == 1 && told[0] != nil)
    }

    private func outOfReachIsSaid() async throws {
        for write in [nil, write("hidden-record")] {
            do {
                _ = try await unreachable.swap(key, expected: nil, write: write)
            } catch let error as StoreUnavailable {
                try require(!"\(error) \(String(reflecting: error))".contains("hidden-record"))
                continue
            }
            throw Violation(description: "no StoreUnavailable")
        }
    }

    // MARK: - Tools

    private func put(_ store: any Store, expected: String?, _ record: String) async throws -> Stored {
        let after = try await store.swap(key, expected: expected, write: write(record))
        guard let after, text(after) == record else { throw Violation(description: "\(record) was not written") }
        return after
    }

    private func read(_ store: any Store, _ key: String) async throws -> Stored {
        guard let there = try await store.swap(key, expected: nil, write: nil) else {
            throw Violation(description: "nothing is there")
        }
        return there
    }

    private func write(_ record: String) -> Write {
        Write(record: SecretBytes(record.utf8), dueAt: nil, purgeAt: nil)
    }

    private func text(_ stored: Stored) -> String {
        String(decoding: stored.record.expose(), as: UTF8.self)
    }

    @discardableResult
    private func together<Value: Sendable>(_ work: @escaping @Sendable (Int) async throws -> Value) async throws
        -> [Value]
    {
        try await withThrowingTaskGroup(of: Value.self) { group in
            for number in 0..<8 { group.addTask { try await work(number) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    private func require(_ holds: Bool, line: Int = #line) throws {
        if !holds { throw Violation(description: "StoreContract.swift:\(line)") }
    }
}
