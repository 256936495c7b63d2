import EvergrantTesting
import Foundation
import Testing

@testable import Evergrant

@Suite struct StoreTests {
    @Test(arguments: StoreContract.Check.allCases)
    func aFile(_ check: StoreContract.Check) async throws {
        let file = try temporaryFolder().appendingPathComponent("records")
        let nowhere = URL(fileURLWithPath: "/dev/null/records")
        try await StoreContract(open: { FileStore(file) }, unreachable: FileStore(nowhere)).run(check)
    }

    @Test(arguments: StoreContract.Check.allCases)
    func memory(_ check: StoreContract.Check) async throws {
        let (store, unreachable) = (MemoryStore(), BreakableStore())
        unreachable.error.with { $0 = StoreUnavailable("nobody is there") }
        try await StoreContract(open: { store }, unreachable: unreachable).run(check)
    }

    /// The contract finds what is wrong.
    @Test func aStoreThatForgetsToCompare() async throws {
        actor Careless: Store {
            var records: [String: Stored] = [:]
            func swap(_ key: String, expected: String?, write: Write?) -> Stored? {
                if let write { records[key] = Stored(revision: UUID().uuidString, record: write.record) }
                return records[key]
            }
        }
        let careless = Careless()
        let contract = StoreContract(open: { careless }, unreachable: careless)
        for check in [StoreContract.Check.nothingIsThere, .aConflictWritesNothing, .outOfReachIsSaid] {
            await #expect(throws: StoreContract.Violation.self) { try await contract.run(check) }
        }
    }

    @Test func aFileIsForItsUserAlone() async throws {
        let folder = try temporaryFolder().appendingPathComponent("missing")
        let file = folder.appendingPathComponent("records")
        let write = Write(record: SecretBytes(Data("record".utf8)), dueAt: nil, purgeAt: nil)
        _ = try await FileStore(file).swap("key", expected: nil, write: write)
        for (path, expected) in [(folder.path, 0o700), (file.path, 0o600), (file.path + ".lock", 0o600)] {
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber
            #expect(mode?.intValue == expected)
        }
        #expect(!FileManager.default.fileExists(atPath: file.path + ".new"))
    }

    /// Where more is missing than the folder, the volume may be.
    @Test func aFolderInNone() async throws {
        let file = try temporaryFolder().appendingPathComponent("not/there/records")
        await #expect(throws: StoreUnavailable.self) { try await FileStore(file).read("key") }
    }

    @Test(arguments: ["", "{}", "null", #"{"version":2}"#, "\u{0}", #"{"canary":1}"#])
    func aFileThatIsNone(text: String) async throws {
        let file = try temporaryFolder().appendingPathComponent("records")
        try Data(text.utf8).write(to: file)
        let write = Write(record: SecretBytes(Data("record".utf8)), dueAt: nil, purgeAt: nil)
        for write in [nil, write] {
            await #expect(throws: StoreUnavailable.self) {
                try await FileStore(file).swap("key", expected: nil, write: write)
            }
        }
        // It is still there, for somebody to look at.
        #expect(try Data(contentsOf: file) == Data(text.utf8))
    }

    /// A process that died in the midst of a write has left the new file.
    @Test func whatADeadProcessHasLeft() async throws {
        let file = try temporaryFolder().appendingPathComponent("records")
        try Data("half a".utf8).write(to: URL(fileURLWithPath: file.path + ".new"))
        let write = Write(record: SecretBytes(Data("record".utf8)), dueAt: nil, purgeAt: nil)
        #expect(try await FileStore(file).swap("key", expected: nil, write: write) != nil)
    }

    @Test func whatIsOverIsPurged() throws {
        var records = Records()
        func put(_ key: String, purgeAt: UInt64?, now: UInt64) -> Bool {
            let write = Write(record: SecretBytes(Data("r".utf8)), dueAt: nil, purgeAt: purgeAt)
            return records.write(key, expected: nil, write, now: now)
        }
        #expect(put("over", purgeAt: 10, now: 5))
        #expect(put("never", purgeAt: nil, now: 5))
        #expect(put("later", purgeAt: 20, now: 5))
        #expect(records["over"] != nil)
        #expect(put("new", purgeAt: nil, now: 10))
        #expect(records["over"] == nil && records["never"] != nil && records["later"] != nil)
        let again = try Records(decoding: records.encoded())
        #expect(again["never"]?.revision == records["never"]?.revision)
    }

    /// Two stores that begin anew never give the same revision.
    @Test func revisionsDoNotComeAgain() {
        let revisions = (0..<100).map { _ in
            var records = Records()
            let write = Write(record: SecretBytes(Data("r".utf8)), dueAt: nil, purgeAt: nil)
            _ = records.write("key", expected: nil, write, now: 0)
            return records["key"]?.revision
        }
        #expect(Set(revisions).count == 100)
    }
}
