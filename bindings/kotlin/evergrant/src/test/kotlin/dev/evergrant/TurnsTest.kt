package dev.evergrant

import dev.evergrant.machine.ApiKeyKind
import dev.evergrant.machine.Binding
import dev.evergrant.machine.BrowserProof
import dev.evergrant.machine.CompanyBinding
import dev.evergrant.machine.Input
import dev.evergrant.machine.Output
import dev.evergrant.machine.Secret
import dev.evergrant.stores.MemoryStore
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.ExperimentalCoroutinesApi
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.net.URI
import java.net.URLDecoder

/**
 * Whose an answer is, also after somebody has stopped waiting: the driver by hand, whose effects
 * are performed in whatever order a test wants.
 */
class TurnsTest {
    private val hand = Hand()

    @Test
    fun `an authorization that nobody waits for`() {
        val (abandoned, first) = hand.authorize("1")
        abandoned.cancel()
        val (other, none) = hand.authorize("2")
        assertTrue(none.isEmpty())
        hand.perform(first)
        val (done, effects) = hand.redirected(other.result())
        val exchange = hand.perform(effects).single()
        hand.perform(hand.driver.answered(exchange.op, tokens()))
        assertEquals("2", done.result().returnContext)
    }

    @Test
    fun `an authorization that runs out while another begins, however many were begun before`() {
        val old = hand.begun("0")
        repeat(70) { hand.perform(hand.wish<Unit> { cancel(it, Input.Cancel("unknown")) }.second) }
        hand.clock.ahead += 3_600_000
        val expiring = hand.driver.wake()
        val (beginning, effects) = hand.authorize("1")
        hand.perform(expiring)
        val last = hand.notices.last()
        assertEquals("authorization_expired" to old.authorization, last.code to last.authorization)
        assertFalse(beginning.isCompleted)
        hand.perform(effects)
        assertNotEquals(old.authorization, beginning.result().authorization)
    }

    @Test
    fun `an authorization that is given up before it has begun`() {
        hand.begun("0")
        val (beginning, effects) = hand.authorize("1")
        val (_, cancelling) = hand.wish<Unit> { cancel(it, Input.Cancel(null)) }
        assertEquals("denied_superseded", beginning.code())
        val (next, more) = hand.authorize("2")
        hand.perform(effects + cancelling + more)
        assertTrue(next.result().authorization.isNotEmpty())
    }

    @Test
    fun `a redirect that nobody waits for is refused`() {
        val forged = hand.begun("0")
        val (abandoned, refused) = hand.redirected(forged, BrowserProof.Binding(Secret("guessed")))
        abandoned.cancel()
        val (done, none) = hand.redirected(hand.begun("1"))
        assertTrue(none.isEmpty())
        val exchange = hand.perform(refused).single()
        hand.perform(hand.driver.answered(exchange.op, tokens()))
        assertEquals("1", done.result().returnContext)
    }

    @Test
    fun `one redirect that comes twice`() {
        // While the first one's code is exchanged others are judged; what comes of it is not said to
        // one that comes with a guessed cookie.
        val opened = hand.begun("0")
        val other = hand.begun("1")
        val (first, effects) = hand.redirected(opened)
        val exchange = hand.perform(effects).single()
        val (forged, judging) = hand.redirected(opened, BrowserProof.Binding(Secret("guessed")))
        val (waiting, none) = hand.redirected(other, BrowserProof.Binding(Secret("guessed")))
        assertTrue(judging.isNotEmpty() && none.isEmpty())
        hand.perform(hand.driver.answered(exchange.op, tokens()))
        assertEquals("0", first.result().returnContext)
        assertFalse(forged.isCompleted)
        hand.perform(judging)
        assertEquals(listOf("callback_state_used", "callback_binding_mismatch"), listOf(forged.code(), waiting.code()))
    }

    @Test
    fun `a key that nobody waits for makes room for the next one, which is not told of its end`() {
        val (abandoned, effects) = hand.enterKey("first")
        val asking = hand.perform(effects).single()
        abandoned.cancel()
        val (other, more) = hand.enterKey("second")
        val (third, none) = hand.enterKey("third")
        assertTrue(none.isEmpty())
        val askedAgain = hand.perform(more).single()
        assertFalse(other.isCompleted)
        assertTrue(hand.perform(hand.driver.answered(asking.op, told())).isEmpty())
        assertFalse(other.isCompleted)
        val last = hand.perform(hand.driver.answered(askedAgain.op, told())).single()
        assertEquals(COMPANY, other.result().company)
        hand.perform(hand.driver.answered(last.op, Answer(401, emptyMap(), ByteArray(0))))
        assertEquals("denied_key_invalid", third.code())
    }

