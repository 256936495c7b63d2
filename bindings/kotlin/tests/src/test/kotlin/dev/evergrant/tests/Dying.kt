package dev.evergrant.tests

import dev.evergrant.Connection
import dev.evergrant.Store
import dev.evergrant.StoreUnavailable
import dev.evergrant.Transport
import dev.evergrant.TryLater
import dev.evergrant.Write
import dev.evergrant.okhttp.OkHttpTransport
import dev.evergrant.stores.FileStore
import java.nio.file.Path
import java.util.concurrent.atomic.AtomicInteger
import kotlin.system.exitProcess

/**
 * An app that comes to a point and stays there until it is killed. Points are named by what is
 * done: `write 2 before`, `write 2 after`, `send 1 before` (nothing has left), `send 1 after` (the
 * answer is at hand).
 */
object Dying {
    @JvmStatic
    fun main(arguments: Array<String>) {
        val (base, path, ahead, wish, point) = arguments
        val app = app(base, path, ahead.toLong(), point)
        when (wish) {
            "authorize" -> println(app.blocking.authorize(CALLBACK, "/settings").url.expose())
            "token" -> app.blocking.token()
            else -> app.blocking.callback(wish)
        }
        stay()
    }

    fun app(
        base: String,
        path: String,
        ahead: Long,
        point: String = "nowhere",
        timeout: Long = 60_000,
    ): Connection {
        val clock = MovedClock().also { it.ahead = ahead }
        val writes = AtomicInteger()
        val sends = AtomicInteger()
        // So often it does not take what came from the server.
        val deaf = AtomicInteger(point.substringAfter("deaf ", "0").toInt())
        val store = FileStore(Path.of(path))
        val http = OkHttpTransport()
        val dyingStore =
            Store { key, expected, write ->
                if (write != null && isOfServer(key, write) && deaf.getAndDecrement() > 0) {
                    throw StoreUnavailable("it is away")
                }
                val name = write?.let { "write ${writes.incrementAndGet()}" }
                at(point, "$name before")
                store.swap(key, expected, write).also { at(point, "$name after") }
            }
        val dyingTransport =
            Transport { request ->
                val name = "send ${sends.incrementAndGet()}"
                at(point, "$name before")
                http.send(request).also { at(point, "$name after") }
            }
        // W, T, D, S and A short enough to be waited for, and long enough for a JVM that has just
        // begun on a machine that has much else to do.
        val authority = Authority.at(base)
        val provider = providerOf(authority).timing(2_000, 2_500, 1_000, 500, 5_100)
        return app(authority, dyingStore, provider, dyingTransport) { timeoutMillis(timeout).clock(clock) }
    }

    private fun isOfServer(key: String, write: Write): Boolean {
        val record = String(write.record)
        return key.startsWith("connection/") && "\"intent\"" !in record && "\"exchanging\"" !in record
    }

    private fun at(point: String, name: String) {
        if (name == point) stay()
    }

    private fun stay(): Nothing {
        println("here")
        while (true) Thread.sleep(60_000)
    }
}

/** An app whose caller waits no longer than the refresh takes, and which then ends in some way. */
object Ending {
    @JvmStatic
    fun main(arguments: Array<String>) {
        val (base, path, ahead, end) = arguments
        val away = end == "while the store is away"
        val timeout = if (away) 60_000L else 400L
        val app = Dying.app(base, path, ahead.toLong(), if (away) "deaf 3" else "nowhere", timeout)
        try {
            app.blocking.token()
            println("too early")
        } catch (error: TryLater) {
            println(error.code)
        }
        when (end) {
            "return", "while the store is away" -> return
            "exit" -> exitProcess(3)
            "throw" -> error("it failed")
            else -> while (true) Thread.sleep(60_000)
        }
    }
}
