package dev.evergrant.tests

import dev.evergrant.CallbackRefused
import dev.evergrant.Denied
import dev.evergrant.EvergrantException
import dev.evergrant.HostFailed
import dev.evergrant.Misconfigured
import dev.evergrant.Misuse
import dev.evergrant.ReauthenticationRequired
import dev.evergrant.ServerMisbehaved
import dev.evergrant.Standing
import dev.evergrant.Status
import dev.evergrant.Store
import dev.evergrant.StoreUnavailable
import dev.evergrant.TryLater
import dev.evergrant.Write
import dev.evergrant.machine.BrowserProof
import dev.evergrant.machine.Cause
import dev.evergrant.machine.Disconnect
import dev.evergrant.machine.Method
import dev.evergrant.machine.Secret
import dev.evergrant.okhttp.NoToken
import dev.evergrant.stores.FileStore
import dev.evergrant.stores.MemoryStore
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.serialization.json.put
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertSame
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows
import org.junit.jupiter.api.io.TempDir
import java.nio.file.Path

/** The life of a connection, over real HTTP. */
class LifecycleTest {
    private val authority = Authority.start()

    @TempDir lateinit var directory: Path

    @AfterEach fun end() = authority.close()

    @Test
    fun `a whole life`() = running {
        val world = World(authority, FileStore(directory))
        refused<Denied>("denied_not_connected") { world.connection.token() }
        assertEquals(Status(Standing.DISCONNECTED), world.connection.status())

        // Authorize, redirect, exchange, API call.
        val done = world.connect()
        assertEquals(
            listOf(TENANT, "expenses:read users:read", "/settings"),
            listOf(done.tenant, done.scope, done.returnContext),
        )
        assertEquals(Status(Standing.AUTHORIZED), world.connection.status())
        val first = world.connection.token()
        assertSame(first, world.connection.token())
        assertEquals(200, world.get())

        // Only the API's origin is given the token.
        assertEquals(first.expose(), world.connection.authorization(world.url))
        val base = authority.base
        val written = base.replace("http://127.0.0.1", "HTTP://127.0.0.1") + "/v1"
        assertEquals(first.expose(), world.connection.authorization(written))
        for (url in listOf(
            "https://elsewhere.example/",
            "${base}0/",
            "$base@evil.example/",
            "$base\\@evil.example",
            base.replace("http", "https"),
            "not a URL",
            "\ud800",
        )) {
            assertNull(world.connection.authorization(url), url)
        }

        // The access token expires: one refresh.
        world.advance(900)
        assertEquals(first.generation + 1, world.connection.token().generation)
        assertEquals(200, world.get())
        assertEquals(1, authority.stats()["refreshes_ok"])

        // The API refuses the token: one refresh, one replay.
        authority.control("revoke-access-tokens")
        assertEquals(200, world.get())
        assertEquals(first.generation + 2, world.connection.token().generation)
        assertEquals(2, authority.stats()["refreshes_ok"])

        // A new process goes on where the old one stood, without a refresh.
        world.restart()
        assertEquals(Status(Standing.AUTHORIZED), world.connection.status())
        assertEquals(first.generation + 2, world.connection.token().generation)
        assertEquals(2, authority.stats()["refreshes_ok"])

        // Disconnect; once more is no error.
        assertTrue(world.connection.disconnect())
        assertEquals(Status(Standing.DISCONNECTED), world.connection.status())
        world.connection.disconnect()
        // The access token is revoked after that, by and by.
        assertTrue(authority.stats()["revocations"] in 1..2)
        refused<Denied>("denied_not_connected") { world.connection.token() }

        // Authorize again; then the user ends the grant at the server.
        world.connect()
        authority.control("revoke-grants")
        val lost = assertThrows<NoToken> { world.get() }
        assertEquals(
            listOf<Any?>("reauthenticate_rejected", 101, TENANT),
            listOf(lost.cause.code, lost.cause.number, lost.cause.tenant),
        )
        assertTrue(lost.cause is ReauthenticationRequired)
        assertEquals(Status(Standing.REAUTHENTICATION_REQUIRED, Cause.REJECTED), world.connection.status())
        world.connect()
        assertEquals(200, world.get())
        val stats = authority.stats()
        assertEquals(listOf(3, 0), listOf(stats["code_exchanges_ok"], stats["replayed_refresh_tokens"]))
        val told = setOf("authorization_started", "grant_obtained", "refreshed", "disconnected", "grant_lost")
        assertTrue(world.codes().containsAll(told))
    }

