package dev.evergrant

import kotlinx.coroutines.CoroutineDispatcher
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

    // Threads of its own: those of an app that waits for a connection may be none of them.

    /** Where steps and swaps are made. */
    val steps: CoroutineDispatcher = Dispatchers.IO.limitedParallelism(AT_ONCE, "evergrant")

    /** Where requests are sent: no step waits behind a slow server. */
    val requests: CoroutineDispatcher = Dispatchers.IO.limitedParallelism(AT_ONCE, "evergrant-http")

    /** For what nobody waits for. */
    val timers = CoroutineScope(SupervisorJob() + Dispatchers.Default)

    private val jobs = SupervisorJob()
    private val scope = CoroutineScope(jobs)

    init {
        try {
            Runtime.getRuntime().addShutdownHook(Thread(::finish, "evergrant-finish"))
        } catch (_: IllegalStateException) {
            // It is ending already: what is begun only now is not waited for.
        }
    }

    fun begin(where: CoroutineDispatcher, work: suspend () -> Unit) {
        scope.launch(where) { work() }
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
