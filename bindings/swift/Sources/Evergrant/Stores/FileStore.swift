import EvergrantMachine
import Foundation

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// One file with all records, replaced as a whole under a lock beside it (`.lock`): for an app
/// and its extensions in their shared container, a command line, a small server. For any number
/// of processes of one device and some dozens of connections; for nothing on a network or a
/// synchronized folder.
public struct FileStore: Store {
    private let path: String
    private let lock: FileLock
    // Waiting for the disk is nothing for the threads of Swift's own.
    private let queue = DispatchQueue(label: "dev.evergrant.file")

    /// The file is made at the first write, readable by this user alone. Its folder is made, for
    /// this user alone, if only it is missing: Application Support of a new app is. On a device
    /// the file can be read from the first unlock on, and is not backed up: the same grant on two
    /// devices would be two clients.
    public init(_ url: URL) {
        path = url.path
        lock = FileLock(path: path + ".lock")
    }

    /// As ``Store/swap(_:expected:write:)``.
    public func swap(_ key: String, expected: String?, write: Write?) async throws -> Stored? {
        try await withCheckedThrowingContinuation { continuation in
            queue.async {
                continuation.resume(with: Result { try swapNow(key, expected, write) })
            }
        }
    }

    private func swapNow(_ key: String, _ expected: String?, _ write: Write?) throws -> Stored? {
        try makeFolder()
        return try lock.with {
            var records = try read()
            if let write, records.write(key, expected: expected, write, now: HostClock().now()) {
                try replace(with: records.encoded())
            }
            return records[key]
        }
    }

    private var folder: URL { URL(fileURLWithPath: path).deletingLastPathComponent() }

    /// This one and none above it: where those are missing, a volume may be.
    private func makeFolder() throws {
        guard access(folder.path, F_OK) != 0 else { return }
        guard mkdir(folder.path, 0o700) == 0 || errno == EEXIST else { throw failure("the folder cannot be made") }
        try Self.syncFolder(folder.deletingLastPathComponent().path)
    }

    private func read() throws -> Records {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT { return Records() }
            throw failure("the file cannot be opened")
        }
        let handle = FileHandle(fileDescriptor: file, closeOnDealloc: true)
        do {
            return try Records(decoding: handle.readToEnd() ?? Data())
        } catch let error as StoreUnavailable {
            throw error
        } catch {
            throw StoreUnavailable("the file cannot be read")
        }
    }

    /// The new file is on the disk before it has its name, and the name before anybody is told.
    private func replace(with data: Data) throws {
        let new = path + ".new"
        // What a process has left that died here.
        unlink(new)
        let file = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure("the new file cannot be made") }
        defer { close(file) }
        #if canImport(Darwin) && !os(macOS)
            var url = URL(fileURLWithPath: new)
            var values = URLResourceValues()
            values.isExcludedFromBackup = true
            try? url.setResourceValues(values)
            try? FileManager.default.setAttributes(
                [.protectionKey: FileProtectionType.completeUntilFirstUserAuthentication], ofItemAtPath: new)
        #endif
        try data.withUnsafeBytes { bytes in
            var left = bytes[...]
            while !left.isEmpty {
                let count = Self.write(file, UnsafeRawBufferPointer(rebasing: left))
                guard count > 0 else { throw failure("the new file cannot be written") }
                left = left.dropFirst(count)
            }
        }
        guard Self.sync(file) else { throw failure("the new file cannot be synchronized") }
        guard rename(new, path) == 0 else { throw failure("the new file cannot be named") }
        try Self.syncFolder(folder.path)
    }

    private static func syncFolder(_ path: String) throws {
        let folder = open(path, O_RDONLY | O_CLOEXEC)
        guard folder >= 0 else { throw failure("the folder cannot be opened") }
        defer { close(folder) }
        guard sync(folder) else { throw failure("the folder cannot be synchronized") }
    }

    private static func write(_ file: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
        #if canImport(Darwin)
            Darwin.write(file, bytes.baseAddress, bytes.count)
        #elseif canImport(Glibc)
            Glibc.write(file, bytes.baseAddress, bytes.count)
        #else
            Musl.write(file, bytes.baseAddress, bytes.count)
        #endif
    }

    private static func sync(_ file: Int32) -> Bool {
        #if canImport(Darwin)
            // Only this one waits for the disk itself.
            fcntl(file, F_FULLFSYNC) == 0 || fsync(file) == 0
        #else
            fsync(file) == 0
        #endif
    }
}
