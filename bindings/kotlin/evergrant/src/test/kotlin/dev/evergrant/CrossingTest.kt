package dev.evergrant

import dev.evergrant.machine.Binding
import dev.evergrant.machine.Secret
import dev.evergrant.machine.SecretBytes
import dev.evergrant.machine.pendingKey
import dev.evergrant.stores.FileStore
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.nio.file.Path

/** The machine's times are unsigned: one that a `Long` cannot hold is far ahead, and not past. */
class CrossingTest {
    @TempDir lateinit var directory: Path

    @Test
    fun `a time that no Long holds is the last one that it does`() {
        val last = Long.MAX_VALUE.toULong()
        val own =
            listOf(0uL, last, last + 1uL, ULong.MAX_VALUE).map {
                dev.evergrant.machine.Write(SecretBytes(ByteArray(1)), it, it).own()
            }
        val told = listOf(0, Long.MAX_VALUE, Long.MAX_VALUE, Long.MAX_VALUE)
        assertEquals(listOf(told, told), listOf(own.map { it.dueAt }, own.map { it.purgeAt }))
    }

    @Test
    fun `an authorization without an end is not deleted as it begins`() {
        val store = FileStore(directory)
        val connection = Connections(client(), store)["t"]
        val begun = runBlocking { connection.authorize(CALLBACK, binding = Binding.COOKIE) }
        val state = begun.url.expose().split('?', '&').first { it.startsWith("state=") }
        assertTrue(store.read(pendingKey(Secret("$CALLBACK?code=c&$state"))) != null)
        assertEquals(Long.MAX_VALUE, begun.expiresAt)
        assertTrue(begun.cookie!!.maxAge > 0)
        // And its end is not due.
        runBlocking { connection.settled() }
    }

    private fun client(): Client {
        val provider =
            Provider.Builder("test", "$BASE/authorize", "$BASE/token", BASE)
                .authorizationLifetime(Long.MAX_VALUE)
                .build()
        return Client.Builder(provider, "c") { throw AssertionError("nothing is sent here") }
            .redirectUri(CALLBACK)
            .scopes("a")
            .plain()
            .build()
    }

    private companion object {
        const val BASE = "https://auth.example"
        const val CALLBACK = "http://127.0.0.1/c"
    }
}
