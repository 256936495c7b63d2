import Foundation

@testable import Evergrant

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A TCP server on loopback that does what a test says with each connection.
final class Listener: Sendable {
    /// What has come in so far.
    let requests = Locked<[String]>([])
    let port: UInt16
    private let socket: Int32

    init(_ handle: @escaping @Sendable (Peer) -> Void) throws {
        let socket = Self.open()
        var address = Self.loopback(0)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = Self.with(&address) { bind(socket, $0, size) }
        guard bound == 0, listen(socket, 16) == 0, Self.with(&address, { getsockname(socket, $0, &size) }) == 0 else {
            throw TestFailure("no listener: errno \(errno)")
        }
        (self.socket, port) = (socket, UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread { [requests] in
            while case let peer = accept(socket, nil, nil), peer >= 0 {
                Thread.detachNewThread {
                    let peer = Peer(socket: peer, requests: requests)
                    handle(peer)
                    peer.close()
                }
            }
            close(socket)
        }
    }

    deinit {
        // Whoever waits for connections closes it: by then its number may be another's.
        shutdown(socket, Int32(SHUT_RDWR))
    }

    var url: String { "http://127.0.0.1:\(port)/" }

    /// A port on which connections neither succeed nor fail: its queue is full.
    static func full() throws -> (url: String, sockets: [Int32]) {
        let socket = open()
        var address = loopback(0)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        guard with(&address, { bind(socket, $0, size) }) == 0, listen(socket, 0) == 0,
            with(&address, { getsockname(socket, $0, &size) }) == 0
        else { throw TestFailure("no listener: errno \(errno)") }
        let waiting = (0..<4).map { _ in
            let client = open()
            _ = fcntl(client, F_SETFL, O_NONBLOCK)
            _ = with(&address) { connect(client, $0, size) }
            return client
        }
        return ("http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))/", [socket] + waiting)
    }

    /// A port on which nobody listens.
    static func closed() throws -> String {
        let socket = open()
        defer { close(socket) }
        var address = loopback(0)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        guard with(&address, { bind(socket, $0, size) }) == 0, with(&address, { getsockname(socket, $0, &size) }) == 0
        else { throw TestFailure("no port: errno \(errno)") }
        return "http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))/"
    }

    private static func open() -> Int32 {
        #if canImport(Glibc)
            Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            Darwin.socket(AF_INET, SOCK_STREAM, 0)
        #endif
    }

    private static func loopback(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return address
    }

    private static func with<Result>(_ address: inout sockaddr_in, _ body: (UnsafeMutablePointer<sockaddr>) -> Result)
        -> Result
    {
        withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1, body)
        }
    }
}

/// One connection, from the server's side.
struct Peer: Sendable {
    let socket: Int32
    let requests: Locked<[String]>

    /// Reads a whole request, with a body if it has one.
    func readRequest() {
        var text = ""
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while !isWhole(text) {
            let count = read(socket, &buffer, buffer.count)
            guard count > 0 else { break }
            text += String(decoding: buffer[..<count], as: UTF8.self)
        }
        requests.with { [text] in $0.append(text) }
    }

    /// Whether all of it has left.
    @discardableResult
    func write(_ text: String) -> Bool {
        write(Data(text.utf8))
    }

    /// The same.
    @discardableResult
    func write(_ bytes: Data) -> Bool {
        var left = bytes[...]
        while !left.isEmpty {
            let count = left.withUnsafeBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            left = left.dropFirst(count)
        }
        return true
    }

    /// Waits until the other side has gone.
    func waitForEnd() {
        var buffer = [UInt8](repeating: 0, count: 1_024)
        while read(socket, &buffer, buffer.count) > 0 {}
    }

    /// Ends it by a reset.
    func reset() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(socket, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
    }

    fileprivate func close() {
        #if canImport(Glibc)
            Glibc.close(socket)
        #else
            Darwin.close(socket)
        #endif
    }

    private func isWhole(_ text: String) -> Bool {
        guard let head = text.range(of: "\r\n\r\n") else { return false }
        let length = text[..<head.lowerBound].lowercased().components(separatedBy: "content-length: ")
        guard length.count > 1, let count = Int(length[1].prefix(while: \.isNumber)) else { return true }
        return text[head.upperBound...].utf8.count >= count
    }
}
