package dev.evergrant.okhttp

import dev.evergrant.Answer
import dev.evergrant.NotSent
import dev.evergrant.Request
import dev.evergrant.Transport
import java.io.IOException
import java.util.concurrent.TimeUnit.MILLISECONDS
import okhttp3.Authenticator
import okhttp3.ConnectionPool
import okhttp3.CookieJar
import okhttp3.EventListener
import okhttp3.Headers
import okhttp3.Interceptor
import okhttp3.OkHttpClient
import okhttp3.RequestBody.Companion.toRequestBody
import okhttp3.Response

/**
 * The client's own requests by OkHttp: with a client's proxy, DNS, certificates and pins. What it
 * adds to requests (interceptors, cookies, cache, credentials, redirects) is not used, and nothing
 * is sent twice.
 *
 * | what happens | is told as |
 * |---|---|
 * | the name cannot be resolved; nobody listens; TLS, a certificate or a proxy's tunnel fails | [NotSent] |
 * | the time to send has passed before or after connecting | [dev.evergrant.TooLate] |
 * | anything after the request was handed to the connection: reset, timeout, an answer that is cut short or no HTTP | another `IOException` |
 */
public class OkHttpTransport @JvmOverloads constructor(client: OkHttpClient = OkHttpClient()) : Transport {
    private val client =
        client
            .newBuilder()
            .apply { interceptors().clear() }
            .apply { networkInterceptors().clear() }
            .addInterceptor(::timed)
            .addNetworkInterceptor(::lastMoment)
            .eventListener(EventListener.NONE)
            .authenticator(Authenticator.NONE)
            .cookieJar(CookieJar.NO_COOKIES)
            .cache(null)
            .followRedirects(false)
            .followSslRedirects(false)
            .retryOnConnectionFailure(false)
            // None is kept: a request may be lost on one that the server had closed.
            .connectionPool(ConnectionPool(0, 1, MILLISECONDS))
            .build()

    override fun send(request: Request): Answer {
        val attempt = Attempt(request)
        val call = client.newCall(attempt.asked())
        call.timeout().timeout(request.millisToSend() + request.listenFor, MILLISECONDS)
        try {
            call.execute().use { response ->
                val most = request.answerLimit + 1L
                val source = response.body.source()
                source.request(most)
                val body = source.readByteArray(minOf(most, source.buffer.size))
                return Answer(response.code, attempt.headers.toMultimap(), body)
            }
        } catch (error: IOException) {
            throw if (attempt.mayHaveLeft || error is dev.evergrant.TooLate) error else NotSent(kindOf(error), error)
        }
    }

    override fun toString(): String = "OkHttpTransport"

    private class Attempt(val request: Request) {
        @Volatile var mayHaveLeft = false
        var headers = Headers.headersOf()

        fun asked(): okhttp3.Request {
            val builder = okhttp3.Request.Builder().url(request.url).tag(Attempt::class.java, this)
            // Else it would be compressed on the way, and no limit would hold.
            builder.header("accept-encoding", "identity")
            request.headers.forEach { (name, value) -> builder.header(name, value) }
            return builder.method(request.method, if (request.method == "POST") request.body.toRequestBody() else null).build()
        }
    }

    private companion object {
        fun timed(chain: Interceptor.Chain): Response {
            val request = chain.attempt().request
            return chain
                .withConnectTimeout(request.millisToSend().toInt(), MILLISECONDS)
                .withWriteTimeout(request.listenFor.toInt(), MILLISECONDS)
                .withReadTimeout(request.listenFor.toInt(), MILLISECONDS)
                .proceed(chain.request())
        }

        /** Connected, and no byte of the request has left. */
        fun lastMoment(chain: Interceptor.Chain): Response {
            val attempt = chain.attempt()
            if (attempt.mayHaveLeft) throw IOException("a second send")
            attempt.request.millisToSend()
            attempt.mayHaveLeft = true
            val response = chain.proceed(chain.request())
            attempt.headers = response.headers
            // OkHttp would repeat a request whose answer says "Retry-After: 0".
            return response.newBuilder().removeHeader("Retry-After").build()
        }

        fun Interceptor.Chain.attempt(): Attempt = checkNotNull(request().tag(Attempt::class.java))

        fun kindOf(error: Exception): String = error.javaClass.simpleName
    }
}
