package dev.evergrant.tests

import dev.evergrant.Clock
import dev.evergrant.SystemClock
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.io.File

class ClockTest {
    @Test
    fun `uptime is the kernel's, which runs through suspend`() {
        val before = SystemClock.uptime()!!
        val kernel = File("/proc/uptime").readText().substringBefore(' ').toBigDecimal().movePointRight(3).toLong()
        val after = SystemClock.uptime()!!
        // The kernel's file counts in hundredths.
        assertTrue(kernel in before - 10..after, "$before $kernel $after")
        assertTrue(SystemClock.ticks() >= after)
    }

    @Test
    fun `the boot has a name`() {
        val id = File("/proc/sys/kernel/random/boot_id").readText().trim().replace("-", "")
        assertEquals(id, hex.formatHex(SystemClock.bootId()))
    }

    @Test
    fun `a host without such a clock has another`() {
        val plain =
            object : Clock {
                override fun uptime(): Long? = null

                override fun bootId(): ByteArray? = null
            }
        val first = plain.ticks()
        assertTrue(plain.ticks() >= first && plain.now() > 1_700_000_000_000)
    }
}
