package dev.evergrant

import dev.evergrant.machine.Failure
import dev.evergrant.machine.Refusal

/**
 * Everything that can go wrong, named by what to do about it.
 *
 * Each has a [code], stable and the same in every language; [message] begins with it. None
 * holds a secret.
 */
public sealed class EvergrantException(told: Told, cause: Throwable? = null) :
    RuntimeException(told.message, cause) {
    /** The stable name. */
    public val code: String = told.code

    /** The stable number, where the machine gave one. */
    public val number: Int? = told.number

    /** When another try makes sense, UNIX milliseconds, if time is all that it takes. */
    public val retryAt: Long? = told.retryAt

    /** Whose connection it is. */
    public val tenant: String? = told.tenant

    /** Whose a credential is that is another's, where that is known. */
    public val company: String? = told.company

    /** The server's own error code, redacted. */
    public val error: String? = told.error

    /** An explanation for developers, redacted. */
    public val description: String? = told.description

    /** The id of the sealing key that is missing, if that is what is wrong. */
    public val sealingKey: String? = told.sealingKey

    /** What `authorize` was given, if this speaks of an authorization. */
    public val returnContext: String? = told.returnContext
}

/** The grant is over: ask the person to connect again. Nothing else is lost. */
public class ReauthenticationRequired internal constructor(told: Told) : EvergrantException(told)

/** Nothing is lost; try again at [retryAt]. */
public class TryLater internal constructor(told: Told, cause: Throwable? = null) :
    EvergrantException(told, cause)

/** It may have been done, and nobody can know: begin a new authorization. */
public class OutcomeUnknown internal constructor(told: Told) : EvergrantException(told)

/** Somebody said no; tell the person. */
public class Denied internal constructor(told: Told) : EvergrantException(told)

/** A redirect was not believed, and nothing has changed: the true one may still come. */
public class CallbackRefused internal constructor(told: Told) : EvergrantException(told)

/** Tell the operator: client id, secret or scopes are wrong. */
public class Misconfigured internal constructor(told: Told) : EvergrantException(told)

/** The new credential is not of the right company, and is not used. */
public class CompanyMismatch internal constructor(told: Told) : EvergrantException(told)

/** Tell the provider: its server broke the protocol. */
public class ServerMisbehaved internal constructor(told: Told) : EvergrantException(told)

/** Tell the operator: the store, or what is in it. */
public open class HostFailed internal constructor(told: Told, cause: Throwable? = null) :
    EvergrantException(told, cause)

/** Thrown by stores: it cannot be told whether a swap has taken place. */
public class StoreUnavailable @JvmOverloads constructor(description: String, cause: Throwable? = null) :
    HostFailed(
        Told(
            "host_store_unanswered",
            705,
            description = description,
            message = "host_store_unanswered: $description",
        ),
        cause,
    )

/** A bug of the caller, to be mended by reading code. */
public class Misuse internal constructor(told: Told) : EvergrantException(told) {
    internal constructor(code: String) : this(Told(code))
}

/** What an exception tells. */
public class Told internal constructor(
    internal val code: String,
    internal val number: Int? = null,
    internal val retryAt: Long? = null,
    internal val tenant: String? = null,
    internal val company: String? = null,
    internal val error: String? = null,
    internal val description: String? = null,
    internal val sealingKey: String? = null,
    internal val returnContext: String? = null,
    internal val message: String = code,
)

/** What a failure of the machine is thrown as; `store` is what the store said, if it was that. */
internal fun exceptionFor(
    failure: Failure,
    tenant: String? = null,
    returnContext: String? = null,
    store: StoreUnavailable? = null,
): EvergrantException {
    val ofStore = store.takeIf { failure.code in OF_STORE }
    val told =
        Told(
            failure.code,
            failure.number.toInt(),
            failure.retryAt?.time(),
            tenant,
            failure.company,
            failure.error,
            ofStore?.description ?: failure.description,
            failure.sealingKey,
            returnContext,
        )
    return named(told, ofStore)
}

/** What a refusal of the machine's functions is thrown as. */
internal fun exceptionOf(refusal: Refusal): EvergrantException = named(Told(refusal.message.orEmpty()))

/** Runs a function of the machine. */
internal inline fun <T> refusing(work: () -> T): T =
    try {
        work()
    } catch (refusal: Refusal) {
        throw exceptionOf(refusal)
    }

private val OF_STORE = setOf("try_later_store_slow", "host_store_unanswered")

private fun named(told: Told, cause: Throwable? = null): EvergrantException =
    when (told.code.substringBefore('_')) {
        "reauthenticate" -> ReauthenticationRequired(told)
        "try" -> TryLater(told, cause)
        "outcome" -> OutcomeUnknown(told)
        "denied" -> Denied(told)
        "callback" -> CallbackRefused(told)
        "misconfigured" -> Misconfigured(told)
        "company" -> CompanyMismatch(told)
        "server" -> ServerMisbehaved(told)
        "host" -> HostFailed(told, cause)
        else -> Misuse(told)
    }
