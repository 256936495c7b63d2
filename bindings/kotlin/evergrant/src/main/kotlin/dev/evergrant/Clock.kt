package dev.evergrant

import com.sun.jna.Function
import com.sun.jna.Native
import com.sun.jna.Platform
import java.io.File
import java.io.IOException
import java.nio.ByteBuffer
import java.util.UUID

/** The host's clocks, as the machine wants to be told of them. */
public interface Clock {
    /** UNIX time in milliseconds. */
    public fun now(): Long = System.currentTimeMillis()

    /** Milliseconds of a clock that runs through suspend and is never set, where there is one. */
    public fun uptime(): Long?

    /** 16 bytes that name the boot from which [uptime] counts, where they are known. */
    public fun bootId(): ByteArray?

    /** [uptime], or a clock that stands still in suspend. */
    public fun ticks(): Long = uptime() ?: (System.nanoTime() / 1_000_000)
}

/**
 * The clocks of this machine: on Linux `CLOCK_BOOTTIME` and the kernel's boot id. Elsewhere the
 * wall clock has to do, with a margin.
 */
public object SystemClock : Clock {
    private const val CLOCK_BOOTTIME = 7

    private val gettime: Function? =
        if (Platform.isLinux() || Platform.isAndroid()) Function.getFunction("c", "clock_gettime") else null

    private val boot: ByteArray? = if (gettime == null) null else readBootId()

    override fun uptime(): Long? {
        if (gettime == null) return null
        // struct timespec is two longs of C's.
        if (Native.LONG_SIZE == Long.SIZE_BYTES) {
            val time = LongArray(2)
            gettime.invokeInt(arrayOf(CLOCK_BOOTTIME, time))
            return time[0] * 1_000 + time[1] / 1_000_000
        }
        val time = IntArray(2)
        gettime.invokeInt(arrayOf(CLOCK_BOOTTIME, time))
        return time[0] * 1_000L + time[1] / 1_000_000
    }

    override fun bootId(): ByteArray? = boot

    private fun readBootId(): ByteArray? =
        try {
            val id = UUID.fromString(File("/proc/sys/kernel/random/boot_id").readText().trim())
            ByteBuffer.allocate(16).putLong(id.mostSignificantBits).putLong(id.leastSignificantBits).array()
        } catch (_: IOException) {
            null
        } catch (_: IllegalArgumentException) {
            null
        }
}
