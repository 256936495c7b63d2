package dev.evergrant

import dev.evergrant.stores.MemoryStore
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** Where a token may go: decided by the provider's data alone, as in Rust. */
class OriginTest {
    private val connection = Connections(client(), MemoryStore())["t"]
    private val token = Token(1, ORIGIN, "Bearer canary", null)

    @Test
    fun `the origin in other words`() {
        for (origin in listOf(ORIGIN, "HTTPS://API.example", "https://api.example:443")) {
            for (rest in listOf("", "/", "/v1/a?b=c#d", "?x=[|]", "#x", "/@evil.test", "/\u00e9")) {
                assertTrue(connection.mayGoTo(origin + rest, token), origin + rest)
            }
        }
    }

    @Test
    fun elsewhere() {
        val urls =
            listOf(
                "http://api.example/",
                "https://api.example:444/",
                "https://api.example:/",
                "https://user@api.example/",
                "https://api.example@evil.test/",
                "https://api.example.evil.test/",
                "https://api.example\\@evil.test/",
                "https://api.example/a\\b",
                "https://api.example/x\r\ny: z",
                "https://api.example/a b",
                "https://api.example/\u007f",
                "https://api.example/\ud800",
                " https://api.example/",
                "//api.example/",
                "api.example",
                "",
            )
        for (url in urls) assertFalse(connection.mayGoTo(url, token), url)
    }

    private fun client(): Client {
        val provider =
            Provider.Builder("test", "https://auth.example/authorize", "https://auth.example/token", ORIGIN).build()
        return Client.Builder(provider, "c") { throw AssertionError("nothing is sent here") }
            .redirectUri("http://127.0.0.1/c")
            .scopes("a")
            .plain()
            .build()
    }

    private companion object {
        const val ORIGIN = "https://api.example"
    }
}
