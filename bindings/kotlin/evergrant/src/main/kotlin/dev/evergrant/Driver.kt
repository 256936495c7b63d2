package dev.evergrant

import dev.evergrant.machine.Activity
import dev.evergrant.machine.Disposable
import dev.evergrant.machine.Env
import dev.evergrant.machine.FailureKind
import dev.evergrant.machine.HttpFault
import dev.evergrant.machine.Input
import dev.evergrant.machine.Output
import dev.evergrant.machine.Refusal
import dev.evergrant.machine.Secret
import dev.evergrant.machine.Step
import dev.evergrant.machine.pendingKey
import dev.evergrant.machine.use
import kotlinx.coroutines.CompletableDeferred
import java.nio.charset.CharacterCodingException
import java.security.SecureRandom

/** What a driver wants to be done. */
internal sealed interface Effect {
    val op: ULong

    /** Send this, and call [Driver.answered] or [Driver.unanswered]. */
    class Send(override val op: ULong, val request: Request) : Effect

    /** Swap this in the store, and call [Driver.swapped] or [Driver.unswapped]. */
    class Swap(override val op: ULong, val key: String, val expected: String?, val write: Write?) : Effect
}

internal typealias Waiter<T> = CompletableDeferred<T>

/**
 * One connection's machine, its token and those who wait for an answer; without I/O, threads or
 * waiting. It is told what is wanted and what happened, each by a method that answers with the
 * effects to be performed. Whoever uses it calls it from one thread at a time; [token],
 * [wakeAt] and [status] are read by any.
 */
internal class Driver(private val client: Client, private val tenant: String) {
    private val clock = client.clock
    private lateinit var connection: dev.evergrant.machine.Connection

    /** The token that may be used now. */
    @Volatile var token: Token? = null
        private set

    /** When to call [wake], UNIX milliseconds. */
    @Volatile var wakeAt: Long? = null
        private set

    /** Where the connection stood at the last step. */
    @Volatile var status: Status? = null
        private set

    private lateinit var waiters: Waiters
    private var apiError: EvergrantException? = null
    private var storeError: StoreUnavailable? = null

    init {
        begin()
    }

    /**
     * The machine has failed, which is a bug in it: tells everybody who waits, and begins anew
     * from the store.
     */
    fun fail(error: Throwable) {
        val before = waiters
        begin()
        before.all().forEach { it.completeExceptionally(error) }
    }

    // What is wanted.

    /** A token that is valid for so many milliseconds more. */
    fun wantToken(waiter: Waiter<Token>, minValidity: Long): List<Effect> {
        val token = token
        if (token != null && clock.now() < token.goodUntil(minValidity)) {
            waiter.complete(token)
            return emptyList()
        }
        waiters.tokens += waiter
        return demandToken(minValidity)
    }

    /**
     * What is due; answered when that is known to be done, or by why it cannot be. Of a
     * connection that has no grant to maintain the answer is null.
     */
    fun maintain(waiter: Waiter<Token?>): List<Effect> {
        waiters.maintaining += waiter
        // The machine refreshes what is due before it answers, and reads the record where it
        // does not know that there is a grant.
        return demandToken(0)
    }

    fun authorize(waiter: Waiter<Output.OpenUrl>, asked: Input.Authorize): List<Effect> =
        queue(Activity.AUTHORIZATION, Turn(waiter, asked, null))

    /** The browser came back. */
    fun redirected(waiter: Waiter<Authorized>, told: Input.Redirected): List<Effect> {
        val authorization = pendingKey(told.url).substringAfter('/')
        waiters.begun(authorization)
        return queue(Activity.REDIRECT, Turn(waiter, told, authorization))
    }

    /** A person pasted a key. */
    fun enterKey(waiter: Waiter<KeyAccepted>, entered: Input.KeyEntered): List<Effect> =
        queue(Activity.KEY, Turn(waiter, entered, null))

    /** The end; answered by whether the server confirmed. */
    fun revoke(waiter: Waiter<Boolean>): List<Effect> {
        waiters.revokers += waiter
        return step(Input.Revoke)
    }

