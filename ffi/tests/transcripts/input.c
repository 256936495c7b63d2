/* A line of a transcript that goes in. */
#include "transcript.h"

static void read_env(json_object *given, evg_env *env, uint8_t boot_id[16]) {
    json_object *boot = member(given, "boot_id");
    members(given, 4);
    env->now = number_or_none(member(given, "now"));
    env->uptime = number_or_none(member(given, "uptime"));
    env->boot_id = boot == NULL ? NULL : boot_id;
    CHECK(boot == NULL || unhex(boot, boot_id, 16) == 16);
    CHECK(unhex(member(given, "entropy"), env->entropy, 32) == 32);
}

/* The caller frees them. */
static evg_header *read_headers(json_object *given, size_t *count) {
    *count = json_object_array_length(given);
    evg_header *headers = calloc(*count + 1, sizeof *headers);
    CHECK(headers != NULL);
    for (size_t at = 0; at < *count; at++) {
        json_object *pair = json_object_array_get_idx(given, at);
        headers[at].name = evg_text_of(json_object_array_get_idx(pair, 0));
        headers[at].value = evg_text_of(json_object_array_get_idx(pair, 1));
    }
    return headers;
}

static evg_result authorize(evg_connection *connection, const evg_env *env, json_object *given,
                            evg_step **step) {
    evg_text uri = evg_text_of(member(given, "redirect_uri"));
    json_object *scopes = member(given, "scopes"), *extra = member(given, "extra");
    evg_text context = evg_text_of(member(given, "return_context"));
    evg_text company = evg_text_of(member(given, "company"));
    bool cookie = is(member(given, "binding"), "cookie");
    evg_authorize *asked;
    members(given, 7);
    CHECK(cookie || is(member(given, "binding"), "same_process"));
    OK(evg_authorize_new(uri.data, uri.len,
                         cookie ? EVG_BINDING_COOKIE : EVG_BINDING_SAME_PROCESS, &asked));
    for (size_t at = 0; at < json_object_array_length(scopes); at++) {
        evg_text scope = evg_text_of(json_object_array_get_idx(scopes, at));
        OK(evg_authorize_add_scope(asked, scope.data, scope.len));
    }
    for (size_t at = 0; at < json_object_array_length(extra); at++) {
        json_object *pair = json_object_array_get_idx(extra, at);
        evg_text name = evg_text_of(json_object_array_get_idx(pair, 0));
        evg_text value = evg_text_of(json_object_array_get_idx(pair, 1));
        OK(evg_authorize_add_parameter(asked, name.data, name.len, value.data, value.len));
    }
    if (context.data != NULL) {
        OK(evg_authorize_set_return_context(asked, context.data, context.len));
    }
    if (company.data != NULL) {
        OK(evg_authorize_set_company(asked, company.data, company.len));
    }
    evg_result result = evg_connection_step_authorize(connection, env, asked, step);
    evg_authorize_free(asked);
    return result;
}

static evg_result redirected(evg_connection *connection, const evg_env *env, json_object *given,
                             evg_step **step) {
    evg_text url = evg_text_of(member(given, "url")), secret = {NULL, 0};
    json_object *proof = member(given, "proof");
    uint32_t tag = EVG_PROOF_BINDING;
    members(given, 3);
    if (is(proof, "same_process")) {
        tag = EVG_PROOF_SAME_PROCESS;
    } else if (is(proof, "missing")) {
        tag = EVG_PROOF_MISSING;
    } else {
        secret = evg_text_of(member(proof, "binding"));
    }
    return evg_connection_step_redirected(connection, env, url.data, url.len, tag, secret.data,
                                          secret.len, step);
}

static evg_result api_answered(evg_connection *connection, const evg_env *env,
                               json_object *given, evg_step **step) {
    size_t count;
    evg_header *headers = read_headers(member(given, "headers"), &count);
    members(given, 4);
    evg_result result = evg_connection_step_api_answered(
        connection, env, number_or_none(member(given, "generation")),
        (uint16_t)number_or_none(member(given, "status")), headers, count, step);
    free(headers);
    return result;
}

