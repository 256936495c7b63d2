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

    /** Whether the machine has what the store has not taken, and nobody else has. */
    @Volatile var isUnsaved = false
        private set

    private lateinit var waiters: Waiters
    private lateinit var turns: Turns
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
        val before = waiters.all() + turns.waiters()
        begin()
        before.forEach { it.completeExceptionally(error) }
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
        queue(Turn(Activity.AUTHORIZATION, waiter, asked))

    /** The browser came back. */
    fun redirected(waiter: Waiter<Authorized>, told: Input.Redirected): List<Effect> {
        val authorization = pendingKey(told.url).substringAfter('/')
        return queue(Turn(Activity.REDIRECT, waiter, told, authorization))
    }

    /** A person pasted a key. */
    fun enterKey(waiter: Waiter<KeyAccepted>, entered: Input.KeyEntered): List<Effect> =
        queue(Turn(Activity.KEY, waiter, entered))

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
        val effects = step(told)
        waiter.complete(Unit)
        return effects
    }

    /** The time of [wakeAt] may have come. */
    fun wake(): List<Effect> {
        val at = wakeAt
        return if (at != null && at <= clock.now()) step(Input.Wake) else emptyList()
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
        isUnsaved = false
        waiters = Waiters()
        turns = Turns()
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

    private fun step(happened: Input): List<Effect> = stepOnce(happened, turns.whose(happened)) + takeTurns()

    private fun stepOnce(happened: Input, turn: Turn?): List<Effect> {
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
        return step.use { taken(it, steppedAt, Reason(happened, turn)) }
    }

    /** What happened, and the turn that it belongs to, if to one. */
    private class Reason(val happened: Input, val turn: Turn?)

    private fun taken(step: Step, steppedAt: Long, reason: Reason): List<Effect> {
        wakeAt = step.wakeAt?.time()
        status = step.status.known()
        isUnsaved = connection.isUnsaved()
        val effects = mutableListOf<Effect>()
        for (output in step.outputs) {
            when (output) {
                is Output.SendHttp -> effects += Effect.Send(output.op, request(output, steppedAt, clock))
                is Output.Swap -> effects += Effect.Swap(output.op, output.key, output.expected, output.write?.own())
                else -> news(output, reason)
            }
        }
        if (token?.generation != step.servable?.toLong()) token = null
        turns.stepped(reason.happened, reason.turn, step.outputs)
        return effects
    }

    /** What is for the app: given to whoever waits for it. */
    private fun news(output: Output, reason: Reason) {
        when (output) {
            is Output.TokenReady -> {
                val ready = output.token()
                token = ready
                waiters.tellTokens { it.complete(ready) }
            }
            // A copy of its own: the step's is freed when the step has been taken.
            is Output.OpenUrl -> reason.turn?.let { turns.over(it).give(output.copied()) }
            is Output.Authorized ->
                turns.named(output.authorization)?.give(Authorized(tenant, output.scope, output.returnContext))
            is Output.KeyAccepted ->
                turns.told(Activity.KEY)?.let { turns.over(it).give(KeyAccepted(output.company, output.scope)) }
            is Output.Failed -> failed(output, reason.turn)
            is Output.Notice -> noticed(output, reason)
            is Output.SendHttp, is Output.Swap -> error("an effect, and no news")
        }
    }

    private fun failed(output: Output.Failed, turn: Turn?) {
        // Each its own: a stack trace is of one thread.
        val refuse = { waiter: Waiter<*> ->
            waiter.completeExceptionally(exceptionFor(output.failure, tenant, output.returnContext, storeError))
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
            Activity.AUTHORIZATION, Activity.REDIRECT, Activity.KEY ->
                whose(output, turn)?.let { refuse(turns.over(it).waiter) }
        }
    }

    /** Whose failure it is: perhaps nobody's who waits. */
    private fun whose(output: Output.Failed, turn: Turn?): Turn? =
        when (output.activity) {
            Activity.KEY ->
                when {
                    turn == null || turn.kind != Activity.KEY -> turns.told(Activity.KEY)
                    // Told together with a key: of the one before, if it takes its place.
                    output.failure.code == "denied_superseded" -> null
                    else -> turn
                }
            Activity.AUTHORIZATION ->
                turns.named(output.authorization)
                    ?: turn?.takeIf { it.kind != Activity.REDIRECT || it.authorization == output.authorization }
            else -> turn
        }

    private fun noticed(output: Output.Notice, reason: Reason) {
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
        val begun = turns.told(Activity.AUTHORIZATION)
        val atOnce = reason.happened is Input.Cancel || reason.happened is Input.Revoke
        if (output.code == "authorization_cancelled" && atOnce && begun != null) {
            // Nobody has seen its URL, and no failure is told.
            val superseded = Denied(Told("denied_superseded", 304, tenant = tenant))
            turns.over(begun).waiter.completeExceptionally(superseded)
        }
        if (output.code == "redirect_accepted" && reason.turn != null) turns.believe(reason.turn)
        if (output.code == "disconnected") waiters.tellRevokers { it.complete(output.detail == "confirmed") }
    }

    private fun queue(turn: Turn): List<Effect> {
        turns.add(turn)
        return takeTurns()
    }

    private fun takeTurns(): List<Effect> {
        val effects = mutableListOf<Effect>()
        while (true) {
            val turn = turns.next() ?: return effects
            try {
                effects += stepOnce(turn.input, turn)
            } catch (refusal: Refusal) {
                turns.over(turn).waiter.completeExceptionally(exceptionOf(refusal))
            }
        }
    }

    private companion object {
        val random = SecureRandom()
    }
}

private fun Output.OpenUrl.copied() =
    Output.OpenUrl(authorization, Secret(url.expose()), binding?.let { Secret(it.expose()) }, expiresAt)
