#if canImport(os)
    import os
#else
    import Synchronization
#endif

/// A value behind the lock that the platform has for a few instructions.
final class Locked<Value: Sendable>: Sendable {
    #if canImport(os)
        // `Synchronization.Mutex` would need iOS 18.
        private let lock: OSAllocatedUnfairLock<Value>

        init(_ value: Value) {
            lock = OSAllocatedUnfairLock(initialState: value)
        }
    #else
        private let lock: Mutex<Value>

        init(_ value: Value) {
            lock = Mutex(value)
        }
    #endif

    @inline(__always)
    func with<Result: Sendable>(_ body: @Sendable (inout Value) -> Result) -> Result {
        lock.withLock { body(&$0) }
    }
}
