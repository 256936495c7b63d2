import EvergrantMachine

/// What a store holds under a key. The record is opaque, and is not shown.
public typealias Stored = EvergrantMachine.Stored
/// What a store is to hold under a key.
public typealias Write = EvergrantMachine.Write

/// The one thing that safety rests on. `EvergrantTesting` has the tests that a store has to
/// pass.
public protocol Store: Sendable {
    /// Writes if the revision of `key` equals `expected`; nil: nothing is there.
    ///
    /// Either way answers with what is there now. Without `write` it is a read. Both look at
    /// the newest record. A swap takes place whole or not at all, over all processes, and what
    /// has been answered is on the disk. A revision is never used twice for one key.
    ///
    /// Throws ``StoreUnavailable`` if it cannot tell; it may have taken place.
    func swap(_ key: String, expected: String?, write: Write?) async throws -> Stored?
}

extension Store {
    func read(_ key: String) async throws -> Stored? {
        do {
            return try await swap(key, expected: nil, write: nil)
        } catch let error as CancellationError {
            throw error
        } catch {
            throw StoreUnavailable(of: error)
        }
    }
}

extension StoreUnavailable {
    /// Of any other error only its kind: what a store says of its own bug is not known.
    init(of error: any Error) {
        self = error as? StoreUnavailable ?? StoreUnavailable("\(type(of: error))")
    }
}
