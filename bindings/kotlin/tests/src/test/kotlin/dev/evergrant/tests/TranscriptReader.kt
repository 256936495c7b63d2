package dev.evergrant.tests

import dev.evergrant.machine.ApiKeyKind
import dev.evergrant.machine.Binding
import dev.evergrant.machine.BrowserProof
import dev.evergrant.machine.ClientConfig
import dev.evergrant.machine.CompanyBinding
import dev.evergrant.machine.Disconnect
import dev.evergrant.machine.Env
import dev.evergrant.machine.HttpFault
import dev.evergrant.machine.Input
import dev.evergrant.machine.IssPolicy
import dev.evergrant.machine.Method
import dev.evergrant.machine.Parameter
import dev.evergrant.machine.ProviderConfig
import dev.evergrant.machine.Quirks
import dev.evergrant.machine.RedirectRules
import dev.evergrant.machine.RefreshPolicy
import dev.evergrant.machine.Rotation
import dev.evergrant.machine.Sealing
import dev.evergrant.machine.SealingKey
import dev.evergrant.machine.Secret
import dev.evergrant.machine.SecretBytes
import dev.evergrant.machine.Stored
import dev.evergrant.machine.Timing
import dev.evergrant.machine.TokenEndpointAuthMethod
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import java.util.HexFormat

fun JsonObject.string(name: String): String = getValue(name).jsonPrimitive.content

fun JsonObject.stringOrNull(name: String): String? = getValue(name).takeIf { it !is JsonNull }?.jsonPrimitive?.content

fun readProvider(given: JsonObject): ProviderConfig =
    ProviderConfig(
        environment = given.string("environment"),
        issuer = given.stringOrNull("issuer"),
        iss = IssPolicy.valueOf(given.upper("iss")),
        authorizationEndpoint = given.string("authorization_endpoint"),
        tokenEndpoint = given.string("token_endpoint"),
        introspectionEndpoint = given.stringOrNull("introspection_endpoint"),
        disconnect = readDisconnect(given.getValue("disconnect")),
        apiOrigin = given.string("api_origin"),
        company = readBinding(given.getValue("company")),
        apiKeys = readBinding(given.getValue("api_keys")),
        resource = given.stringOrNull("resource"),
        authorizeParameters = readPairs(given.getValue("authorize_parameters")),
        tokenEndpointAuthMethod = TokenEndpointAuthMethod.valueOf(given.upper("token_endpoint_auth_method")),
        quirks = readQuirks(given.getValue("quirks").jsonObject),
        redirects = RedirectRules.valueOf(given.upper("redirects")),
        loopbackHttp = given.bool("loopback_http"),
        refresh = readRefresh(given.getValue("refresh").jsonObject),
        releaseUnsaved = given.bool("release_unsaved"),
        authorizationLifetime = given.ulong("authorization_lifetime"),
        answerLimit = given.ulong("answer_limit").toUInt(),
    )

fun readClient(given: JsonObject): ClientConfig =
    ClientConfig(
        clientId = given.string("client_id"),
        clientSecret = given.stringOrNull("client_secret")?.let(::Secret),
        previousClientSecret = given.stringOrNull("previous_client_secret")?.let(::Secret),
        tokenEndpointAuthMethod =
            given.stringOrNull("token_endpoint_auth_method")?.let { TokenEndpointAuthMethod.valueOf(it.uppercase()) },
        redirectUris = given.strings("redirect_uris"),
        scopes = given.strings("scopes"),
        sealing = readSealing(given.getValue("sealing")),
    )

fun readStored(given: JsonObject): Stored =
    Stored(given.string("revision"), SecretBytes(given.string("record").toByteArray()), given.ulongOrNull("age"))

fun readEnv(given: JsonObject): Env =
    Env(
        given.ulong("now"),
        given.ulongOrNull("uptime"),
        given.stringOrNull("boot_id")?.let(hex::parseHex),
        hex.parseHex(given.string("entropy")),
    )

