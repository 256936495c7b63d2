package dev.evergrant.okhttp

import dev.evergrant.Answer
import dev.evergrant.NotSent
import dev.evergrant.Request
import dev.evergrant.TooLate
import dev.evergrant.Transport
import okhttp3.Authenticator
import okhttp3.Call
import okhttp3.ConnectionPool
import okhttp3.CookieJar
import okhttp3.EventListener
import okhttp3.OkHttpClient
import okio.Buffer
import java.io.IOException
import java.util.concurrent.TimeUnit.MILLISECONDS

/**
 * The client's own requests by OkHttp: with a client's proxy, DNS, certificates and pins. What it
 * adds to requests (interceptors, cookies, cache, credentials, redirects) is not used, and nothing
 * is sent twice.
 *
 * | what happens | is told as |
 * |---|---|
 * | the name cannot be resolved; nobody listens; TLS, a certificate or a proxy's tunnel fails | [NotSent] |
 * | the time to send has passed before all that was done | [TooLate] |
 * | anything after the request was handed to the connection: reset, timeout, a cut answer | another `IOException` |
 */
public class OkHttpTransport : Transport {
    private val client: OkHttpClient

    /** With what OkHttp has by itself. */
    public constructor() : this(OkHttpClient())

    /** With the ways of a client of yours. */
    public constructor(client: OkHttpClient) {
        val own = client.newBuilder()
        own.interceptors().clear()
        own.networkInterceptors().clear()
        this.client =
            own
                .addInterceptor(Attempt::connect)
                .addNetworkInterceptor(Attempt::send)
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
    }

    override fun send(request: Request): Answer {
        val attempt = Attempt(request)
        val call = client.newCall(attempt.asked())
        call.timeout().timeout(request.millisToSend() + request.listenFor, MILLISECONDS)
        val watch = Watchdog.after(request.millisToSend()) { attempt.giveUp(call) }
        try {
            return answer(call, attempt)
        } catch (error: IOException) {
            throw attempt.judged(error)
        } finally {
            watch.cancel(false)
        }
    }

    override fun toString(): String = "OkHttpTransport"

    private fun answer(call: Call, attempt: Attempt): Answer =
        call.execute().use { response ->
            val most = attempt.request.answerLimit + 1L
            val body = Buffer()
            response.decompressed().use {
                while (body.size < most) if (it.read(body, most - body.size) < 0) break
            }
            Answer(response.code, attempt.headers.toMultimap(), body.readByteArray())
        }
}
