package dev.evergrant.example

import com.sun.net.httpserver.HttpExchange
import com.sun.net.httpserver.HttpServer
import kotlinx.coroutines.channels.Channel
import java.net.InetAddress
import java.net.InetSocketAddress

/** Where the browser comes back to: a free port of this machine (RFC 8252 §7.3). */
internal class Loopback : AutoCloseable {
    private val came = Channel<String>(Channel.BUFFERED)
    private val server = HttpServer.create(InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0), 0)

    val redirectUri = "http://127.0.0.1:${server.address.port}/callback"

    init {
        server.createContext("/callback", ::answer)
        server.start()
    }

    /** The next whole address that a browser comes to. */
    suspend fun redirect(): String = came.receive()

    override fun close() = server.stop(1)

    private fun answer(exchange: HttpExchange) {
        val page = "You may close this window.\n".toByteArray()
        exchange.responseHeaders.add("Content-Type", "text/plain; charset=utf-8")
        exchange.sendResponseHeaders(200, page.size.toLong())
        exchange.responseBody.use { it.write(page) }
        came.trySend("$redirectUri?${exchange.requestURI.rawQuery}")
    }
}
