package dev.evergrant.tests

import dev.evergrant.Authorized
import dev.evergrant.Client
import dev.evergrant.Clock
import dev.evergrant.Connection
import dev.evergrant.Connections
import dev.evergrant.Host
import dev.evergrant.Notice
import dev.evergrant.Provider
import dev.evergrant.Store
import dev.evergrant.SystemClock
import dev.evergrant.Transport
import dev.evergrant.TryLater
import dev.evergrant.machine.IssPolicy
import dev.evergrant.machine.Secret
import dev.evergrant.okhttp.OkHttpTransport
import dev.evergrant.okhttp.evergrant
import dev.evergrant.stores.MemoryStore
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.put
import okhttp3.OkHttpClient
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.CountDownLatch

const val CALLBACK = "http://127.0.0.1:49152/callback"
const val TENANT = "tenant 42/ü"
const val CLIENT_SECRET = "s3cret/%:+é"

/** The clocks, and what a test has added to them. */
class MovedClock : Clock by SystemClock {
    @Volatile var ahead = 0L

    override fun now(): Long = System.currentTimeMillis() + ahead

    // A delegate's own would not be moved.
    override fun ticks(): Long = SystemClock.ticks()
}

/** A host's program on a server, and the authority that it talks to. */
class World(
    val authority: Authority,
    val store: Store = MemoryStore(),
    val provider: Provider.Builder.() -> Unit = {},
    val more: Client.Builder.() -> Unit = {},
) {
    val clock = MovedClock()
    var transport: Transport = OkHttpTransport()
    val notices = CopyOnWriteArrayList<Notice>()
    lateinit var client: Client
    lateinit var connections: Connections
    lateinit var connection: Connection
    lateinit var api: OkHttpClient

    init {
        restart()
    }

    /** A new process: everything but the store is lost. */
    fun restart(more: Client.Builder.() -> Unit = {}) {
        client = builder().apply(this.more).apply(more).build()
        connections = Connections(client, store)
        connection = connections[TENANT]
        api = OkHttpClient.Builder().evergrant(connection).build()
    }

    fun builder(): Client.Builder {
        val provider = providerOf(authority).apply(provider).build()
        return Client.Builder(provider, "demo client+1", transport)
            .host(Host.SERVER)
            .clientSecret(Secret(CLIENT_SECRET))
            .redirectUri("http://127.0.0.1/callback")
            .scopes("expenses:read", "users:read")
            .plain()
            .clock(clock)
            .timeoutMillis(60_000)
            .onNotice(notices::add)
    }

    val url get() = authority.base + "/v1/expenses"

    /** A person goes through the browser, and comes back. */
    suspend fun connect(connection: Connection = this.connection): Authorized {
        val begun = connection.authorize(CALLBACK, returnContext = "/settings")
        val cookie = begun.cookie!!
        return connections.callback(browse(begun.url.expose()), mapOf(cookie.name to cookie.value.expose()))
    }

    fun advance(seconds: Long) {
        clock.ahead += seconds * 1_000
        authority.control("advance") { put("seconds", seconds) }
    }

    /** The status of an API call by OkHttp. */
    fun get(): Int = api.get(url).use { it.code }

    fun codes() = notices.map { it.code }
}

fun providerOf(authority: Authority, api: String = authority.base): Provider.Builder {
    val base = authority.base
    return Provider.Builder("loopback", "$base/oauth/authorize", "$base/oauth/token", api)
        .issuer(base, IssPolicy.REQUIRED)
        .revocationEndpoint("$base/oauth/revoke")
        .loopbackHttp(true)
}

/** A host's program on a person's device: a public client, whose redirects come to itself. */
fun app(
    authority: Authority,
    store: Store,
    provider: Provider.Builder = providerOf(authority),
    transport: Transport = OkHttpTransport(),
    more: Client.Builder.() -> Unit = {},
): Connection {
    val client =
        Client.Builder(provider.build(), "demo-public", transport)
            .redirectUri("http://127.0.0.1/callback")
            .scopes("expenses:read", "users:read")
            .plain()
            .timeoutMillis(60_000)
            .apply(more)
            .build()
    return Connections(client, store)["me"]
}

/** Waits until nothing is under way, longer than the client does. */
suspend fun Connection.settledAtLast() {
    while (true) {
        try {
            return settled()
        } catch (_: TryLater) {
            continue
        }
    }
}

/** Somebody comes here, and goes on when it is opened. */
class Gate {
    private val reached = CountDownLatch(1)
    private val opened = CountDownLatch(1)

    val isReached get() = reached.count == 0L

    fun pass() {
        reached.countDown()
        opened.await()
    }

    fun awaitArrival() = reached.await()

    fun open() = opened.countDown()
}

/** A test that waits. It answers nothing, or JUnit would pass it over. */
fun running(test: suspend CoroutineScope.() -> Unit) {
    runBlocking { test() }
}
