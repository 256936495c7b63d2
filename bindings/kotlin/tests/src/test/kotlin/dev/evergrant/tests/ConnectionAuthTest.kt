package dev.evergrant.tests

import dev.evergrant.Connection
import dev.evergrant.Denied
import dev.evergrant.okhttp.ConnectionAuth
import dev.evergrant.okhttp.NoToken
import dev.evergrant.okhttp.evergrant
import dev.evergrant.stores.MemoryStore
import mockwebserver3.MockResponse
import mockwebserver3.MockWebServer
import okhttp3.Call
import okhttp3.Callback
import okhttp3.HttpUrl
import okhttp3.HttpUrl.Companion.toHttpUrl
import okhttp3.OkHttpClient
import okhttp3.Request
import okhttp3.RequestBody
import okhttp3.RequestBody.Companion.toRequestBody
import okhttp3.Response
import okio.BufferedSink
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNotEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows
import java.io.IOException
import java.util.concurrent.CompletableFuture

/** Where the token goes, and where it does not. */
class ConnectionAuthTest {
    private val authority = Authority.start()
    private val api = MockWebServer()
    private val elsewhere = MockWebServer()
    private lateinit var connection: Connection
    private lateinit var client: OkHttpClient

    @BeforeEach
    fun connect() {
        api.start()
        elsewhere.start()
        connection = made()
        val begun = connection.blocking.authorize(CALLBACK)
        connection.blocking.callback(browse(begun.url.expose()))
        client = OkHttpClient.Builder().evergrant(connection).build()
    }

    @AfterEach
    fun end() {
        authority.close()
        api.close()
        elsewhere.close()
    }

    @Test
    fun `the API gets the token, others do not`() {
        api.enqueue(MockResponse(200))
        elsewhere.enqueue(MockResponse(200))
        get(api.at("/v1"))
        get(elsewhere.at("/v1"))
        assertEquals(connection.blocking.token().expose(), api.sent())
        assertNull(elsewhere.sent())
    }

    @Test
    fun `a header of the app's own stays where no token goes`() {
        elsewhere.enqueue(MockResponse(200))
        client.newCall(
            Request.Builder().url(elsewhere.at("/")).header("Authorization", "Basic mine").build(),
        ).execute().close()
        assertEquals("Basic mine", elsewhere.sent())
    }

    @Test
    fun `a redirect to another origin leaves the token behind`() {
        api.enqueue(redirect(elsewhere.at("/stolen")))
        elsewhere.enqueue(MockResponse(200))
        get(api.at("/v1"))
        assertTrue(api.sent() != null)
        assertNull(elsewhere.sent())
    }

    @Test
    fun `a redirect within the API keeps it`() {
        api.enqueue(redirect(api.at("/v2")))
        api.enqueue(MockResponse(200))
        get(api.at("/v1"))
        val token = connection.blocking.token().expose()
        assertEquals(listOf(token, token), listOf(api.sent(), api.sent()))
    }

    @Test
    fun `a redirect to the API does not bring it`() {
        elsewhere.enqueue(redirect(api.at("/v1")))
        api.enqueue(MockResponse(200))
        get(elsewhere.at("/"))
        assertNull(elsewhere.sent())
        assertNull(api.sent())
    }

    @Test
    fun `an interceptor that turns a request elsewhere does not take it along`() {
        val turning =
            OkHttpClient.Builder()
                .evergrant(connection)
                .addInterceptor { it.proceed(it.request().newBuilder().url(elsewhere.at("/")).build()) }
                .build()
        elsewhere.enqueue(MockResponse(200))
        turning.get(api.at("/v1").toString()).close()
        assertNull(elsewhere.sent())
    }

    @Test
    fun `a 401 is answered by one refresh and one replay`() {
        api.enqueue(MockResponse(401))
        api.enqueue(MockResponse(200))
        assertEquals(200, post("a body".toRequestBody()))
        assertEquals(listOf(2, 1), listOf(api.requestCount, authority.stats()["refreshes_ok"]))
        val (first, second) = List(2) { api.takeRequest() }
        assertNotEquals(first.headers["Authorization"], second.headers["Authorization"])
        assertEquals("a body", second.body?.utf8())
    }

