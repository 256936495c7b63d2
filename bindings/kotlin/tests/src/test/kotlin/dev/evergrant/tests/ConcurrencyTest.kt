package dev.evergrant.tests

import dev.evergrant.Answer
import dev.evergrant.Awake
import dev.evergrant.Client
import dev.evergrant.Connections
import dev.evergrant.Standing
import dev.evergrant.Store
import dev.evergrant.StoreUnavailable
import dev.evergrant.Transport
import dev.evergrant.TryLater
import dev.evergrant.sqlite.SqliteStore
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.put
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows
import org.junit.jupiter.api.io.TempDir
import java.nio.file.Path
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CyclicBarrier
import java.util.concurrent.Executors
import java.util.concurrent.atomic.AtomicInteger
import kotlin.concurrent.thread

/** Many callers, and callers who go: one refresh for all, and none is lost. */
class ConcurrencyTest {
    private val authority = Authority.start()

    @TempDir lateinit var directory: Path
    private lateinit var store: SqliteStore
    private lateinit var world: World
    private var first = 0L

    @BeforeEach
    fun connect() {
        store = SqliteStore(directory.resolve("store.db"))
        world = World(authority, store)
        runBlocking { world.connect() }
        first = world.connection.blocking.token().generation
    }

    @AfterEach
    fun end() {
        authority.close()
        store.close()
    }

    @Test
    fun `32 threads refresh once`() {
        slowRefresh()
        val tokens = together(32) { world.connection.blocking.token() }
        assertEquals(1, tokens.distinctBy { System.identityHashCode(it) }.size)
        refreshedOnce()
    }

    @Test
    fun `32 coroutines refresh once`() = running {
        slowRefresh()
        val tokens = (1..32).map { async(Dispatchers.Default) { world.connection.token() } }.awaitAll()
        assertEquals(1, tokens.distinctBy { System.identityHashCode(it) }.size)
        refreshedOnce()
    }

    @Test
    fun `32 threads are refused once`() {
        authority.control("revoke-access-tokens")
        assertEquals(setOf(200), together(32) { world.get() }.toSet())
        refreshedOnce()
    }

    @Test
    fun `as many workers over one store`() {
        slowRefresh()
        val workers = List(8) { Connections(world.client, SqliteStore(directory.resolve("store.db")))[TENANT] }
        val tokens = together(8) { workers[it].blocking.token() }
        assertEquals(setOf(first + 1), tokens.map { it.generation }.toSet())
        refreshedOnce()
    }

    @Test
    fun `different wishes at once`() {
        val others = List(4) { world.connections["tenant $it"] }
        val right =
            together(12) { number ->
                val connection = others[number % 4]
                val begun = connection.blocking.authorize(CALLBACK, number.toString())
                val cookie = begun.cookie!!
                val cookies = mapOf(cookie.name to cookie.value.expose())
                val done = world.connections.blocking.callback(browse(begun.url.expose()), cookies)
                done.tenant == connection.tenant && done.returnContext == number.toString()
            }
        assertTrue(right.all { it })
    }

    @Test
    fun `a caller who waits no longer`() = running {
        val answer = heldRefresh { timeoutMillis(1) }
        val connection = world.connection
        val busy = refused<TryLater>("try_later_busy") { connection.token() }
        assertTrue(busy.retryAt!! > world.clock.now())
        answer.open()
        connection.settledAtLast()
        refreshedOnce()
    }

    @Test
    fun `callers who are cancelled`() = running {
        val answer = heldRefresh()
        val callers = List(3) { async(Dispatchers.Default) { world.connection.token() } }
        answer.awaitArrival()
        callers.take(2).forEach { it.cancelAndJoin() }
        answer.open()
        assertEquals(first + 1, callers[2].await().generation)
        refreshedOnce()
    }

    @Test
    fun `all callers are cancelled, and the answer is stored`() = running {
        val answer = heldRefresh()
        val connection = world.connection
        val caller = async(Dispatchers.Default) { connection.token() }
        answer.awaitArrival()
        caller.cancelAndJoin()
        answer.open()
        connection.settled()
        refreshedOnce()
    }

    @Test
    fun `a caller who is interrupted`() {
        val answer = heldRefresh()
        val connection = world.connection
        val ended = CompletableFuture<Throwable>()
        val caller = thread { runCatching { connection.blocking.token() }.exceptionOrNull().let(ended::complete) }
        answer.awaitArrival()
        caller.interrupt()
        assertTrue(ended.get() is InterruptedException)
        answer.open()
        runBlocking { connection.settled() }
        refreshedOnce()
    }