static evg_result key_entered(evg_connection *connection, const evg_env *env, json_object *given,
                              evg_step **step) {
    json_object *list = member(given, "scopes");
    size_t count = json_object_array_length(list);
    evg_text company = evg_text_of(member(given, "company"));
    bool integrated = is(member(given, "kind"), "integrated");
    evg_text *scopes = calloc(count + 1, sizeof *scopes);
    members(given, 5);
    CHECK(scopes != NULL && (integrated || is(member(given, "kind"), "standalone")));
    for (size_t at = 0; at < count; at++) {
        scopes[at] = evg_text_of(json_object_array_get_idx(list, at));
    }
    evg_result result = evg_connection_step_key_entered(
        connection, env, evg_text_of(member(given, "key")),
        integrated ? EVG_API_KEY_KIND_INTEGRATED : EVG_API_KEY_KIND_STANDALONE, company.data,
        company.len, scopes, count, step);
    free(scopes);
    return result;
}

static evg_result http_done(evg_connection *connection, const evg_env *env, json_object *given,
                            evg_step **step) {
    static uint8_t bytes[1 << 20];
    json_object *body = member(given, "body"), *digits;
    size_t count, len;
    evg_header *headers = read_headers(member(given, "headers"), &count);
    const uint8_t *data = bytes;
    members(given, 5);
    if (json_object_object_get_ex(body, "hex", &digits)) {
        len = unhex(digits, bytes, sizeof bytes);
    } else {
        data = (const uint8_t *)text_of(body, &len);
    }
    evg_result result = evg_connection_step_http_done(
        connection, env, number_or_none(member(given, "op")),
        (uint16_t)number_or_none(member(given, "status")), headers, count, data, len, step);
    free(headers);
    return result;
}

static evg_result http_failed(evg_connection *connection, const evg_env *env, json_object *given,
                              evg_step **step) {
    json_object *why = member(given, "why");
    uint32_t fault = EVG_HTTP_FAULT_NOT_SENT;
    members(given, 3);
    if (is(why, "too_late")) {
        fault = EVG_HTTP_FAULT_TOO_LATE;
    } else if (is(why, "unknown")) {
        fault = EVG_HTTP_FAULT_UNKNOWN;
    } else {
        CHECK(is(why, "not_sent"));
    }
    return evg_connection_step_http_failed(connection, env, number_or_none(member(given, "op")),
                                           fault, step);
}

static evg_result swapped(evg_connection *connection, const evg_env *env, json_object *given,
                          evg_step **step) {
    json_object *current = member(given, "current");
    uint64_t op = number_or_none(member(given, "op")), age = EVG_NONE;
    evg_text revision = {NULL, 0}, record = {NULL, 0};
    members(given, 3);
    if (current != NULL) {
        members(current, 3);
        revision = evg_text_of(member(current, "revision"));
        record = evg_text_of(member(current, "record"));
        age = number_or_none(member(current, "age"));
    }
    return evg_connection_step_swapped(connection, env, op, revision.data, revision.len,
                                       (const uint8_t *)record.data, record.len, age, step);
}

evg_result feed(evg_connection *connection, json_object *line, evg_step **step) {
    json_object *given = member(line, "input"), *type = member(given, "type");
    uint8_t boot_id[16];
    evg_env env;
    members(line, 2);
    read_env(member(line, "env"), &env, boot_id);
    if (is(type, "authorize")) {
        return authorize(connection, &env, given, step);
    }
    if (is(type, "redirected")) {
        return redirected(connection, &env, given, step);
    }
    if (is(type, "token_wanted")) {
        uint64_t min_validity = number_or_none(member(given, "min_validity"));
        return evg_connection_step_token_wanted(connection, &env, min_validity, step);
    }
    if (is(type, "api_answered")) {
        return api_answered(connection, &env, given, step);
    }
    if (is(type, "key_entered")) {
        return key_entered(connection, &env, given, step);
    }
    if (is(type, "revoke")) {
        return evg_connection_step_revoke(connection, &env, step);
    }
    if (is(type, "cancel")) {
        evg_text id = evg_text_of(member(given, "authorization"));
        return evg_connection_step_cancel(connection, &env, id.data, id.len, step);
    }
    if (is(type, "http_done")) {
        return http_done(connection, &env, given, step);
    }
    if (is(type, "http_failed")) {
        return http_failed(connection, &env, given, step);
    }
    if (is(type, "swapped")) {
        return swapped(connection, &env, given, step);
    }
    if (is(type, "swap_unanswered")) {
        uint64_t op = number_or_none(member(given, "op"));
        return evg_connection_step_swap_unanswered(connection, &env, op, step);
    }
    if (is(type, "peer_gone")) {
        return evg_connection_step_peer_gone(connection, &env, step);
    }
    CHECK(is(type, "wake"));
    return evg_connection_step_wake(connection, &env, step);
}