    @Test
    fun `a second 401 is the answer`() {
        repeat(3) { api.enqueue(MockResponse(401)) }
        assertEquals(401, get(api.at("/v1")))
        assertEquals(listOf(2, 1), listOf(api.requestCount, authority.stats()["refreshes_ok"]))
    }

    @Test
    fun `a body that is gone is not sent again, and the next request has a new token`() {
        api.enqueue(MockResponse(401))
        api.enqueue(MockResponse(200))
        val once =
            object : RequestBody() {
                override fun contentType() = null

                override fun isOneShot() = true

                override fun writeTo(sink: BufferedSink) {
                    sink.writeUtf8("once")
                }
            }
        assertEquals(401, post(once))
        assertEquals(200, get(api.at("/v1")))
        assertEquals(listOf(2, 1), listOf(api.requestCount, authority.stats()["refreshes_ok"]))
    }

    @Test
    fun `a 401 of another origin is not the connection's`() {
        elsewhere.enqueue(MockResponse(401))
        elsewhere.enqueue(MockResponse(200))
        val auth = ConnectionAuth(connection) { _, response ->
            response.request.newBuilder().header("Authorization", "Basic mine").build()
        }
        val both = OkHttpClient.Builder().addInterceptor(
            auth,
        ).authenticator(auth).addNetworkInterceptor(auth.guard).build()
        assertEquals(200, both.get(elsewhere.at("/").toString()).use { it.code })
        assertEquals(listOf(null, "Basic mine"), listOf(elsewhere.sent(), elsewhere.sent()))
        assertEquals(0, authority.stats()["refreshes_ok"])
    }

    @Test
    fun `a 401 where a redirect has led is not the connection's`() {
        api.enqueue(redirect(elsewhere.at("/")))
        elsewhere.enqueue(MockResponse(401))
        assertEquals(401, get(api.at("/v1")))
        assertEquals(0, authority.stats()["refreshes_ok"])
    }

    @Test
    fun `where no token goes, none is asked for`() = running {
        elsewhere.enqueue(MockResponse(200))
        val none = made()
        OkHttpClient.Builder().evergrant(none).build().get(elsewhere.at("/").toString()).use {
            assertEquals(200, it.code)
        }
        assertNull(elsewhere.sent())
        for (url in listOf(elsewhere.at("/").toString(), "https://elsewhere.example/", "not a URL", "\ud800")) {
            assertNull(none.authorization(url), url)
            assertNull(none.blocking.authorization(url), url)
        }
        refused<Denied>("denied_not_connected") { none.authorization(api.at("/v1").toString()) }
        refused<Denied>("denied_not_connected") { none.blocking.authorization(api.at("/v1").toString()) }
    }

    @Test
    fun `where there is no token, why`() {
        val nobody = OkHttpClient.Builder().evergrant(made()).build()
        assertTrue(assertThrows<NoToken> { nobody.get(api.at("/").toString()) }.cause is Denied)
        val told = CompletableFuture<IOException>()
        nobody.newCall(Request.Builder().url(api.at("/")).build()).enqueue(
            object : Callback {
                override fun onFailure(call: Call, e: IOException) {
                    told.complete(e)
                }

                override fun onResponse(call: Call, response: Response) {
                    told.completeExceptionally(AssertionError("${response.code}"))
                }
            },
        )
        assertEquals("denied_not_connected", told.get().message)
        assertEquals(0, api.requestCount)
    }

    private fun made() =
        app(authority, MemoryStore(), providerOf(authority, api.at("/").toString().removeSuffix("/")))

    private fun get(url: HttpUrl): Int = client.get(url.toString()).use { it.code }

    private fun post(body: RequestBody): Int =
        client.newCall(Request.Builder().url(api.at("/v1")).post(body).build()).execute().use { it.code }

    private fun redirect(url: HttpUrl) = MockResponse.Builder().code(302).addHeader("Location", url).build()

    // An API in clear is one on a literal loopback address.
    private fun MockWebServer.at(path: String) = "http://127.0.0.1:$port$path".toHttpUrl()

    private fun MockWebServer.sent(): String? = takeRequest().headers["Authorization"]
}
