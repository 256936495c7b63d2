package dev.evergrant

import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.delay
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import java.util.concurrent.ConcurrentHashMap

/**
 * The work of all connections of a process. Callers own none of it, and the JVM waits for it at
 * exit, also after SIGTERM: a refresh that has been sent is listened out, and stored for as long as
 * a save may take.
 */
internal object Works {
    private const val AT_ONCE = 64
    private const val POLL = 10L

    // Threads of its own: those of an app that waits for a connection may be none of them.

    /** Where steps and swaps are made. */
    val steps: CoroutineDispatcher = Dispatchers.IO.limitedParallelism(AT_ONCE, "evergrant")

    /** Where requests are sent: no step waits behind a slow server. */
    val requests: CoroutineDispatcher = Dispatchers.IO.limitedParallelism(AT_ONCE, "evergrant-http")

    /** For what nobody waits for. */
    val timers = CoroutineScope(SupervisorJob() + Dispatchers.Default)

    /** Those with something that the store has not taken; kept, since nobody else has it. */
    val unsaved: MutableSet<Engine> = ConcurrentHashMap.newKeySet()

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

    // The timers go on meanwhile, and with them each next try to store something.
    private fun finish() {
        val began = System.nanoTime()
        runBlocking {
            while (true) {
                // What is under way may begin more.
                jobs.children.toList().joinAll()
                val left = unsaved.filter { it.savingLeft(began) > 0 }
                if (left.isEmpty() && jobs.children.none()) break
                delay(POLL)
            }
        }
        if (unsaved.isNotEmpty()) {
            log.severe("the process ends, and with it what the store has not taken of ${unsaved.size} connections")
        }
    }
}