    /** The API answered; [waiter] gets what that means for the caller. */
    fun apiAnswered(waiter: Waiter<EvergrantException?>, told: Input.ApiAnswered): List<Effect> {
        apiError = null
        val effects = step(told)
        waiter.complete(apiError)
        return effects
    }

    /** Nobody is to come back; answered when that is told. */
    fun cancel(waiter: Waiter<Unit>, told: Input.Cancel): List<Effect> {
        told.authorization?.let { waiters.begun(it) }
        val effects = step(told)
        waiter.complete(Unit)
        return effects
    }

    /** The time of [wakeAt] may have come. */
    fun wake(): List<Effect> {
        val at = wakeAt
        return if (at != null && at <= clock.now()) step(Input.Wake) else emptyList()
    }

    /** Whether a token may go there, as the machine knows. From any thread. */
    fun isApiUrl(url: String): Boolean {
        val now = clock.now().toULong()
        return try {
            connection.authorization(now, url, 0uL).use { it != null }
        } catch (_: CharacterCodingException) {
            false
        }
    }

    // What came of effects.

    fun answered(op: ULong, answer: Answer): List<Effect> =
        told({ httpDone(op, answer) }) {
            log.severe("the transport's answer is no Answer")
            unanswered(op, HttpFault.UNKNOWN)
        }

    fun unanswered(op: ULong, why: HttpFault): List<Effect> = step(Input.HttpFailed(op, why))

    fun swapped(op: ULong, current: Stored?): List<Effect> =
        told({ Input.Swapped(op, current?.let(::told)) }) {
            log.severe("the store's answer is no Stored")
            unswapped(op, StoreUnavailable("its answer is no Stored"))
        }

    /** There is no answer; [error] is what callers are told if it stays so. */
    fun unswapped(op: ULong, error: StoreUnavailable): List<Effect> {
        storeError = error
        return step(Input.SwapUnanswered(op))
    }

    // Within.

    private fun begin() {
        connection = refusing { dev.evergrant.machine.Connection(client.machine, tenant) }
        token = null
        wakeAt = null
        status = null
        waiters = Waiters()
    }

    private fun demandToken(minValidity: Long): List<Effect> {
        val before = waiters.demand
        if (before >= minValidity) return emptyList()
        waiters.demand = minValidity
        try {
            return step(Input.TokenWanted(minValidity.toULong()))
        } catch (refusal: Refusal) {
            waiters.demand = before
            throw refusal
        }
    }

    private inline fun told(happened: () -> Input, orElse: () -> List<Effect>): List<Effect> =
        try {
            step(happened())
        } catch (_: Refusal) {
            orElse()
        } catch (_: Misuse) {
            orElse()
        }

    private fun step(happened: Input): List<Effect> {
        // Before the step: deadlines count from the earlier moment.
        val steppedAt = clock.ticks()
        val entropy = ByteArray(32).also(random::nextBytes)
        val step =
            try {
                Env(clock.now().toULong(), clock.uptime()?.toULong(), clock.bootId(), entropy).use {
                    connection.step(it, happened)
                }
            } catch (_: CharacterCodingException) {
                // Half a surrogate pair, which UTF-8 cannot hold: nothing has reached the machine.
                throw Refusal.PackedInvalid("misuse_packed_invalid")
            } finally {
                entropy.fill(0)
                Disposable.destroy(happened)
            }
        return step.use { taken(it, steppedAt) }
    }

    private fun taken(step: Step, steppedAt: Long): List<Effect> {
        wakeAt = step.wakeAt?.toLong()
        status = step.status.known()
        val effects = mutableListOf<Effect>()
        for (output in step.outputs) {
            when (output) {
                is Output.SendHttp -> effects += Effect.Send(output.op, request(output, steppedAt, clock))
                is Output.Swap -> effects += Effect.Swap(output.op, output.key, output.expected, output.write?.own())
                else -> news(output)
            }
        }
        if (token?.generation != step.servable?.toLong()) token = null
        while (true) effects += takeTurn(waiters.over.removeLastOrNull() ?: return effects)
    }

