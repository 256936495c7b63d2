package dev.evergrant.tests

import dev.evergrant.Client
import dev.evergrant.Connection
import dev.evergrant.Connections
import dev.evergrant.Denied
import dev.evergrant.Provider
import dev.evergrant.ReauthenticationRequired
import dev.evergrant.Standing
import dev.evergrant.machine.IssPolicy
import dev.evergrant.okhttp.OkHttpTransport
import dev.evergrant.okhttp.evergrant
import dev.evergrant.stores.FileStore
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.jsonObject
import okhttp3.Cookie
import okhttp3.CookieJar
import okhttp3.HttpUrl
import okhttp3.OkHttpClient
import okhttp3.Request
import okhttp3.RequestBody
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.nio.file.Path
import java.util.concurrent.ConcurrentHashMap

/** A whole life against a server of others: npm `oidc-provider`, with strict rotation. */
class ServersTest {
    private val server = OidcProvider.start()

    @TempDir lateinit var directory: Path

    @AfterEach fun end() = server.close()

    @Test
    fun `oidc-provider, from the first authorization to the last`() = running {
        val clock = MovedClock()
        val connection = connection(clock)
        val begun = connection.authorize(CALLBACK, extra = mapOf("prompt" to "consent"))
        val done = connection.callback(server.browse(begun.url.expose()))
        assertEquals("openid offline_access", done.scope)
        val first = connection.token()
        val api = OkHttpClient.Builder().evergrant(connection).build()
        assertEquals(200, api.get(server["api"]).use { it.code })

        // The token is over by the clocks of both: one refresh.
        clock.ahead += 7_200_000
        server.control("age", "x-seconds", "7200")
        assertEquals(200, api.get(server["api"]).use { it.code })
        assertEquals(first.generation + 1, connection.token().generation)

        // The API has forgotten the token: a 401, a refresh, a replay.
        server.control("lose", "x-token", connection.token().expose().removePrefix("Bearer "))
        assertEquals(200, api.get(server["api"]).use { it.code })
        assertEquals(first.generation + 2, connection.token().generation)

        // Another process has it too.
        assertEquals(first.generation + 2, connection(clock).token().generation)

        assertTrue(connection.disconnect())
        assertEquals(Standing.DISCONNECTED, connection(clock).status().standing)
        refused<Denied>("denied_not_connected") { connection(clock).token() }
        // What is still owed to the server is done, too, before the folder goes.
        connection.settled()
    }

    @Test
    fun `the person says no`() = running {
        val connection = connection(MovedClock())
        val begun = connection.authorize(CALLBACK, extra = mapOf("prompt" to "consent", "login_hint" to "refuses"))
        refused<Denied>("denied_access") { connection.callback(server.browse(begun.url.expose())) }
    }

    @Test
    fun `the grant is revoked there`() = running {
        val clock = MovedClock()
        val connection = connection(clock)
        val begun = connection.authorize(CALLBACK, extra = mapOf("prompt" to "consent"))
        connection.callback(server.browse(begun.url.expose()))
        // Half a year without anybody: the refresh token is over, there as here.
        clock.ahead += 180L * 86_400_000
        server.control("age", "x-seconds", "${180L * 86_400}")
        refused<ReauthenticationRequired>("reauthenticate_rejected") { connection.token() }
        assertEquals(Standing.REAUTHENTICATION_REQUIRED, connection.status().standing)
    }

    private fun connection(clock: MovedClock): Connection {
        val provider =
            Provider.Builder("test", server["authorization_endpoint"], server["token_endpoint"], server["origin"])
                .issuer(server["issuer"], IssPolicy.REQUIRED)
                .revocationEndpoint(server["revocation_endpoint"])
                .familyPerUser(true)
                .accessDies(false)
                .loopbackHttp(true)
                .build()
        val client =
            Client.Builder(provider, "an app", OkHttpTransport())
                .redirectUri("http://127.0.0.1/callback")
                .scopes("openid", "offline_access")
                .plain()
                .clock(clock)
                .timeoutMillis(60_000)
                .build()
        return Connections(client, FileStore(directory))["alice"]
    }
}

private class Jar : CookieJar {
    private val kept = ConcurrentHashMap<Pair<String, String>, Cookie>()

    override fun loadForRequest(url: HttpUrl) = kept.values.filter { it.matches(url) }

    override fun saveFromResponse(url: HttpUrl, cookies: List<Cookie>) {
        for (cookie in cookies) {
            val place = cookie.name to cookie.path
            if (cookie.expiresAt < System.currentTimeMillis()) kept.remove(place) else kept[place] = cookie
        }
    }
}

private class OidcProvider(private val process: Process, private val about: JsonObject) : AutoCloseable {
    operator fun get(name: String): String = about.string(name)

    /** The browser, and alice in it. */
    fun browse(url: String): String {
        val browser = OkHttpClient.Builder().followRedirects(false).cookieJar(Jar()).build()
        var at = url
        while (!at.startsWith(CALLBACK)) {
            at = browser.get(at).use { answer ->
                val location = checkNotNull(answer.header("Location")) { "${answer.code} ${answer.body.string()}" }
                answer.request.url.resolve(location).toString()
            }
        }
        return at
    }

    fun control(name: String, header: String, value: String) {
        val request = Request.Builder().url(this[name]).header(header, value).post(RequestBody.EMPTY).build()
        browser.newCall(request).execute().use { check(it.code == 204) { "${it.code}" } }
    }

    override fun close() {
        process.outputStream.close()
        process.waitFor()
    }

    companion object {
        fun start(): OidcProvider {
            val client = """{"clients":[{"id":"an app","secret":null,"method":"none"}],"settings":{}}"""
            val folder = Transcript.workspace().resolve("examples/rust/tests/servers/oidc-provider").toFile()
            val log = ProcessBuilder.Redirect.DISCARD
            val process = ProcessBuilder("node", "server.js", client).directory(folder).redirectError(log).start()
            val line = checkNotNull(process.inputReader().readLine()) { "oidc-provider did not start" }
            return OidcProvider(process, Json.parseToJsonElement(line).jsonObject)
        }
    }
}
