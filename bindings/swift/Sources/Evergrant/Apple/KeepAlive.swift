import Foundation

/// Asks the system not to suspend the process between a request and what is stored of it.
protocol KeepAlive: Sendable {
    /// Begins; what it answers ends it.
    func hold() -> @Sendable () -> Void
}

/// The platform's own way: none on macOS and Linux, where processes are not suspended.
struct SystemKeepAlive: KeepAlive {
    func hold() -> @Sendable () -> Void {
        #if canImport(UIKit)
            // Unlike UIApplication's background tasks this is there for app extensions too. It
            // holds the process for as long as the block has not returned.
            let done = DispatchSemaphore(value: 0)
            ProcessInfo.processInfo.performExpiringActivity(withReason: "evergrant") { expired in
                // The second call says that time is up: the block is let go, and the request
                // goes on if the system lets it. What it brought is found at the next start.
                if expired { done.signal() } else { done.wait() }
            }
            return { done.signal() }
        #else
            return {}
        #endif
    }
}