    /** What is for the app: given to whoever waits for it. */
    private fun news(output: Output) {
        when (output) {
            is Output.TokenReady -> {
                val ready = output.token(clock.now())
                token = ready
                waiters.tellTokens { it.complete(ready) }
            }
            is Output.OpenUrl -> {
                waiters.begun(output.authorization)
                // A copy of its own: the step's is freed when the step has been taken.
                waiters.turnOver<Output.OpenUrl>(Activity.AUTHORIZATION) { it.complete(output.copied()) }
            }
            is Output.Authorized ->
                if (waiters.isAwaited(output.authorization)) {
                    val done = Authorized(tenant, output.scope, output.returnContext)
                    waiters.turnOver<Authorized>(Activity.REDIRECT) { it.complete(done) }
                }
            is Output.KeyAccepted ->
                waiters.turnOver<KeyAccepted>(Activity.KEY) { it.complete(KeyAccepted(output.company, output.scope)) }
            is Output.Failed -> failed(output)
            is Output.Notice -> noticed(output)
            is Output.SendHttp, is Output.Swap -> error("an effect, and no news")
        }
    }

    private fun failed(output: Output.Failed) {
        // Each its own: a stack trace is of one thread.
        val refuse = { waiter: Waiter<*> ->
            waiter.completeExceptionally(
                exceptionFor(output.failure, tenant, output.returnContext, storeError),
            )
        }
        when (output.activity) {
            Activity.TOKEN -> {
                if (output.failure.code == "denied_not_connected") waiters.tellMaintaining { it.complete(null) }
                waiters.tellTokens { refuse(it) }
            }
            Activity.API_CALL -> apiError = exceptionFor(output.failure, tenant)
            Activity.REVOKE ->
                // The tombstone comes all the same, and says so: unconfirmed.
                if (output.failure.kind != FailureKind.SERVER_MISBEHAVED) waiters.tellRevokers { refuse(it) }
            Activity.AUTHORIZATION ->
                when {
                    waiters.isAwaited(output.authorization) -> waiters.turnOver<Any?>(Activity.REDIRECT) { refuse(it) }
                    // One that nobody came back from; a notice told of it.
                    waiters.isBegun(output.authorization) -> Unit
                    else -> waiters.turnOver<Any?>(Activity.AUTHORIZATION) { refuse(it) }
                }
            Activity.REDIRECT, Activity.KEY -> waiters.turnOver<Any?>(output.activity) { refuse(it) }
        }
    }

    private fun noticed(output: Output.Notice) {
        client.notify(
            Notice(
                tenant,
                output.code,
                output.generation?.toLong(),
                output.attempt?.toInt(),
                output.authorization,
                output.detail,
            ),
        )
        if (output.code == "authorization_cancelled" && !waiters.isBegun(output.authorization)) {
            // Before it had begun: nobody has seen its URL, and no failure is told.
            waiters.turnOver<Any?>(Activity.AUTHORIZATION) {
                it.completeExceptionally(Denied(Told("denied_superseded", 304, tenant = tenant)))
            }
        }
        if (output.code == "disconnected") waiters.tellRevokers { it.complete(output.detail == "confirmed") }
    }

    private fun queue(kind: Activity, turn: Turn): List<Effect> =
        if (waiters.isNext(kind, turn)) takeTurn(kind) else emptyList()

    private fun takeTurn(kind: Activity): List<Effect> {
        while (true) {
            val turn = waiters.next(kind) ?: return emptyList()
            try {
                return step(turn.input)
            } catch (refusal: Refusal) {
                turn.waiter.completeExceptionally(exceptionOf(refusal))
                waiters.drop(kind)
            }
        }
    }

    private companion object {
        val random = SecureRandom()
    }
}

private fun Output.OpenUrl.copied() =
    Output.OpenUrl(authorization, Secret(url.expose()), binding?.let { Secret(it.expose()) }, expiresAt)