    @Test
    fun `an app is a public client, and its redirect comes to itself`() = running {
        val app = app(authority, FileStore(directory))
        val begun = app.authorize(CALLBACK, scopes = listOf("users:read"))
        assertNull(begun.cookie)
        assertEquals("users:read", app.callback(browse(begun.url.expose())).scope)
        assertEquals(listOf("expenses:read"), app.missingScopes("users:read", "expenses:read"))
        assertTrue(app.authorization(authority.base + "/v1/expenses")!!.startsWith("Bearer "))
    }

    @Test
    fun `an app holds no client secret`() {
        val world = World(authority)
        val wrong = assertThrows<Misuse> { world.builder().host(dev.evergrant.Host.APP).build() }
        assertEquals("misuse_client_secret_in_app", wrong.code)
        val unsealed = assertThrows<Misuse> {
            dev.evergrant.Client.Builder(dev.evergrant.Provider.pleoStaging(), "id", { throw AssertionError() })
                .host(dev.evergrant.Host.SERVER).build()
        }
        assertEquals("misuse_sealing_missing", unsealed.code)
    }

    @Test
    fun `a redirect in another process`() = running {
        val world = World(authority)
        val begun = world.connection.authorize(CALLBACK)
        val cookie = begun.cookie!!
        val value = cookie.value.expose()
        assertEquals(
            "${cookie.name}=$value; Path=/callback; Max-Age=${cookie.maxAge}; HttpOnly; SameSite=Lax",
            cookie.expose(),
        )
        assertTrue(cookie.maxAge in 500..600)
        val redirect = browse(begun.url.expose())
        world.restart()
        for (cookies in listOf(
            null,
            mapOf(),
            mapOf(cookie.name to "guessed"),
            mapOf(cookie.name to "\udcff"),
            mapOf(cookie.name to ""),
            mapOf("another" to value),
        )) {
            refused<CallbackRefused>("callback_binding_mismatch") { world.connections.callback(redirect, cookies) }
        }
        for ((url, code) in listOf(
            redirect.replace("state=", "state=x") to "callback_state_unknown",
            CALLBACK to "callback_unreadable",
            redirect + "\udcff" to "callback_unreadable",
            "$CALLBACK?code=1" to "callback_state_missing",
        )) {
            refused<CallbackRefused>(code) { world.connections.callback(url, mapOf(cookie.name to value)) }
        }
        assertEquals(TENANT, world.connections.callback(redirect, mapOf(cookie.name to value)).tenant)
        refused<CallbackRefused>("callback_state_used") {
            world.connections.callback(redirect, mapOf(cookie.name to value))
        }
        assertEquals(200, world.get())
        assertEquals(1, authority.stats()["code_exchanges_ok"])
    }

    @Test
    fun `denied by the person`() = running {
        val world = World(authority)
        authority.control("deny-next")
        val told = refused<Denied>("denied_access") { world.connect() }
        assertEquals(listOf("access_denied", "/settings", TENANT), listOf(told.error, told.returnContext, told.tenant))
    }

    @Test
    fun cancelled() = running {
        val world = World(authority)
        val begun = world.connection.authorize(CALLBACK)
        assertEquals(Standing.AUTHORIZING, world.connection.status().standing)
        val redirect = browse(begun.url.expose())
        world.connection.cancel(begun.id)
        assertTrue("authorization_cancelled" in world.codes())
        assertThrows<CallbackRefused> {
            world.connections.callback(Secret(redirect), BrowserProof.Binding(begun.cookie!!.value))
        }
        // What was given is the caller's, and still good.
        assertTrue(begun.cookie!!.value.expose().isNotEmpty())
    }

