package dev.evergrant.tests

import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.nio.file.Path

/** `examples/kotlin`, each command a process of its own. */
class ExampleTest {
    private val authority = Authority.start()

    @TempDir lateinit var directory: Path

    @AfterEach fun end() = authority.close()

    @Test
    fun `a whole life on a command line`() {
        said("status", "disconnected")
        // Killed while the browser is open, and finished by hand.
        val url = command("connect").use { it.line().removePrefix("open: ") }
        said("callback", "connected: expenses:read users:read", browse(url))
        said("disconnect", "disconnected")

        // And to its end: also past a redirect of somebody else's making.
        command("connect").use { process ->
            val redirect = browse(process.line().removePrefix("open: "))
            browser.get(redirect.replace("state=", "state=x")).close()
            browser.get(redirect).close()
            assertEquals("connected: expenses:read users:read", process.line())
            assertEquals(0, process.await())
        }
        said("status", "authorized")
        authority.control("revoke-access-tokens")
        command("expenses").use { assertTrue(it.line().startsWith("200 {")) }
        assertEquals(1, authority.stats()["refreshes_ok"])
        authority.control("revoke-grants")
        authority.control("revoke-access-tokens")
        command("expenses").use { assertEquals(1, it.await()) }
        said("status", "reauthentication_required")
        command("nonsense").use { assertEquals(2, it.await()) }
    }

    private fun said(command: String, line: String, vararg more: String) =
        command(command, *more).use {
            assertEquals(line, it.line())
            assertEquals(0, it.await())
        }

    private fun command(vararg arguments: String) =
        Child.start(
            "dev.evergrant.example.MainKt",
            *arguments,
            environment = mapOf("AUTHORITY" to authority.base, "STORE" to directory.toString()),
        )
}
