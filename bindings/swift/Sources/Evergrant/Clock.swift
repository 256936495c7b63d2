import Foundation

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The clocks of the device, in milliseconds.
struct HostClock: Sendable {
    /// Which boot `uptime` counts from: 16 bytes.
    let bootID = readBootID()
    /// What a test has added, in milliseconds; outside of tests there is none.
    var ahead: Locked<Int64>?

    /// UNIX time.
    func now() -> UInt64 {
        read(CLOCK_REALTIME, ahead)
    }

    /// UNIX time, perhaps a few milliseconds old, where that costs less.
    func roughly() -> UInt64 {
        #if os(Linux)
            read(CLOCK_REALTIME_COARSE, ahead)
        #else
            read(CLOCK_REALTIME, ahead)
        #endif
    }

    /// A clock that is never set and runs through suspend.
    func uptime() -> UInt64 {
        #if os(Linux)
            read(CLOCK_BOOTTIME, ahead)
        #else
            // On Apple's platforms this one is mach_continuous_time.
            read(CLOCK_MONOTONIC, ahead)
        #endif
    }
}

@inline(__always)
private func read(_ clock: clockid_t, _ ahead: Locked<Int64>?) -> UInt64 {
    var time = timespec()
    clock_gettime(clock, &time)
    let milliseconds = UInt64(time.tv_sec) &* 1_000 &+ UInt64(time.tv_nsec) / 1_000_000
    guard let ahead else { return milliseconds }
    return UInt64(Int64(milliseconds) + ahead.with { $0 })
}

private func readBootID() -> Data? {
    #if os(Linux)
        let text = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .ascii)
    #else
        var bytes = [UInt8](repeating: 0, count: 64)
        var size = bytes.count
        let text =
            sysctlbyname("kern.bootsessionuuid", &bytes, &size, nil, 0) == 0
            ? String(decoding: bytes.prefix(while: { $0 != 0 }), as: UTF8.self) : nil
    #endif
    guard let text, let id = UUID(uuidString: text.trimmingCharacters(in: .whitespacesAndNewlines))
    else { return nil }
    return withUnsafeBytes(of: id.uuid) { Data($0) }
}
