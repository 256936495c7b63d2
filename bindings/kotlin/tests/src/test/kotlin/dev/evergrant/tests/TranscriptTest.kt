package dev.evergrant.tests

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory

/** The golden transcripts give the same lines, byte for byte, as in Rust. */
class TranscriptTest {
    @TestFactory
    fun `each transcript`(): List<DynamicTest> {
        assertTrue(Transcript.files.size > 40, "transcripts were found")
        return Transcript.files.map { file ->
            dynamicTest(file.fileName.toString()) {
                assertTrue(compare(Transcript.text(file)) > 0, "a transcript without a step")
            }
        }
    }

    @TestFactory
    fun `a wrong line is found`(): List<DynamicTest> =
        listOf(
            "\"wake_at\":" to "\"wake_at\": ",
            "\"servable\":1" to "\"servable\":2",
            "\"status\":\"authorized\"" to "\"status\":\"x\"",
        ).map { (old, new) ->
            dynamicTest(new) {
                val text = Transcript.files.map(Transcript::text).first { old in it }
                assertThrows(AssertionError::class.java) { compare(text.replace(old, new)) }
            }
        }

    @Test
    fun `a missing line is found`() {
        val lines = Transcript.text(Transcript.files.first()).lines().take(2)
        assertThrows(AssertionError::class.java) { compare(lines.joinToString("\n") + "\n") }
    }

    /** How many lines were compared. */
    private fun compare(text: String): Int =
        Transcript.replay(text).onEach { assertEquals(it.expected, it.came, "line ${it.number}") }.count()
}
