package dev.evergrant.tests

import dev.evergrant.NotSent
import dev.evergrant.Request
import dev.evergrant.SystemClock
import dev.evergrant.TooLate
import dev.evergrant.okhttp.OkHttpTransport
import mockwebserver3.MockResponse
import mockwebserver3.MockWebServer
import mockwebserver3.SocketEffect
import okhttp3.Authenticator
import okhttp3.Credentials
import okhttp3.OkHttpClient
import okio.Buffer
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory
import org.junit.jupiter.api.assertThrows
import java.io.ByteArrayOutputStream
import java.io.IOException
import java.net.ServerSocket
import java.util.zip.Deflater
import java.util.zip.DeflaterOutputStream
import java.util.zip.GZIPOutputStream
import kotlin.concurrent.thread

class OkHttpTransportTest {
    private var server = MockWebServer()

    @BeforeEach fun start() = server.start()

    @AfterEach fun end() = server.close()

    /** For each of the tests that a factory makes. */
    private fun restart() {
        end()
        server = MockWebServer()
        start()
    }

    @Test
    fun `a request goes as it is, and its answer comes as it is`() {
        server.enqueue(
            MockResponse.Builder().code(
                201,
            ).addHeader("Set-Cookie", "a=1").addHeader("Set-Cookie", "b=2").body("körper").build(),
        )
        val answer = OkHttpTransport().send(request(body = "grant_type=x&code=ü"))
        assertEquals(listOf(201, "körper"), listOf(answer.status, String(answer.body)))
        assertEquals(listOf("a=1", "b=2"), answer.headers.entries.single { it.key.equals("Set-Cookie", true) }.value)
        val came = server.takeRequest()
        assertEquals(listOf("POST", "grant_type=x&code=ü"), listOf(came.method, came.body?.utf8()))
        assertEquals("application/x-www-form-urlencoded", came.headers["content-type"])
        assertEquals("Basic eDp5", came.headers["authorization"])
        assertEquals("identity", came.headers["accept-encoding"])
        assertFalse("körper" in "$answer" || "eDp5" in "${request()}")
    }

    @TestFactory
    fun `nothing is repeated or followed`() =
        listOf(301, 302, 303, 307, 308, 401, 407, 408, 421, 500, 503).flatMap { status ->
            listOf("GET", "POST", "DELETE").map { method ->
                dynamicTest("$method $status") {
                    restart()
                    repeat(2) {
                        val answer = MockResponse.Builder().code(status).addHeader("Location", server.url("/other"))
                        server.enqueue(
                            answer.addHeader("Retry-After", "0").addHeader("WWW-Authenticate", "Basic").build(),
                        )
                    }
                    val eager = OkHttpClient.Builder().authenticator(insisting).build()
                    val answered = runCatching { OkHttpTransport(eager).send(request(method)) }
                    if (status == 407) {
                        // A proxy's, without a proxy: no HTTP that a client understands.
                        assertTrue(answered.exceptionOrNull().let { it is IOException && it !is NotSent })
                    } else {
                        val answer = answered.getOrThrow()
                        assertEquals(status, answer.status)
                        assertEquals(
                            listOf("0"),
                            answer.headers.entries.single {
                                it.key.equals("Retry-After", true)
                            }.value,
                        )
                    }
                    assertEquals(1, server.requestCount)
                }
            }
        }

    @Test
    fun `what the app's own client adds is not used`() {
        server.enqueue(MockResponse(code = 200))
        val client =
            OkHttpClient.Builder()
                .addInterceptor { it.proceed(it.request().newBuilder().header("X-Mine", "1").build()) }
                .addNetworkInterceptor { it.proceed(it.request().newBuilder().header("X-Mine", "1").build()) }
                .build()
        OkHttpTransport(client).send(request())
        assertNull(server.takeRequest().headers["X-Mine"])
    }

    @Test
    fun `a body is bounded`() {
        server.enqueue(MockResponse.Builder().body("x".repeat(10_000_000)).build())
        assertEquals(1_025, OkHttpTransport().send(request()).body.size)
        server.enqueue(MockResponse.Builder().chunkedBody("x".repeat(1_025), 100).build())
        assertEquals(1_025, OkHttpTransport().send(request()).body.size)
        server.enqueue(MockResponse.Builder().body("x".repeat(1_024)).build())
        assertEquals(1_024, OkHttpTransport().send(request()).body.size)
    }

    @TestFactory
    fun `what is compressed unasked is read`() =
        mapOf(
            "gzip" to gzip("körper"),
            "GZip" to gzip("körper"),
            "x-gzip" to gzip("körper"),
            "deflate" to deflated("körper"),
            // Without its frame, as some send it.
            " deflate" to deflated("körper", Deflater(-1, true)),
            "identity" to "körper".toByteArray(),
            // What it does not know it hands on.
            "br" to "körper".toByteArray(),
        ).map { (encoding, bytes) ->
            dynamicTest(encoding) {
                restart()
                server.enqueue(coded(encoding, bytes).build())
                val answer = OkHttpTransport().send(request())
                assertEquals(listOf(200, "körper"), listOf(answer.status, String(answer.body)))
            }
        }