    @Test
    fun `a connection that is forgotten in the midst of a refresh`() = running {
        val answer = heldRefresh()
        val caller = async(Dispatchers.Default) { Connections(world.client, store)[TENANT].token() }
        answer.awaitArrival()
        caller.cancelAndJoin()
        System.gc()
        answer.open()
        // Whoever comes next waits for the store to have it, not for the dead.
        refreshedOnce()
    }

    @Test
    fun `a disconnect whose caller has gone before its turn`() = running {
        val turn = Gate()
        val held = Store { key, expected, write -> turn.pass().let { store.swap(key, expected, write) } }
        val connection = Connections(world.builder().timeoutMillis(1).build(), held)[TENANT]
        refused<TryLater>("try_later_busy") { connection.token() }
        refused<TryLater>("try_later_busy") { connection.disconnect() }
        refused<TryLater>("try_later_busy") { connection.authorize(CALLBACK) }
        val begun = world.codes().count { it == "authorization_started" }
        turn.open()
        connection.settledAtLast()
        assertEquals(Standing.DISCONNECTED, world.connection.status().standing)
        // What nobody waits for any more is not begun, unless it is to end something.
        assertEquals(begun, world.codes().count { it == "authorization_started" })
    }

    @Test
    fun `a store that is silent when the answer has come`() = running {
        val answer = heldRefresh()
        val failures = AtomicInteger()
        val flaky =
            Store { key, expected, write ->
                if (write != null && answer.isReached && failures.incrementAndGet() == 1) throw StoreUnavailable("away")
                store.swap(key, expected, write)
            }
        answer.open()
        assertEquals(first + 1, Connections(world.client, flaky)[TENANT].token().generation)
        assertTrue(failures.get() >= 2)
        refreshedOnce()
    }

    @Test
    fun `a transport that answers nonsense`() = running {
        world.advance(900)
        world.transport = Transport { Answer(70_000, emptyMap(), ByteArray(0)) }
        world.restart()
        assertThrows<TryLater> { world.connection.token() }
        assertEquals(0, authority.stats()["refreshes_ok"])
    }

    @Test
    fun `a transport and a store that break`() =
        running {
            world.advance(900)
            world.transport = Transport { throw NoClassDefFoundError("somebody's") }
            world.restart()
            assertThrows<TryLater> { world.connection.token() }
            val broken = Store { _, _, _ -> throw StackOverflowError() }
            assertEquals(
                "StackOverflowError",
                assertThrows<TryLater> {
                    Connections(world.client, broken)["other"].token()
                }.description,
            )
        }

    @Test
    fun `the device is kept awake from the intent to the answer stored`() = running {
        val held = AtomicInteger()
        val most = AtomicInteger()
        val awake =
            Awake {
                most.accumulateAndGet(held.incrementAndGet(), ::maxOf)
                AutoCloseable { held.decrementAndGet() }
            }
        var atWrite = 1
        val watched =
            Store { key, expected, write ->
                if (write != null) atWrite = minOf(atWrite, held.get())
                store.swap(key, expected, write)
            }
        world.advance(900)
        val client = world.builder().awake(awake).build()
        val connection = Connections(client, watched)[TENANT]
        assertEquals(first + 1, connection.token().generation)
        connection.settled()
        assertEquals(listOf(0, 1, 1), listOf(held.get(), most.get(), atWrite))
    }

    /** The next refresh is due, and its answer takes a while. */
    private fun slowRefresh() {
        world.advance(900)
        authority.faultOnRefresh {
            put("kind", "delay_reply")
            put("ms", 300)
        }
    }

    /** The next refresh is due, and its answer waits at the gate. */
    private fun heldRefresh(more: Client.Builder.() -> Unit = {}): Gate {
        world.advance(900)
        val gate = Gate()
        val inner = world.transport
        world.transport = Transport { request -> inner.send(request).also { gate.pass() } }
        world.restart(more)
        world.transport = inner
        return gate
    }

    /** Whoever comes next has the next token, and the server saw nothing odd. */
    private fun refreshedOnce() {
        world.restart()
        assertEquals(first + 1, world.connection.blocking.token().generation)
        assertEquals(200, world.get())
        val stats = authority.stats()
        val seen = listOf("refreshes_ok", "refreshes_refused", "replayed_refresh_tokens").map { stats[it] }
        assertEquals(listOf(1, 0, 0), seen)
    }

    private fun <T> together(count: Int, work: (Int) -> T): List<T> {
        val threads = Executors.newFixedThreadPool(count)
        val gate = CyclicBarrier(count)
        try {
            return (0 until count).map { threads.submit<T> { gate.await().let { _ -> work(it) } } }.map { it.get() }
        } finally {
            threads.shutdown()
        }
    }
}
