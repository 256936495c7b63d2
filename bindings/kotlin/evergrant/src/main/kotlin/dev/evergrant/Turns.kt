package dev.evergrant

import dev.evergrant.machine.Activity
import dev.evergrant.machine.Input
import dev.evergrant.machine.Output

/** A wish of this kind; of a redirect: which authorization's. */
internal class Turn(
    val kind: Activity,
    val waiter: Waiter<*>,
    val input: Input,
    val authorization: String? = null,
) {
    @Suppress("UNCHECKED_CAST")
    fun <T> give(result: T) {
        (waiter as Waiter<T>).complete(result)
    }
}

/**
 * Whose an answer of the machine is, where it does not always name the wish.
 *
 * Of each kind the machine is told one wish at a time. The next one's turn comes when the answer
 * has come, or when later answers name what they are to; whether anybody still waits for it is of
 * no matter.
 */
internal class Turns {
    private val waiting = mutableListOf<Turn>()
    private val told = mutableMapOf<Activity, Turn>()

    // Redirects that were believed: what is said of them now names them.
    private val believed = mutableListOf<Turn>()

    // Answers to these are answers to what a turn's input led to.
    private val ops = mutableMapOf<ULong, Turn>()

    /** All who wait. */
    fun waiters(): List<Waiter<*>> = (waiting + told.values + believed).map { it.waiter }

    /** Leaves a wish. */
    fun add(turn: Turn) {
        waiting += turn
    }

    /** A wish whose turn has come; the machine is to be told of it. */
    fun next(): Turn? {
        waiting.removeAll { it.waiter.isCompleted }
        val turn = waiting.firstOrNull { mayBeTold(it) } ?: return null
        waiting.remove(turn)
        told[turn.kind] = turn
        return turn
    }

    /** Which turn a step belongs to that this leads to. */
    fun whose(happened: Input): Turn? = opOf(happened)?.let { ops[it] }

    /** A step was made: what it led to goes on with the turn. */
    fun stepped(happened: Input, turn: Turn?, came: List<Output>) {
        opOf(happened)?.let { ops.remove(it) }
        if (turn == null || told[turn.kind] !== turn) return
        // What the machine does of its own comes after what it does for the input.
        came.firstNotNullOfOrNull { it as? Output.Swap }?.let { ops[it.op] = turn }
    }

    /** Its answer has come: for this one. */
    fun over(turn: Turn): Turn {
        if (told[turn.kind] === turn) told.remove(turn.kind)
        return turn
    }

    /** The one that the machine was told last, and has not answered. */
    fun told(kind: Activity): Turn? = told[kind]

    /** From now on it is named: the next one need not wait. */
    fun believe(turn: Turn) {
        over(turn)
        believed.removeAll { it.waiter.isCompleted }
        believed += turn
    }

    /** The redirect of this authorization that was believed; its answer has come. */
    fun named(authorization: String?): Turn? =
        believed.firstOrNull { it.authorization == authorization }?.also { believed.remove(it) }

    // A key takes the place of the one before, if nobody waits for that.
    private fun mayBeTold(turn: Turn): Boolean {
        val before = told[turn.kind] ?: return true
        return turn.kind == Activity.KEY && before.waiter.isCompleted
    }

    private fun opOf(happened: Input): ULong? =
        when (happened) {
            is Input.HttpDone -> happened.op
            is Input.HttpFailed -> happened.op
            is Input.Swapped -> happened.op
            is Input.SwapUnanswered -> happened.op
            is Input.Authorize, is Input.Redirected, is Input.TokenWanted, is Input.ApiAnswered,
            is Input.KeyEntered, is Input.Revoke, is Input.Cancel, is Input.PeerGone, is Input.Wake,
            -> null
        }
}