fun readInput(given: JsonObject): Input =
    when (val type = given.string("type")) {
        "authorize" ->
            Input.Authorize(
                given.string("redirect_uri"),
                given.strings("scopes"),
                readPairs(given.getValue("extra")),
                Binding.valueOf(given.upper("binding")),
                given.stringOrNull("return_context"),
                given.stringOrNull("company"),
            )
        "redirected" -> Input.Redirected(Secret(given.string("url")), readProof(given.getValue("proof")))
        "token_wanted" -> Input.TokenWanted(given.ulong("min_validity"))
        "api_answered" -> Input.ApiAnswered(given.ulong("generation"), given.status(), given.headers())
        "key_entered" ->
            Input.KeyEntered(
                Secret(given.string("key")),
                ApiKeyKind.valueOf(given.upper("kind")),
                given.stringOrNull("company"),
                given.strings("scopes"),
            )
        "revoke" -> Input.Revoke
        "cancel" -> Input.Cancel(given.stringOrNull("authorization"))
        "http_done" ->
            Input.HttpDone(given.ulong("op"), given.status(), given.headers(), readBody(given.getValue("body")))
        "http_failed" -> Input.HttpFailed(given.ulong("op"), HttpFault.valueOf(given.upper("why")))
        "swapped" -> {
            val current = given.getValue("current").takeIf { it !is JsonNull }
            Input.Swapped(given.ulong("op"), current?.let { readStored(it.jsonObject) })
        }
        "swap_unanswered" -> Input.SwapUnanswered(given.ulong("op"))
        "peer_gone" -> Input.PeerGone
        "wake" -> Input.Wake
        else -> error("an input of no known type: $type")
    }

val hex: HexFormat = HexFormat.of()

private fun readProof(given: JsonElement): BrowserProof =
    when {
        given is JsonObject -> BrowserProof.Binding(Secret(given.string("binding")))
        given.jsonPrimitive.content == "same_process" -> BrowserProof.SameProcess
        given.jsonPrimitive.content == "missing" -> BrowserProof.Missing
        else -> error("no proof: $given")
    }

private fun readBody(given: JsonElement): SecretBytes =
    SecretBytes(
        if (given is JsonObject) hex.parseHex(given.string("hex")) else given.jsonPrimitive.content.toByteArray(),
    )

private fun readDisconnect(given: JsonElement): Disconnect {
    if (given is JsonPrimitive) return Disconnect.Forget.also { check(given.content == "forget") }
    val how = given.jsonObject
    if ("revocation" in how) return Disconnect.Revocation(how.string("revocation"))
    val (method, url, spares) = how.getValue("api_request").jsonArray.map { it.jsonPrimitive.content }
    return Disconnect.ApiRequest(Method.valueOf(method), url, spares.toBooleanStrict())
}

private fun readBinding(given: JsonElement): CompanyBinding? =
    (given as? JsonObject)?.let {
        CompanyBinding(
            url = it.string("url"),
            subject = it.string("subject"),
            scope = it.stringOrNull("scope"),
            companyPrefix = it.string("company_prefix"),
            organisationPrefix = it.stringOrNull("organisation_prefix"),
        )
    }

private fun readQuirks(given: JsonObject) =
    Quirks(
        given.bool("token_type_optional"),
        given.bool("form_encoded_answers"),
        given.bool("comma_separated_scopes"),
        given.strings("invalid_grant_errors"),
    )

private fun readRefresh(given: JsonObject): RefreshPolicy {
    val (w, t, d, s, a) = given.getValue("timing").jsonArray.map { it.jsonPrimitive.content.toULong() }
    return RefreshPolicy(
        rotation = Rotation.valueOf(given.upper("rotation")),
        familyPerUser = given.bool("family_per_user"),
        accessDies = given.bool("access_dies"),
        timing = Timing(w, t, d, s, a),
    )
}

private fun readSealing(given: JsonElement): Sealing {
    if (given is JsonPrimitive) return Sealing.plain().also { check(given.content == "plain") }
    val ring = given.jsonObject
    return Sealing.sealed(readKey(ring.getValue("active")), ring.getValue("older").jsonArray.map(::readKey), false)
}

private fun readKey(given: JsonElement): SealingKey {
    val (id, key) = given.jsonArray.map { it.jsonPrimitive.content }
    return SealingKey(id, SecretBytes(hex.parseHex(key)))
}

private fun readPairs(given: JsonElement): List<Parameter> =
    (given as JsonArray).map { pair ->
        val (name, value) = pair.jsonArray.map { it.jsonPrimitive.content }
        Parameter(name, value)
    }

private fun JsonObject.headers(): Secret =
    Secret(readPairs(getValue("headers")).joinToString("") { "${it.name}: ${it.value}\n" })

private fun JsonObject.upper(name: String) = string(name).uppercase()

private fun JsonObject.strings(name: String) = getValue(name).jsonArray.map { it.jsonPrimitive.content }

private fun JsonObject.bool(name: String) = string(name).toBooleanStrict()

private fun JsonObject.ulong(name: String) = string(name).toULong()

private fun JsonObject.ulongOrNull(name: String) = stringOrNull(name)?.toULong()

private fun JsonObject.status() = string("status").toUShort()
