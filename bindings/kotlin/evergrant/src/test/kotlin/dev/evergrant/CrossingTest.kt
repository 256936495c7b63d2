package dev.evergrant

import dev.evergrant.machine.SecretBytes
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test

/** The machine's times are unsigned: one that a `Long` cannot hold is far ahead, and not past. */
class CrossingTest {
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
}
