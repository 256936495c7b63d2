/* A client of the first line of a transcript, with every member that is there. */
#include "transcript.h"

static uint32_t auth_method(json_object *name) {
    if (is(name, "client_secret_basic")) {
        return EVG_AUTH_METHOD_CLIENT_SECRET_BASIC;
    }
    if (is(name, "client_secret_post")) {
        return EVG_AUTH_METHOD_CLIENT_SECRET_POST;
    }
    CHECK(is(name, "none"));
    return EVG_AUTH_METHOD_NONE;
}

static uint32_t iss(json_object *name) {
    if (is(name, "required")) {
        return EVG_ISS_REQUIRED;
    }
    if (is(name, "if_present")) {
        return EVG_ISS_IF_PRESENT;
    }
    CHECK(is(name, "ignored"));
    return EVG_ISS_IGNORED;
}

/* The place of a name among those of an enum, which count from 1. */
static uint32_t place(json_object *name, const char *const *names, uint32_t count) {
    uint32_t at = 0;
    while (at < count && !is(name, names[at])) {
        at++;
    }
    CHECK(at < count);
    return at + 1;
}

static uint32_t rotation(json_object *name) {
    static const char *const names[] = {"strict",   "single_use",  "same_successor",
                                        "siblings", "newest_wins", "none"};
    return place(name, names, 6);
}

static uint32_t redirects(json_object *name) {
    static const char *const names[] = {"native_apps", "native_apps_or_localhost", "https",
                                        "https_or_own_machine"};
    return place(name, names, 4);
}

static uint32_t method(json_object *name) {
    static const char *const names[] = {"GET", "POST", "DELETE"};
    return place(name, names, 3);
}

typedef evg_result text_setter(evg_provider_config *, const char *, size_t);

static void set(evg_provider_config *config, text_setter *setter, json_object *value) {
    evg_text text = evg_text_of(value);
    if (text.data != NULL) {
        OK(setter(config, text.data, text.len));
    }
}

static bool yes(json_object *value) {
    CHECK(json_object_is_type(value, json_type_boolean));
    return json_object_get_boolean(value);
}

static void disconnect(evg_provider_config *config, json_object *how) {
    json_object *parts;
    if (is(how, "forget")) {
        return;
    }
    members(how, 1);
    if (json_object_object_get_ex(how, "revocation", &parts)) {
        set(config, evg_provider_config_set_revocation_endpoint, parts);
        return;
    }
    parts = member(how, "api_request");
    CHECK(json_object_array_length(parts) == 3);
    evg_text url = evg_text_of(json_object_array_get_idx(parts, 1));
    OK(evg_provider_config_set_disconnect_request(
        config, method(json_object_array_get_idx(parts, 0)), url.data, url.len,
        yes(json_object_array_get_idx(parts, 2))));
}

typedef evg_result binding_setter(evg_provider_config *, const evg_company_binding *);

static void bind(evg_provider_config *config, binding_setter *setter, json_object *how) {
    if (how == NULL) {
        return;
    }
    members(how, 5);
    evg_company_binding binding = {
        evg_text_of(member(how, "url")),
        evg_text_of(member(how, "subject")),
        evg_text_of(member(how, "scope")),
        evg_text_of(member(how, "company_prefix")),
        evg_text_of(member(how, "organisation_prefix")),
    };
    OK(setter(config, &binding));
}

static void quirks(evg_provider_config *config, json_object *quirks) {
    members(quirks, 4);
    OK(evg_provider_config_set_token_type_optional(config,
                                                   yes(member(quirks, "token_type_optional"))));
    OK(evg_provider_config_set_form_encoded_answers(config,
                                                    yes(member(quirks, "form_encoded_answers"))));
    OK(evg_provider_config_set_comma_separated_scopes(
        config, yes(member(quirks, "comma_separated_scopes"))));
    json_object *errors = member(quirks, "invalid_grant_errors");
    for (size_t at = 0; at < json_object_array_length(errors); at++) {
        set(config, evg_provider_config_add_invalid_grant_error,
            json_object_array_get_idx(errors, at));
    }
}

static void refresh(evg_provider_config *config, json_object *policy) {
    json_object *timing = member(policy, "timing");
    uint64_t row[5];
    members(policy, 4);
    CHECK(json_object_array_length(timing) == 5);
    for (size_t at = 0; at < 5; at++) {
        row[at] = number_or_none(json_object_array_get_idx(timing, at));
    }
    OK(evg_provider_config_set_rotation(config, rotation(member(policy, "rotation"))));
    OK(evg_provider_config_set_access_dies(config, yes(member(policy, "access_dies"))));
    OK(evg_provider_config_set_family_per_user(config, yes(member(policy, "family_per_user"))));
    OK(evg_provider_config_set_timing(config, row[0], row[1], row[2], row[3], row[4]));
}

