package dev.evergrant

import dev.evergrant.machine.Cause
import dev.evergrant.machine.Secret
import java.net.URI

/** Where a connection stands. */
public data class Status(
    public val standing: Standing,
    /** Why a person has to connect again, if it is that. */
    public val cause: Cause? = null,
)

/** Where a connection may stand. */
public enum class Standing(
    /** The stable name, the same in every language. */
    public val code: String,
) {
    DISCONNECTED("disconnected"),
    AUTHORIZING("authorizing"),
    EXCHANGING("exchanging"),
    AUTHORIZED("authorized"),
    REFRESHING("refreshing"),
    DISCONNECTING("disconnecting"),
    REAUTHENTICATION_REQUIRED("reauthentication_required"),
}

/** A browser is to be sent to `url.expose()`. */
public class Authorization internal constructor(
    /** Names it, in notices and for `cancel`. */
    public val id: String,
    public val url: Secret,
    /** To be set by the answer that sends the browser there; null for an app. */
    public val cookie: Cookie?,
    /** Until when it can be completed, UNIX milliseconds. */
    public val expiresAt: Long,
) {
    override fun toString(): String = "Authorization($id)"
}

/** What recognises the browser when it comes back. */
public class Cookie internal constructor(
    public val name: String,
    public val value: Secret,
    public val path: String,
    public val secure: Boolean,
    /** In seconds. */
    public val maxAge: Long,
) {
    /** The value of a `Set-Cookie` header (RFC 6265 §4.1). */
    public fun expose(): String =
        "$name=${value.expose()}; Path=$path; Max-Age=$maxAge; HttpOnly; SameSite=Lax" + if (secure) "; Secure" else ""

    override fun toString(): String = "Cookie($name)"

    internal companion object {
        // One for each authorization: a browser may have begun several.
        fun nameOf(authorization: String): String = "evergrant_" + authorization.take(16)

        fun of(authorization: String, binding: Secret, redirectUri: String, maxAge: Long): Cookie {
            // A registered redirect URI, or the machine would have refused it.
            val uri = URI(redirectUri)
            val path = uri.rawPath.orEmpty().ifEmpty { "/" }
            return Cookie(nameOf(authorization), binding, path, uri.scheme == "https", maxAge)
        }
    }
}

/** A grant is there. */
public data class Authorized(
    /** Whose it is. */
    public val tenant: String,
    /** The scopes that were granted, separated by spaces. */
    public val scope: String,
    /** What `authorize` was given. */
    public val returnContext: String?,
)

/** A key is there. */
public data class KeyAccepted(
    /** Whose it is: to be shown to the person. */
    public val company: String,
    /** The scopes that the API tells of, separated by spaces. */
    public val scope: String,
)

/** A line for an audit log; it never holds a secret. */
public data class Notice(
    public val tenant: String,
    /** What happened: the same name in every language. */
    public val code: String,
    public val generation: Long?,
    public val attempt: Int?,
    public val authorization: String?,
    public val detail: String?,
)
