package dev.evergrant.tests

import dev.evergrant.stores.MemoryStore
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** What the guide shows is what is compiled here, and begins as it says. */
class GuideTest {
    private val workspace = Transcript.workspace()

    @Test
    fun `each line of Kotlin in the guide is compiled`() {
        val here = "bindings/kotlin/tests/src/test/kotlin/dev/evergrant/tests/Guide.kt"
        val compiled = lines(Transcript.text(workspace.resolve(here))).toSet()
        // What calls Android's SDK is compiled by nothing here, and says so.
        val guide = Transcript.text(workspace.resolve("docs/kotlin.md"))
        val shown = guide.substringBefore("\n## Android\n") + guide.substringAfter("\n## Process death\n")
        val examples = examples(shown) + examples(Transcript.text(workspace.resolve("README.md")))
        assertEquals(8, examples.size)
        val lost = examples.flatMap { lines(it) }.filterNot { it in compiled }
        assertTrue(lost.isEmpty(), "not in Guide.kt:\n${lost.joinToString("\n")}")
    }

    @Test
    fun `the start is one`() =
        running {
            val url = GuideOfApps(MemoryStore()).connect()
            assertTrue(
                url.startsWith("https://auth.example/oauth/authorize?") && "an%20app" in url,
                url.substringBefore('?'),
            )
        }

    private fun examples(text: String): List<String> =
        text.split("```kotlin\n").drop(1).map { it.substringBefore("```") }

    private fun lines(text: String): List<String> = text.lines().map { it.trim() }.filter { it.isNotEmpty() }
}