    @TestFactory
    fun `compressed, a body is bounded by what it is`() =
        mapOf("gzip" to ::gzip, "deflate" to { text: String -> deflated(text) }).map { (encoding, compressed) ->
            dynamicTest(encoding) {
                restart()
                for (size in listOf(0, 1, 1_023, 1_024, 1_025, 50_000_000)) {
                    server.enqueue(coded(encoding, compressed("x".repeat(size))).build())
                    assertEquals(minOf(size, 1_025), OkHttpTransport().send(request()).body.size)
                }
                // Nothing is in it, not even what would say so.
                server.enqueue(coded(encoding, ByteArray(0)).build())
                assertEquals(0, OkHttpTransport().send(request()).body.size)
            }
        }

    @Test
    fun `nobody listens`() {
        val port = ServerSocket(0).use { it.localPort }
        assertThrows<NotSent> { OkHttpTransport().send(request(url = "http://127.0.0.1:$port/")) }
    }

    @Test
    fun `no such name`() {
        assertThrows<NotSent> { OkHttpTransport().send(request(url = "http://nobody.invalid/")) }
    }

    @Test
    fun `TLS that fails`() {
        odd("HTTP/1.1 400 Bad Request\r\n\r\n") { port ->
            assertThrows<NotSent> { OkHttpTransport().send(request(url = "https://127.0.0.1:$port/")) }
        }
    }

    @Test
    fun `too late within TLS`() {
        odd(null) { port ->
            val asked = request(url = "https://127.0.0.1:$port/", sendWithin = 200)
            assertThrows<TooLate> { OkHttpTransport().send(asked) }
        }
    }

    @Test
    fun `too late before connecting`() {
        assertThrows<TooLate> { OkHttpTransport().send(request(sendWithin = 0)) }
        assertEquals(0, server.requestCount)
    }

    @Test
    fun `too late after connecting`() {
        // A name that takes its time.
        val slow = OkHttpClient.Builder().dns { name ->
            Thread.sleep(150).let { okhttp3.Dns.SYSTEM.lookup(name) }
        }.build()
        assertThrows<TooLate> {
            OkHttpTransport(slow).send(request(url = "http://localhost:${server.port}/", sendWithin = 100))
        }
        assertEquals(0, server.requestCount)
    }

    @TestFactory
    fun `nobody knows whether it was handled`() =
        mapOf(
            "reset after the request" to MockResponse.Builder().onResponseStart(SocketEffect.CloseSocket()),
            "silence" to MockResponse.Builder().onResponseStart(SocketEffect.Stall),
            "cut in the body" to MockResponse.Builder().body(
                "x".repeat(900),
            ).onResponseBody(SocketEffect.CloseSocket()),
            "cut in what is compressed" to coded("gzip", gzip("körper").dropLast(5).toByteArray()),
            "not compressed, as it says" to coded("gzip", "körper".toByteArray()),
            "a body that stalls" to MockResponse.Builder().body("x".repeat(900)).onResponseBody(SocketEffect.Stall),
        ).map { (name, answer) ->
            dynamicTest(name) {
                restart()
                repeat(2) { server.enqueue(answer.build()) }
                val error = assertThrows<IOException> { OkHttpTransport().send(request(listenFor = 200)) }
                assertFalse(error is NotSent || error is TooLate, "$error")
                assertEquals(1, server.requestCount)
            }
        }

    private fun gzip(text: String): ByteArray =
        ByteArrayOutputStream().also { GZIPOutputStream(it).use { out -> out.write(text.toByteArray()) } }.toByteArray()

    private fun deflated(text: String, by: Deflater = Deflater()): ByteArray =
        ByteArrayOutputStream().also { out -> DeflaterOutputStream(out, by).use { it.write(text.toByteArray()) } }
            .toByteArray()

    private fun coded(name: String, body: ByteArray) =
        MockResponse.Builder().addHeader("Content-Encoding", name).body(Buffer().write(body))

    /** A server that says this to whoever comes, or nothing. */
    private fun odd(says: String?, work: (Int) -> Unit) =
        ServerSocket(0).use { server ->
            val answering =
                thread {
                    server.accept().use { socket ->
                        socket.getInputStream().read()
                        if (says != null) socket.getOutputStream().write(says.toByteArray())
                        // Until the other end is closed.
                        if (says == null) while (socket.getInputStream().read() >= 0) Unit
                    }
                }
            work(server.localPort)
            answering.join()
        }

    private val insisting =
        Authenticator { _, response ->
            response.request.newBuilder().header("Authorization", Credentials.basic("x", "y")).build()
        }

    private fun request(
        method: String = "POST",
        url: String = server.url("/token").toString(),
        body: String = "",
        sendWithin: Long = 60_000,
        listenFor: Long = 60_000,
    ): Request {
        val headers = mapOf("content-type" to "application/x-www-form-urlencoded", "authorization" to "Basic eDp5")
        val sendBy = SystemClock.ticks() + sendWithin
        return Request(method, url, headers, body.toByteArray(), sendBy, listenFor, 1_024, SystemClock)
    }
}
