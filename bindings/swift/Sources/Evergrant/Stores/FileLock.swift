import Foundation

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A lock over all processes, and all of this one, that is held for milliseconds: an empty file
/// that is never deleted.
struct FileLock: Sendable {
    let path: String

    /// Waits for the lock, and holds it for the work.
    func with<Result>(_ work: () throws -> Result) throws -> Result {
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure("the lock file cannot be opened") }
        // Closing it gives the lock back, also where the process ends.
        defer { close(file) }
        while flock(file, LOCK_EX) != 0 {
            guard errno == EINTR else { throw failure("the lock file cannot be locked") }
        }
        return try work()
    }
}

/// Named by `errno`, and by nothing else.
func failure(_ what: String) -> StoreUnavailable {
    StoreUnavailable("\(what): errno \(errno)")
}