    @Test
    fun `what a caller does wrong`() = running {
        val world = World(authority)
        val connection = world.connection
        refused<Misuse>("misuse_redirect_uri_not_registered") { connection.authorize("https://elsewhere.example/") }
        refused<Misuse>("misuse_scope_not_registered") { connection.authorize(CALLBACK, scopes = listOf("admin")) }
        refused<Misuse>("misuse_parameter_reserved") {
            connection.authorize(CALLBACK, extra = mapOf("state" to "mine"))
        }
        refused<Misuse>("misuse_packed_invalid") { connection.authorize(CALLBACK, returnContext = "\ud800") }
        refused<Misuse>("misuse_api_keys_unsupported") { connection.enterKey(Secret("key")) }
        refused<Misuse>("misuse_packed_invalid") { connection.token(-1) }
        refused<Misuse>("misuse_tenant_invalid") { world.connections[""] }
        refused<Misuse>("misuse_tenant_invalid") { world.connections["\ud800"] }
        world.connect()
        refused<Misuse>("misuse_packed_invalid") { connection.apiAnswered(connection.token(), -1) }
        assertEquals(200, world.get())
    }

    @Test
    fun `what the API says`() = running {
        val world = World(authority)
        val connection = world.connection
        world.connect()
        val token = connection.token()
        assertNull(connection.apiAnswered(token, 404))
        val scope = mapOf("WWW-Authenticate" to listOf("Bearer error=\"insufficient_scope\""))
        val forbidden = connection.apiAnswered(token, 403, scope)
        assertTrue(forbidden is Denied && forbidden.code == "denied_insufficient_scope")
        val later = connection.apiAnswered(token, 429, mapOf("retry-after" to listOf("7")))
        assertTrue(later is TryLater && later.retryAt!! > world.clock.now() + 5_000)
        // A token that has been refreshed for being refused is not refreshed once more.
        assertNull(connection.apiAnswered(token, 401))
        assertTrue(connection.apiAnswered(connection.token(), 401) is ServerMisbehaved)
        assertEquals(1, authority.stats()["refreshes_ok"])
    }

    @Test
    fun `a late 401 of an older token`() = running {
        val world = World(authority)
        world.connect()
        val old = world.connection.token()
        world.advance(900)
        val new = world.connection.token()
        assertNull(world.connection.apiAnswered(old, 401))
        assertEquals(new.generation, world.connection.token().generation)
        assertEquals(1, authority.stats()["refreshes_ok"])
    }

    @Test
    fun `a wrong clock`() = running {
        val world = World(authority)
        world.connect()
        for (hours in listOf(-5L, 5L, 0L)) {
            world.clock.ahead = hours * 3_600_000
            assertEquals(200, world.get())
        }
        // While the host's clock stands still.
        authority.control("advance") { put("seconds", 900) }
        assertEquals(200, world.get())
        assertEquals(Status(Standing.AUTHORIZED), world.connection.status())
        assertEquals(0, authority.stats()["replayed_refresh_tokens"])
    }

    @Test
    fun `a wrong client`() = running {
        val world = World(authority)
        world.connect()
        world.restart { clientSecret(Secret("not the one")) }
        world.advance(900)
        refused<Misconfigured>("misconfigured_invalid_client") { world.connection.token() }
        world.restart()
        assertEquals(200, world.get())
    }

    @Test
    fun `what nobody uses is maintained`() = running {
        val world = World(authority)
        assertNull(world.connection.maintain())
        world.connect()
        val due = world.connection.maintain()!!
        assertEquals(0, authority.stats()["refreshes_ok"])
        world.restart()
        world.advance((due - world.clock.now()) / 1_000 + 1)
        val later = world.connection.maintain()!!
        assertTrue(later > due)
        assertEquals(1, authority.stats()["refreshes_ok"])
        authority.control("revoke-grants")
        world.restart()
        world.advance((later - world.clock.now()) / 1_000 + 1)
        assertThrows<ReauthenticationRequired> { world.connection.maintain() }
    }

