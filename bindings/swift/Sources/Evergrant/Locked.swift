#if canImport(os)
    import os

    /// A value behind the lock that the platform has for a few instructions.
    final class Locked<Value: Sendable>: Sendable {
        // `Synchronization.Mutex` would need iOS 18.
        private let lock: OSAllocatedUnfairLock<Value>

        init(_ value: Value) {
            lock = OSAllocatedUnfairLock(initialState: value)
        }

        @inline(__always)
        func with<Result: Sendable>(_ body: @Sendable (inout Value) -> Result) -> Result {
            lock.withLock(body)
        }
    }
#else
    import Synchronization

    /// A value behind the lock that the platform has for a few instructions.
    final class Locked<Value: Sendable>: @unchecked Sendable {
        // Beside the lock and not within: Swift 6.0 does not compile a Mutex of a type parameter.
        private let lock = Mutex(())
        // The lock sees to exclusive access; for Swift to look after it too takes 6 ns of 41.
        @exclusivity(unchecked) private var value: Value

        init(_ value: Value) {
            self.value = value
        }

        @inline(__always)
        func with<Result: Sendable>(_ body: @Sendable (inout Value) -> Result) -> Result {
            lock.withLock { _ in body(&value) }
        }
    }
#endif

extension Locked: CustomReflectable {
    /// Nothing: what is in there may be a secret, and is not read without the lock.
    var customMirror: Mirror { Mirror(self, children: [:]) }
}