    @Test
    fun `a key that can be none after one that nobody waits for`() {
        val (abandoned, effects) = hand.enterKey("first")
        val asking = hand.perform(effects).single()
        abandoned.cancel()
        assertEquals("denied_key_malformed", hand.enterKey("no key: this").first.code())
        // The first one is still being tried, and what comes of it is nobody's.
        hand.perform(hand.driver.answered(asking.op, told()))
        val (third, more) = hand.enterKey("third")
        hand.perform(hand.driver.answered(hand.perform(more).single().op, told()))
        assertEquals(COMPANY, third.result().company)
    }

    @Test
    fun `whoever waits for a machine that fails is told`() {
        val waiting = listOf(hand.authorize("1").first, hand.authorize("2").first, hand.enterKey("key").first)
        val error = IllegalStateException("a bug")
        hand.driver.fail(error)
        assertTrue(waiting.all { it.failure() === error })
        assertTrue(hand.begun("3").authorization.isNotEmpty())
    }

    /** Performs what the driver wants, except what is kept on its way. */
    private class Hand {
        val notices = mutableListOf<Notice>()
        val clock = Ahead()
        private val store = MemoryStore()
        val driver = Driver(client(), "t")

        fun <T> wish(wish: Driver.(Waiter<T>) -> List<Effect>): Pair<Waiter<T>, List<Effect>> {
            val waiter = CompletableDeferred<T>()
            return waiter to driver.wish(waiter)
        }

        /** All swaps; what is to be sent is handed back. */
        fun perform(effects: List<Effect>): List<Effect.Send> {
            val sends = mutableListOf<Effect.Send>()
            val left = ArrayDeque(effects)
            while (true) {
                when (val effect = left.removeFirstOrNull() ?: return sends) {
                    is Effect.Send -> sends += effect
                    is Effect.Swap ->
                        left.addAll(driver.swapped(effect.op, store.swap(effect.key, effect.expected, effect.write)))
                }
            }
        }

        fun authorize(context: String): Pair<Waiter<Output.OpenUrl>, List<Effect>> =
            wish {
                authorize(it, Input.Authorize(CALLBACK, emptyList(), emptyList(), Binding.COOKIE, context, null))
            }

        fun begun(context: String): Output.OpenUrl {
            val (waiter, effects) = authorize(context)
            perform(effects)
            return waiter.result()
        }

        fun redirected(
            opened: Output.OpenUrl,
            proof: BrowserProof = BrowserProof.Binding(Secret(opened.binding!!.expose())),
        ): Pair<Waiter<Authorized>, List<Effect>> {
            val query = URI(opened.url.expose()).rawQuery.split('&')
            val state = query.first { it.startsWith("state=") }.substringAfter('=')
            val url = Secret("$CALLBACK?code=c&state=${URLDecoder.decode(state, "UTF-8")}&iss=$BASE")
            return wish { redirected(it, Input.Redirected(url, proof)) }
        }

        fun enterKey(key: String): Pair<Waiter<KeyAccepted>, List<Effect>> =
            wish { enterKey(it, Input.KeyEntered(Secret(key), ApiKeyKind.INTEGRATED, null, emptyList())) }

        private fun client(): Client {
            val binding =
                CompanyBinding(
                    url = "$BASE/v1/introspect",
                    subject = "/data/subjectURN",
                    scope = "/data/scope",
                    companyPrefix = "urn:pleo:company:",
                    organisationPrefix = "urn:pleo:organisation:",
                )
            val provider =
                Provider.Builder("loopback", "$BASE/authorize", "$BASE/token", BASE)
                    .issuer(BASE)
                    .apiKeys(binding)
                    .loopbackHttp(true)
                    .build()
            return Client.Builder(provider, "client") { throw AssertionError("nothing is sent here") }
                .host(Host.SERVER)
                .clientSecret(Secret("a secret"))
                .redirectUri("http://127.0.0.1/callback")
                .scopes("users:read")
                .plain()
                .clock(clock)
                .onNotice(notices::add)
                .build()
        }
    }

    private class Ahead : Clock by SystemClock {
        var ahead = 0L

        override fun now(): Long = System.currentTimeMillis() + ahead
    }

    private fun tokens() =
        answer("""{"access_token":"a","token_type":"bearer","refresh_token":"r","expires_in":900}""")

    private fun told() = answer("""{"data":{"subjectURN":"$COMPANY","scope":"users:read"}}""")

    private fun answer(json: String) =
        Answer(200, mapOf("content-type" to listOf("application/json")), json.toByteArray())

    private companion object {
        const val BASE = "http://127.0.0.1:1"
        const val CALLBACK = "http://127.0.0.1:49152/callback"
        const val COMPANY = "urn:pleo:company:00000000-0000-8000-8000-00000000000c"
    }
}

@OptIn(ExperimentalCoroutinesApi::class)
private fun <T> Waiter<T>.result(): T = getCompleted()

@OptIn(ExperimentalCoroutinesApi::class)
private fun Waiter<*>.failure(): Throwable? = getCompletionExceptionOrNull()

private fun Waiter<*>.code(): String? = (failure() as EvergrantException?)?.code
