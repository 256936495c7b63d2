package dev.evergrant

/**
 * What a call to the API carries. It shows nothing of itself: ask the connection for it each
 * time, which costs next to nothing.
 */
public class Token internal constructor(
    /** Which one it is of those that the grant has had. */
    public val generation: Long,
    /** The only origin to which it may be sent. */
    public val origin: String,
    @Transient private val header: String,
    /** When it expires, UNIX milliseconds, if the server said so. */
    public val expiresAt: Long?,
) {
    /** Until when it is good enough for most, UNIX milliseconds. */
    internal val freshUntil: Long = goodUntil(MIN_VALIDITY)

    /** The value of the `Authorization` header. */
    public fun expose(): String = header

    /**
     * Until when it is good for [minValidity] milliseconds more, UNIX milliseconds. Whether it is
     * good enough all the same the machine knows, and nobody else.
     */
    internal fun goodUntil(minValidity: Long): Long = if (expiresAt == null) Long.MAX_VALUE else expiresAt - minValidity

    override fun toString(): String = "Token(generation=$generation, origin=$origin, expiresAt=$expiresAt)"

    public companion object {
        /** How long a token is to be valid at least, in milliseconds, unless told otherwise. */
        public const val MIN_VALIDITY: Long = 30_000
    }
}
