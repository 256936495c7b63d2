package dev.evergrant

/** Those who wait for something that all of them get at once. Who waits no longer has been completed. */
internal class Waiters {
    val tokens = mutableListOf<Waiter<Token>>()
    val maintaining = mutableListOf<Waiter<Token?>>()
    val revokers = mutableListOf<Waiter<Boolean>>()

    /** How long a token is wanted for, of those who wait; -1: nobody does. */
    var demand = -1L

    fun all(): List<Waiter<*>> = tokens + maintaining + revokers

    fun tellTokens(tell: (Waiter<in Token>) -> Unit) {
        val waiting: List<Waiter<in Token>> = tokens + maintaining
        tokens.clear()
        maintaining.clear()
        demand = -1
        waiting.forEach(tell)
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
}
