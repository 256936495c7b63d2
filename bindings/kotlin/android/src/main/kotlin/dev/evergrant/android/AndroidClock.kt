package dev.evergrant.android

import android.content.Context
import android.os.SystemClock
import android.provider.Settings
import dev.evergrant.Clock
import java.nio.ByteBuffer

/** Android's clocks: `elapsedRealtime` runs through sleep, and `BOOT_COUNT` names the boot. */
public class AndroidClock(context: Context) : Clock {
    private val boot: ByteArray? =
        Settings.Global.getInt(context.contentResolver, Settings.Global.BOOT_COUNT, -1)
            .takeIf { it >= 0 }
            ?.let { ByteBuffer.allocate(16).putLong(0).putLong(it.toLong()).array() }

    override fun uptime(): Long = SystemClock.elapsedRealtime()

    override fun bootId(): ByteArray? = boot
}