static evg_provider *read_provider(json_object *given) {
    evg_provider_config *config;
    evg_provider *provider;
    members(given, 20);
    OK(evg_provider_config_new(&config));
    set(config, evg_provider_config_set_environment, member(given, "environment"));
    evg_text issuer = evg_text_of(member(given, "issuer"));
    OK(evg_provider_config_set_iss(config, iss(member(given, "iss"))));
    if (issuer.data != NULL) {
        OK(evg_provider_config_set_issuer(config, issuer.data, issuer.len));
    }
    set(config, evg_provider_config_set_authorization_endpoint,
        member(given, "authorization_endpoint"));
    set(config, evg_provider_config_set_token_endpoint, member(given, "token_endpoint"));
    set(config, evg_provider_config_set_introspection_endpoint,
        member(given, "introspection_endpoint"));
    disconnect(config, member(given, "disconnect"));
    set(config, evg_provider_config_set_api_origin, member(given, "api_origin"));
    bind(config, evg_provider_config_set_company, member(given, "company"));
    bind(config, evg_provider_config_set_api_keys, member(given, "api_keys"));
    set(config, evg_provider_config_set_resource, member(given, "resource"));
    json_object *parameters = member(given, "authorize_parameters");
    for (size_t at = 0; at < json_object_array_length(parameters); at++) {
        json_object *pair = json_object_array_get_idx(parameters, at);
        evg_text name = evg_text_of(json_object_array_get_idx(pair, 0));
        evg_text value = evg_text_of(json_object_array_get_idx(pair, 1));
        OK(evg_provider_config_add_authorize_parameter(config, name.data, name.len, value.data,
                                                       value.len));
    }
    OK(evg_provider_config_set_auth_method(
        config, auth_method(member(given, "token_endpoint_auth_method"))));
    quirks(config, member(given, "quirks"));
    OK(evg_provider_config_set_redirects(config, redirects(member(given, "redirects"))));
    OK(evg_provider_config_set_loopback_http(config, yes(member(given, "loopback_http"))));
    refresh(config, member(given, "refresh"));
    OK(evg_provider_config_set_release_unsaved(config, yes(member(given, "release_unsaved"))));
    OK(evg_provider_config_set_authorization_lifetime(
        config, number_or_none(member(given, "authorization_lifetime"))));
    OK(evg_provider_config_set_answer_limit(
        config, (uint32_t)number_or_none(member(given, "answer_limit"))));
    OK(evg_provider_new(config, &provider));
    evg_provider_config_free(config);
    return provider;
}

typedef evg_result key_setter(evg_client_config *, const char *, size_t, const uint8_t *, size_t);

static void seal(evg_client_config *config, key_setter *setter, json_object *pair) {
    evg_text id = evg_text_of(json_object_array_get_idx(pair, 0));
    uint8_t key[32];
    size_t len = unhex(json_object_array_get_idx(pair, 1), key, sizeof key);
    OK(setter(config, id.data, id.len, key, len));
}

static void sealing(evg_client_config *config, json_object *how) {
    if (is(how, "plain")) {
        OK(evg_client_config_set_sealing(config, EVG_SEALING_PLAIN));
        return;
    }
    members(how, 2);
    json_object *older = member(how, "older");
    seal(config, evg_client_config_set_sealing_key, member(how, "active"));
    for (size_t at = 0; at < json_object_array_length(older); at++) {
        seal(config, evg_client_config_add_older_sealing_key,
             json_object_array_get_idx(older, at));
    }
}

typedef evg_result client_setter(evg_client_config *, const char *, size_t);

static void set_client(evg_client_config *config, client_setter *setter, json_object *value) {
    evg_text text = evg_text_of(value);
    if (text.data != NULL) {
        OK(setter(config, text.data, text.len));
    }
}

static void add_all(evg_client_config *config, client_setter *setter, json_object *list) {
    for (size_t at = 0; at < json_object_array_length(list); at++) {
        set_client(config, setter, json_object_array_get_idx(list, at));
    }
}

evg_client *read_client(json_object *line) {
    json_object *given = member(line, "client"), *method = member(given, "token_endpoint_auth_method");
    evg_provider *provider = read_provider(member(line, "provider"));
    evg_client_config *config;
    evg_client *client;
    members(line, 3);
    members(given, 7);
    OK(evg_client_config_new(&config));
    set_client(config, evg_client_config_set_client_id, member(given, "client_id"));
    set_client(config, evg_client_config_set_client_secret, member(given, "client_secret"));
    set_client(config, evg_client_config_set_previous_client_secret,
               member(given, "previous_client_secret"));
    if (method != NULL) {
        OK(evg_client_config_set_auth_method(config, auth_method(method)));
    }
    add_all(config, evg_client_config_add_redirect_uri, member(given, "redirect_uris"));
    add_all(config, evg_client_config_add_scope, member(given, "scopes"));
    sealing(config, member(given, "sealing"));
    OK(evg_client_new(provider, config, &client));
    evg_client_config_free(config);
    evg_provider_free(provider);
    return client;
}

evg_connection *read_restored(evg_client *client, json_object *tenant, json_object *stored) {
    evg_text name = evg_text_of(tenant), revision = {NULL, 0}, record = {NULL, 0};
    uint64_t age = EVG_NONE;
    evg_connection *connection;
    if (stored != NULL) {
        revision = evg_text_of(member(stored, "revision"));
        record = evg_text_of(member(stored, "record"));
        age = number_or_none(member(stored, "age"));
    }
    OK(evg_connection_restore(client, name.data, name.len, revision.data, revision.len,
                              (const uint8_t *)record.data, record.len, age, &connection));
    return connection;
}
