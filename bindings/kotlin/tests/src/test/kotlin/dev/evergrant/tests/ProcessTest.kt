package dev.evergrant.tests

import dev.evergrant.CallbackRefused
import dev.evergrant.EvergrantException
import dev.evergrant.Token
import kotlinx.serialization.json.put
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory
import org.junit.jupiter.api.io.TempDir
import java.nio.file.Files
import java.nio.file.Path

/** Processes that are killed at any point, or end; and those that come after them. */
class ProcessTest {
    private val authorities = mutableListOf<Authority>()

    @TempDir lateinit var directory: Path

    @AfterEach fun end() = authorities.forEach { it.close() }

    @Test
    fun `killed while the browser is open`() {
        val place = Place()
        val url =
            place.dying("authorize", "nowhere").use { process ->
                process.line().also { process.reaches() }
            }
        val done = place.next().callback(browse(url))
        assertEquals(listOf("me", "/settings"), listOf(done.tenant, done.returnContext))
        assertEquals(200, place.get(place.next().token()))
    }

    @TestFactory
    fun `killed while an authorization begins`(): List<DynamicTest> =
        listOf("write 1 before", "write 1 after").map { point ->
            dynamicTest(point) {
                val place = Place()
                place.dying("authorize", point).use { it.reaches() }
                // Nobody has seen its URL: the person presses Connect again.
                place.connect()
                assertEquals(200, place.get(place.next().token()))
            }
        }

    @TestFactory
    fun `killed in an exchange`(): List<DynamicTest> =
        listOf(
            "write 1 before",
            "write 1 after",
            "write 2 before",
            "write 2 after",
            "send 1 before",
            "send 1 after",
            "write 3 before",
            "write 3 after",
        ).map { point ->
            dynamicTest(point) {
                val place = Place()
                val redirect = browse(place.next().authorize(CALLBACK).url.expose())
                place.dying(redirect, point).use { it.reaches() }
                when (point) {
                    // The pending authorization has not been used up: the same redirect is good.
                    "write 1 before" -> place.next().callback(redirect)
                    "write 3 after" -> Unit
                    // The code may have been used: nothing of it is tried again.
                    else -> {
                        refused<CallbackRefused>("callback_state_used") { place.next().callback(redirect) }
                        place.connect()
                    }
                }
                assertEquals(200, place.get(place.next().token()))
            }
        }

    @TestFactory
    fun `killed in mid-refresh`(): List<DynamicTest> =
        listOf(
            "write 1 before",
            "write 1 after",
            "send 1 before",
            "send 1 after",
            "write 2 before",
            "write 2 after",
        ).map { point ->
            dynamicTest(point) {
                val place = Place()
                place.connect()
                val first = place.next().token().generation
                place.expire()
                place.dying("token", point).use { it.reaches() }
                val next = outcome { place.next().token() }
                when (point) {
                    // The server has not seen it: refreshed, at most one takeover later.
                    "write 1 before", "write 1 after", "send 1 before" -> assertEquals(first + 1, next.generation)
                    // It is in the store.
                    "write 2 after" -> assertEquals(first + 1, next.generation)
                    // The only copy died with the process.
                    else -> {
                        assertEquals("reauthenticate_lost_reply", next.code)
                        place.connect()
                    }
                }
                assertEquals(200, place.get(place.next().token()))
                val replayed = place.authority.stats()["replayed_refresh_tokens"]
                assertEquals(if (next.code == null) 0 else 1, replayed)
            }
        }

    @TestFactory
    fun `a process that ends listens a refresh out`(): List<DynamicTest> =
        listOf("return", "exit", "throw", "terminate", "while the store is away").map { end ->
            dynamicTest(end) {
                val place = Place()
                place.connect()
                val first = place.next().token().generation
                place.authority.faultOnRefresh {
                    put("kind", "delay_reply")
                    put("ms", 900)
                }
                place.expire()
                place.ending(end).use {
                    val away = end == "while the store is away"
                    assertEquals(if (away) "try_later_store_slow" else "try_later_busy", it.line())
                    if (end == "terminate") it.terminate()
                    val code = mapOf("exit" to 3, "throw" to 1, "terminate" to 143)
                    assertEquals(code[end] ?: 0, it.await())
                }
                assertEquals(first + 1, place.next().token().generation)
                assertEquals(1, place.authority.stats()["refreshes_ok"])
            }
        }

    /** A folder for a store, an authority, and processes between them. */
    private inner class Place {
        val authority = Authority.start().also { authorities += it }
        private var ahead = 0L
        private val path: String = Files.createTempDirectory(directory, "").toString()

        fun dying(wish: String, point: String) =
            Child.start("dev.evergrant.tests.Dying", authority.base, path, "$ahead", wish, point)

        fun ending(end: String) = Child.start("dev.evergrant.tests.Ending", authority.base, path, "$ahead", end)

        /** A new process: this one, which knows nothing. */
        fun next() = Dying.app(authority.base, path, ahead).blocking

        fun connect() {
            next().callback(browse(next().authorize(CALLBACK).url.expose()))
        }

        /** The access token is over. */
        fun expire() {
            ahead += 900_000
            authority.control("advance") { put("seconds", 900) }
        }

        fun get(token: Token): Int {
            val request = okhttp3.Request.Builder().url("${authority.base}/v1/expenses")
            return browser.newCall(request.header("Authorization", token.expose()).build()).execute().use { it.code }
        }
    }

    private class Outcome(val generation: Long?, val code: String?)

    private fun outcome(token: () -> Token): Outcome =
        try {
            Outcome(token().generation, null)
        } catch (error: EvergrantException) {
            Outcome(null, error.code)
        }

    private fun Child.reaches() {
        assertEquals("here", line())
        kill()
    }
}
