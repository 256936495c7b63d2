import EvergrantMachine
import Foundation

/// What a store holds that keeps everything in one place: a file, an item of the Keychain.
struct Records: Codable, Sendable {
    private struct Entry: Codable {
        var revision: String
        var record: Data
        var purgeAt: UInt64?
    }

    private var version = 1
    /// Drawn anew where a store begins anew, so that no revision comes again.
    private var origin = String(UInt64.random(in: .min ... .max), radix: 36)
    private var last: UInt64 = 0
    private var entries: [String: Entry] = [:]

    init() {}

    init(decoding data: Data) throws {
        do {
            self = try JSONDecoder().decode(Records.self, from: data)
        } catch {
            // Without what it says, which quotes.
            throw StoreUnavailable("what the store holds cannot be read")
        }
        guard version == 1 else { throw StoreUnavailable("a newer version has written the store") }
    }

    func encoded() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return try encoder.encode(self)
    }

    subscript(key: String) -> Stored? {
        entries[key].map { Stored(revision: $0.revision, record: SecretBytes(bytes: $0.record)) }
    }

    /// Whether it has written. What is to be purged by now goes at the same time.
    mutating func write(_ key: String, expected: String?, _ write: Write, now: UInt64) -> Bool {
        guard entries[key]?.revision == expected else { return false }
        entries = entries.filter { $0.value.purgeAt.map { now < $0 } ?? true }
        last += 1
        entries[key] = Entry(revision: "\(origin)-\(last)", record: write.record.expose(), purgeAt: write.purgeAt)
        return true
    }
}

extension Records: CustomReflectable, CustomStringConvertible {
    /// How many.
    var description: String { "\(entries.count) records" }
    /// The same.
    var customMirror: Mirror { Mirror(self, children: ["count": entries.count]) }
}