    @Test
    fun `statuses flow`() = running {
        val world = World(authority)
        val seen = mutableListOf<Standing>()
        val watching = launch(Dispatchers.Unconfined) { world.connection.statuses.collect { seen += it.standing } }
        world.connection.statuses.first { it.standing == Standing.DISCONNECTED }
        world.connect()
        // What is between may be passed over, what is last is not.
        world.connection.statuses.first { it.standing == Standing.AUTHORIZED }
        world.connection.disconnect()
        world.connection.statuses.first { it.standing == Standing.DISCONNECTED }
        watching.cancelAndJoin()
        assertEquals(listOf(Standing.DISCONNECTED, Standing.DISCONNECTED), listOf(seen.first(), seen.last()))
        assertTrue(Standing.AUTHORIZED in seen)
        assertTrue(seen.zipWithNext().none { (one, next) -> one == next })
    }

    @Test
    fun `a disconnect that the server does not take`() = running {
        val world = World(authority)
        world.connect()
        authority.fault("/oauth/revoke", times = 9) {
            put("kind", "answer")
            put("status", 400)
        }
        assertEquals(false, world.connection.disconnect())
        assertEquals(Status(Standing.DISCONNECTED), world.connection.status())
    }

    @Test
    fun `an installation is deleted`() = running {
        val ended = Disconnect.ApiRequest(Method.DELETE, "${authority.base}/v1/installations/me", true)
        val world = World(authority, provider = { disconnect(ended) })
        world.connect()
        assertTrue(world.connection.disconnect())
        assertEquals(1, authority.stats()["installations_deleted"])
    }

    @Test
    fun `a store out of reach`() = running {
        val inner = MemoryStore()
        var error: RuntimeException? = null
        val broken = Store { key, expected, write -> error?.let { throw it } ?: inner.swap(key, expected, write) }
        val world = World(authority, broken)
        world.connect()
        val token = world.connection.token()
        for (problem in listOf(StoreUnavailable("nobody is there"), IllegalStateException("a bug, hidden-record"))) {
            error = problem
            // What is known goes on.
            assertSame(token, world.connection.token())
            val slow = refused<TryLater>("try_later_store_slow") { world.connection.authorize(CALLBACK) }
            assertTrue(slow.description in listOf("nobody is there", "IllegalStateException"))
            assertTrue("hidden-record" !in slow.stackTraceToString())
        }
        error = StoreUnavailable("nobody is there")
        assertEquals("nobody is there", assertThrows<HostFailed> { world.connection.status() }.description)
        assertThrows<StoreUnavailable> { world.connections.callback("$CALLBACK?state=1&code=2") }
        error = null
        world.connection.authorize(CALLBACK)
    }

    @Test
    fun `a record that is none`() = running {
        val world = World(authority)
        world.store.swap(world.connection.storeKey, null, Write("not a record".toByteArray(), null, null))
        refused<HostFailed>("host_record_unreadable") { world.connection.token() }
        refused<HostFailed>("host_record_unreadable") { world.connection.status() }
        refused<HostFailed>("host_record_unreadable") { world.connection.disconnect() }
    }

    @Test
    fun `one object for each tenant`() {
        val world = World(authority)
        val connections = dev.evergrant.Connections(world.client, world.store, keep = 2)
        val held = connections["1"]
        assertSame(connections["2"], connections["2"])
        connections["3"]
        connections["4"]
        assertSame(held, connections["1"])
    }

    @Test
    fun `a listener that fails`() = running {
        val world = World(authority, more = { onNotice { error(it.code) } })
        world.connect()
        assertEquals(200, world.get())
    }
}

/** That it is refused by this code; what was thrown. */
inline fun <reified T : EvergrantException> refused(code: String, work: () -> Any?): T {
    val error = assertThrows<T> { work() }
    assertEquals(code, error.code)
    return error
}
