package dev.evergrant.android

import android.content.Context
import android.os.PowerManager
import dev.evergrant.Awake

/**
 * Keeps the device awake from before a refresh is written down until its answer is stored. It lets
 * go after [longest] milliseconds in any case. Needs the permission `WAKE_LOCK`.
 */
public class WakeLockAwake(context: Context, private val longest: Long = 120_000) : Awake {
    private val power = context.getSystemService(PowerManager::class.java)

    override fun hold(): AutoCloseable {
        val lock = power.newWakeLock(PowerManager.PARTIAL_WAKE_LOCK, "dev.evergrant:refresh")
        lock.setReferenceCounted(false)
        lock.acquire(longest)
        return AutoCloseable { lock.release() }
    }
}
