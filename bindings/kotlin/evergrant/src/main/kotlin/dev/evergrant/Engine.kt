package dev.evergrant

import dev.evergrant.machine.HttpFault
import dev.evergrant.machine.InternalException
import dev.evergrant.machine.Refusal
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Job
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.filterNotNull
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import java.lang.ref.WeakReference

/**
 * What makes a connection go: one driver, performed in coroutines that no caller owns.
 *
 * The machine's steps and the store's swaps are made one after the other, each HTTP request in a
 * coroutine of its own, so that nobody waits behind a server. A caller who stops waiting, or is
 * cancelled, takes nothing along.
 */
internal class Engine(private val client: Client, private val store: Store, private val tenant: String) {
    val driver = Driver(client, tenant)
    private val turn = Mutex()
    private val underWay = MutableStateFlow(0)
    private val seen = MutableStateFlow<Status?>(null)
    private var requests = 0
    private var awake: AutoCloseable? = null
    private var timer: Job? = null

    @Volatile private var unsavedSince = 0L

    /** Where the connection stands, as often as that changes here. */
    val statuses: Flow<Status> = seen.filterNotNull()

    /**
     * Leaves a wish; answered by what comes of it. If its caller has gone before its turn came it
     * is dropped, unless [always].
     */
    fun <T> ask(always: Boolean = false, wish: Driver.(Waiter<T>) -> List<Effect>): Waiter<T> {
        val waiter = CompletableDeferred<T>()
        work {
            if (waiter.isCompleted && !always) {
                emptyList()
            } else {
                wished(waiter, wish)
            }
        }
        return waiter
    }

    /** Looks at something, with no step or swap under way; [Status] is what is then known. */
    suspend fun look(read: () -> Status): Status =
        turn.withLock { read().also { seen.value = it } }

    /** Comes when nothing is under way, nothing is due, and the store has it all. */
    suspend fun settled() {
        while (true) {
            underWay.first { it == 0 }
            val left = driver.wakeAt?.let { it - client.clock.now() }
            when {
                left != null && left <= 0 -> wakeUp()
                !driver.isUnsaved -> return
                else -> delay((left ?: 0).coerceIn(SOONEST, LONGEST))
            }
        }
    }

    /** How long the end of the process, which began then, waits for the store; nanoseconds. */
    fun savingLeft(end: Long): Long {
        val saveWithin = client.provider.config.refresh.timing.saveWithin.toLong()
        return saveWithin * 1_000_000 - (System.nanoTime() - maxOf(end, unsavedSince))
    }

    /** The machine's deadline may have come. */
    fun wakeUp() = work { wake() }

    private fun work(step: Driver.() -> List<Effect>) = begin(Works.steps) { turn.withLock { perform(step) } }

    private fun begin(where: CoroutineDispatcher, work: suspend () -> Unit) {
        underWay.update { it + 1 }
        Works.begin(where) {
            try {
                work()
            } finally {
                underWay.update { it - 1 }
            }
        }
    }

    /** Steps and swaps, until nothing is left to do but what has been sent. */
    private fun perform(step: Driver.() -> List<Effect>) {
        val effects = ArrayDeque(made(step))
        while (true) {
            when (val effect = effects.removeFirstOrNull() ?: break) {
                is Effect.Swap -> effects += made(swapped(effect))
                is Effect.Send -> send(effect)
            }
        }
        rest()
    }

    private fun made(step: Driver.() -> List<Effect>): List<Effect> {
        val effects =
            try {
                driver.step()
            } catch (error: Throwable) {
                // A panic in the machine, or a bug here: nobody is left waiting for it.
                log.severe("the machine of a connection has failed: ${error.javaClass.simpleName}")
                driver.fail(told(error))
                emptyList()
            }
        driver.status?.let { seen.value = it }
        stayAwake()
        return effects
    }

    private fun <T> Driver.wished(waiter: Waiter<T>, wish: Driver.(Waiter<T>) -> List<Effect>): List<Effect> =
        try {
            wish(waiter)
        } catch (refusal: Refusal) {
            // Of this wish alone: the machine is as it was.
            waiter.completeExceptionally(exceptionOf(refusal))
            emptyList()
        } catch (error: Throwable) {
            waiter.completeExceptionally(told(error))
            throw error
        }

    /** The text of a panic is not known, and so not shown. */
    private fun told(error: Throwable): Throwable =
        if (error is InternalException) HostFailed(Told("panic", tenant = tenant)) else error

    private fun swapped(swap: Effect.Swap): Driver.() -> List<Effect> =
        try {
            val current = store.asked(swap.key, swap.expected, swap.write)
            ({ swapped(swap.op, current) })
        } catch (error: StoreUnavailable) {
            ({ unswapped(swap.op, error) })
        }

    private fun send(send: Effect.Send) {
        requests += 1
        begin(Works.requests) {
            val step = answered(send)
            turn.withLock {
                requests -= 1
                perform(step)
            }
        }
    }

    private fun answered(send: Effect.Send): Driver.() -> List<Effect> =
        try {
            val answer = client.transport.send(send.request)
            ({ answered(send.op, answer) })
        } catch (_: NotSent) {
            ({ unanswered(send.op, HttpFault.NOT_SENT) })
        } catch (_: TooLate) {
            ({ unanswered(send.op, HttpFault.TOO_LATE) })
        } catch (error: Throwable) {
            // Only its kind: its text may quote what was sent.
            log.info("a request was not answered: ${error.javaClass.simpleName}")
            ({ unanswered(send.op, HttpFault.UNKNOWN) })
        }

    private fun stayAwake() {
        val wanted = requests > 0 || driver.status?.standing in BUSY
        if (wanted == (awake != null)) return
        try {
            if (wanted) {
                awake = client.awake?.hold()
            } else {
                awake?.close()
                awake = null
            }
        } catch (error: Exception) {
            log.warning("awake threw ${error.javaClass.simpleName}")
        }
    }

    /** What to wait for: the machine's one deadline. */
    private fun rest() {
        timer?.cancel()
        timer = driver.wakeAt?.let { wakeLater(it - client.clock.now(), WeakReference(this)) }
        // The timer alone would not keep it, whoever has forgotten the connection.
        if (!driver.isUnsaved) {
            Works.unsaved.remove(this)
        } else if (Works.unsaved.add(this)) {
            unsavedSince = System.nanoTime()
        }
    }

    private companion object {
        val BUSY = setOf(Standing.EXCHANGING, Standing.REFRESHING, Standing.DISCONNECTING)

        // Not at once, lest a machine that always wants to be woken takes a core.
        const val SOONEST = 20L

        // A wall clock may be set, and a phone sleep: looked at again so often.
        const val LONGEST = 60_000L

        /** Nobody is kept for being asleep. */
        fun wakeLater(milliseconds: Long, engine: WeakReference<Engine>): Job =
            Works.timers.launch {
                delay(milliseconds.coerceIn(SOONEST, LONGEST))
                engine.get()?.wakeUp()
            }
    }
}
