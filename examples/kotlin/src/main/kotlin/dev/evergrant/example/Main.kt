package dev.evergrant.example

import dev.evergrant.CallbackRefused
import dev.evergrant.Client
import dev.evergrant.Connection
import dev.evergrant.Connections
import dev.evergrant.EvergrantException
import dev.evergrant.Provider
import dev.evergrant.ReauthenticationRequired
import dev.evergrant.TryLater
import dev.evergrant.machine.IssPolicy
import dev.evergrant.okhttp.NoToken
import dev.evergrant.okhttp.OkHttpTransport
import dev.evergrant.okhttp.evergrant
import dev.evergrant.stores.FileStore
import kotlinx.coroutines.runBlocking
import okhttp3.OkHttpClient
import okhttp3.Request
import java.io.File
import java.time.Instant
import kotlin.system.exitProcess

private const val USAGE = """usage: connect | callback URL | expenses | status | disconnect
connect waits for the browser; if it was ended meanwhile, callback takes the address that the
browser came to. By the environment: AUTHORITY, CLIENT_ID, STORE."""

fun main(arguments: Array<String>): Unit =
    runBlocking {
        val connection = connection()
        try {
            when (arguments.firstOrNull()) {
                "connect" -> connect(connection)
                "callback" -> println("connected: ${connection.callback(arguments[1]).scope}")
                "expenses" -> println(expenses(connection))
                "status" -> println(connection.status().standing.code)
                "disconnect" -> println(if (connection.disconnect()) "disconnected" else "disconnected here only")
                else -> fail(USAGE, 2)
            }
        } catch (error: NoToken) {
            fail(adviceFor(error.cause), 1)
        } catch (error: EvergrantException) {
            fail(adviceFor(error), 1)
        }
    }

/** One person's connection, in files of that person's. */
private fun connection(): Connection {
    val base = System.getenv("AUTHORITY") ?: fail("AUTHORITY is not set", 2)
    val provider =
        Provider.Builder("loopback", "$base/oauth/authorize", "$base/oauth/token", base)
            .issuer(base, IssPolicy.REQUIRED)
            .revocationEndpoint("$base/oauth/revoke")
            .loopbackHttp(true)
            .build()
    val client =
        Client.Builder(provider, System.getenv("CLIENT_ID") ?: "demo-public", OkHttpTransport())
            .redirectUri("http://127.0.0.1/callback")
            .scopes("expenses:read", "users:read")
            .plain()
            .onNotice { System.err.println("  ${it.code}") }
            .build()
    val folder = System.getenv("STORE") ?: "${System.getProperty("user.home")}/.evergrant-example"
    return Connections(client, FileStore(File(folder)))["me"]
}

private suspend fun connect(connection: Connection) {
    Loopback().use { loopback ->
        val begun = connection.authorize(loopback.redirectUri)
        println("open: ${begun.url.expose()}")
        while (true) {
            try {
                return println("connected: ${connection.callback(loopback.redirect()).scope}")
            } catch (error: CallbackRefused) {
                // Any page can send a browser here: the true redirect may still come.
                System.err.println("not believed: ${error.code}")
            }
        }
    }
}

private fun expenses(connection: Connection): String {
    val api = OkHttpClient.Builder().evergrant(connection).build()
    val request = Request.Builder().url("${connection.client.provider.apiOrigin}/v1/expenses").build()
    return api.newCall(request).execute().use { "${it.code} ${it.body.string()}" }
}

private fun adviceFor(error: EvergrantException): String =
    when (error) {
        is ReauthenticationRequired -> "connect again: ${error.code}"
        is TryLater -> "again at ${error.retryAt?.let(Instant::ofEpochMilli)}: ${error.code}"
        else -> error.code
    }

private fun fail(text: String, code: Int): Nothing {
    System.err.println(text)
    exitProcess(code)
}
