package dev.evergrant

import dev.evergrant.machine.Activity
import dev.evergrant.machine.Input

/**
 * A wish of a kind of which the machine is told one at a time, because its answer does not
 * always name the wish.
 */
internal class Turn(val waiter: Waiter<*>, val input: Input, val authorization: String?)

/** Those who wait for an answer of one machine. Who waits no longer has been completed. */
internal class Waiters {
    val tokens = mutableListOf<Waiter<Token>>()
    val maintaining = mutableListOf<Waiter<Token?>>()
    val revokers = mutableListOf<Waiter<Boolean>>()

    /** How long a token is wanted for, of those who wait; -1: nobody does. */
    var demand = -1L

    /** Kinds whose next turn may be taken. */
    val over = mutableListOf<Activity>()

    private val turns =
        listOf(Activity.AUTHORIZATION, Activity.REDIRECT, Activity.KEY).associateWith { ArrayDeque<Turn>() }

    // Authorizations whose beginning nobody waits for any more: the last ones.
    private val begun = ArrayDeque<String>()

    fun all(): List<Waiter<*>> = tokens + maintaining + revokers + turns.values.flatten().map { it.waiter }

    fun tellTokens(tell: (Waiter<in Token>) -> Unit) {
        val waiting = tokens.toList()
        val maintained = maintaining.toList()
        tokens.clear()
        maintaining.clear()
        demand = -1
        waiting.forEach(tell)
        maintained.forEach(tell)
    }

    fun tellMaintaining(tell: (Waiter<Token?>) -> Unit) {
        val waiting = maintaining.toList()
        maintaining.clear()
        waiting.forEach(tell)
    }

    fun tellRevokers(tell: (Waiter<Boolean>) -> Unit) {
        val waiting = revokers.toList()
        revokers.clear()
        waiting.forEach(tell)
    }

    fun begun(authorization: String) {
        begun += authorization
        if (begun.size > 64) begun.removeFirst()
    }

    fun isBegun(authorization: String?): Boolean = authorization in begun

    /** Whether it is the one whose redirect has the turn. */
    fun isAwaited(authorization: String?): Boolean {
        val turn = turns.getValue(Activity.REDIRECT).firstOrNull()
        return turn != null && turn.authorization == authorization
    }

    /** Lets it wait for its turn; whether that has come. */
    fun isNext(kind: Activity, turn: Turn): Boolean {
        val waiting = turns.getValue(kind)
        waiting += turn
        if (waiting.first() === turn) return true
        // One that has waited long enough, and for which nobody is to wait.
        if (!waiting.first().waiter.isCompleted) return false
        waiting.removeFirst()
        return true
    }

    /** Whose turn it is, if anybody still waits. */
    fun next(kind: Activity): Turn? {
        val waiting = turns.getValue(kind)
        while (waiting.firstOrNull()?.waiter?.isCompleted == true) waiting.removeFirst()
        return waiting.firstOrNull()
    }

    fun drop(kind: Activity) {
        turns.getValue(kind).removeFirst()
    }

    /** Tells the one who has the turn. */
    fun <T> turnOver(kind: Activity, tell: (Waiter<T>) -> Unit) {
        val turn = turns.getValue(kind).removeFirstOrNull() ?: return
        @Suppress("UNCHECKED_CAST")
        tell(turn.waiter as Waiter<T>)
        over += kind
    }
}
