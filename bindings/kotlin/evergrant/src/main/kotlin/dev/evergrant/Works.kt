package dev.evergrant

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking

/**
 * The work of all connections of a process. Callers own none of it, and the JVM waits for it at
 * exit, also after SIGTERM: a refresh that has been sent is listened out and stored.
 */
internal object Works {
    private const val AT_ONCE = 64

    private val jobs = SupervisorJob()

    // Threads of its own: those of an app that waits for a connection may be none of them.
    private val scope = CoroutineScope(jobs + Dispatchers.IO.limitedParallelism(AT_ONCE, "evergrant"))

    /** For what nobody waits for. */
    val timers = CoroutineScope(SupervisorJob() + Dispatchers.Default)

    init {
        Runtime.getRuntime().addShutdownHook(Thread(::finish, "evergrant-finish"))
    }

    fun begin(work: suspend () -> Unit) {
        scope.launch { work() }
    }

    private fun finish() {
        runBlocking {
            // What is under way may begin more.
            while (true) {
                val left = jobs.children.toList().ifEmpty { return@runBlocking }
                left.joinAll()
            }
        }
    }
}
