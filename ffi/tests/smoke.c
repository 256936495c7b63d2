/* Links the library and drives it from authorize to a token in use, with a store
 * and a token endpoint that live in this file; then misuses what can be misused. */
#include "world.h"

/* The token endpoint: one answer for all. */
static void send_http(evg_connection *connection, const evg_step *step, evg_step **next) {
    static const char answer[] = "{\"access_token\":\"at-1\",\"refresh_token\":\"rt-1\","
                                 "\"token_type\":\"Bearer\",\"expires_in\":3600}";
    uint64_t op, within, listen;
    uint32_t limit;
    evg_method method;
    evg_text url, name, value;
    evg_bytes body;
    size_t count;
    int authorized = 0;
    OK(evg_step_op(step, &op));
    OK(evg_step_http_method(step, &method));
    OK(evg_step_http_url(step, &url));
    OK(evg_step_http_body(step, &body));
    OK(evg_step_http_send_within(step, &within));
    OK(evg_step_http_listen_for(step, &listen));
    OK(evg_step_http_answer_limit(step, &limit));
    OK(evg_step_http_header_count(step, &count));
    WANT(EVG_RESULT_INDEX_INVALID, evg_step_http_header(step, count, &name, &value));
    for (size_t at = 0; at < count; at++) {
        OK(evg_step_http_header(step, at, &name, &value));
        authorized |= name.len == 13 && memcmp(name.data, "authorization", 13) == 0;
    }
    CHECK(method == EVG_METHOD_POST && authorized && body.len > 0 && within > 0 && listen > 0);
    printf("  send  %.*s, %zu headers, %zu bytes\n", (int)url.len, url.data, count, body.len);

    /* The second header is not UTF-8: a peer's fault, and no misuse of ours. */
    evg_header headers[] = {{{TEXT("content-type")}, {TEXT("application/json")}},
                            {{TEXT("x-odd")}, {TEXT("\xff\xfe")}}};
    OK(evg_connection_step_http_done(connection, world(), op, 200, headers, 2,
                                     (const uint8_t *)answer, sizeof answer - 1, next));
}

static char opened[2048];
static uint64_t token_generation = EVG_NONE;
static evg_result failed;
static char missing[65];

/* Performs every output, and every output of the steps that this leads to. */
static void perform(evg_connection *connection, evg_step *step) {
    evg_output kind;
    while (evg_step_next(step, &kind) == EVG_RESULT_OK && kind != EVG_OUTPUT_NONE) {
        evg_step *next = NULL;
        evg_text text;
        if (kind == EVG_OUTPUT_SWAP) {
            swap(connection, step, &next);
        } else if (kind == EVG_OUTPUT_SEND_HTTP) {
            send_http(connection, step, &next);
        } else if (kind == EVG_OUTPUT_OPEN_URL) {
            evg_text binding;
            OK(evg_step_open_url(step, &text));
            OK(evg_step_open_url_binding(step, &binding));
            CHECK(binding.data == NULL && text.len < sizeof opened);
            memcpy(opened, text.data, text.len);
            opened[text.len] = 0;
            OK(evg_step_authorization_id(step, &text));
            printf("  open  authorization %.*s\n", (int)text.len, text.data);
        } else if (kind == EVG_OUTPUT_TOKEN_READY) {
            OK(evg_step_token_generation(step, &token_generation));
            OK(evg_step_token_header(step, &text));
            CHECK(text.len == 11 && memcmp(text.data, "Bearer at-1", 11) == 0);
            OK(evg_step_token_origin(step, &text));
            printf("  token for %.*s\n", (int)text.len, text.data);
        } else if (kind == EVG_OUTPUT_AUTHORIZED) {
            OK(evg_step_return_context(step, &text));
            CHECK(text.len == 7 && memcmp(text.data, "page=42", 7) == 0);
        } else if (kind == EVG_OUTPUT_FAILED) {
            OK(evg_step_failed_code(step, &failed));
            OK(evg_step_failed_kind(step, &text));
            printf("  fails %.*s, %s\n", (int)text.len, text.data, evg_result_name(failed));
            OK(evg_step_failed_sealing_key(step, &text));
            CHECK((text.data != NULL) == (failed == EVG_RESULT_HOST_SEALING_KEY_MISSING));
            snprintf(missing, sizeof missing, "%.*s", (int)text.len, text.data ? text.data : "");
        } else if (kind == EVG_OUTPUT_NOTICE) {
            OK(evg_step_notice_code(step, &text));
            printf("  note  %.*s\n", (int)text.len, text.data);
        }
        if (next != NULL) {
            perform(connection, next);
        }
    }
    evg_step_free(step);
}

static evg_provider *make_provider(void) {
    evg_provider_config *config;
    evg_provider *provider;
    OK(evg_provider_config_new(&config));
    WANT(EVG_RESULT_MISUSE_ENVIRONMENT_INVALID, evg_provider_new(config, &provider));
    OK(evg_provider_config_set_environment(config, TEXT("loopback")));
    OK(evg_provider_config_set_issuer(config, TEXT("http://127.0.0.1:8080")));
    OK(evg_provider_config_set_iss(config, EVG_ISS_IF_PRESENT));
    OK(evg_provider_config_set_authorization_endpoint(config, TEXT("http://127.0.0.1:8080/a")));
    OK(evg_provider_config_set_token_endpoint(config, TEXT("http://127.0.0.1:8080/t")));
    OK(evg_provider_config_set_revocation_endpoint(config, TEXT("http://127.0.0.1:8080/r")));
    OK(evg_provider_config_set_api_origin(config, TEXT("http://127.0.0.1:8080")));
    WANT(EVG_RESULT_MISUSE_ENDPOINT_INVALID, evg_provider_new(config, &provider));
    OK(evg_provider_config_set_loopback_http(config, true));
    OK(evg_provider_config_set_timing(config, 300, 2000, 1900, 400, 3000));
    OK(evg_provider_new(config, &provider));
    evg_provider_config_free(config);
    return provider;
}

/* A client that seals with the key of this id. */
static evg_client *make_client(const char *id) {
    static const uint8_t key[32] = {7};
    evg_provider *provider = make_provider();
    evg_client_config *config;
    evg_client *client;
    OK(evg_client_config_new(&config));
    OK(evg_client_config_set_client_id(config, TEXT("client-1")));
    OK(evg_client_config_set_client_secret(config, TEXT("canary-secret")));
    OK(evg_client_config_set_auth_method(config, EVG_AUTH_METHOD_CLIENT_SECRET_BASIC));
    OK(evg_client_config_add_redirect_uri(config, TEXT(CALLBACK)));
    OK(evg_client_config_add_scope(config, TEXT("users:read")));
    WANT(EVG_RESULT_SETTING_MISSING, evg_client_new(provider, config, &client));
    OK(evg_client_config_set_sealing(config, EVG_SEALING_PLAIN));
    WANT(EVG_RESULT_MISUSE_SEALING_KEY_INVALID,
         evg_client_config_set_sealing_key(config, id, strlen(id), key, 31));
    OK(evg_client_config_add_older_sealing_key(config, TEXT("k0"), key, 32));
    WANT(EVG_RESULT_SETTING_MISSING, evg_client_new(provider, config, &client));
    OK(evg_client_config_set_sealing_key(config, id, strlen(id), key, 32));
    OK(evg_client_new(provider, config, &client));
    evg_client_config_free(config);
    evg_provider_free(provider); /* the client keeps what it needs */
    return client;
}

/* From nothing to a token in use. */
static void lifecycle(evg_connection *connection) {
    evg_authorize *authorize;
    evg_step *step;
    evg_status status;
    evg_text header;
    OK(evg_authorize_new(TEXT(CALLBACK), EVG_BINDING_SAME_PROCESS, &authorize));
    OK(evg_authorize_add_parameter(authorize, TEXT("prompt"), TEXT("consent")));
    OK(evg_authorize_set_return_context(authorize, TEXT("page=42")));
    OK(evg_connection_step_authorize(connection, world(), authorize, &step));
    evg_authorize_free(authorize);
    OK(evg_step_status(step, &status));
    CHECK(status == EVG_STATUS_AUTHORIZING);
    perform(connection, step);
    CHECK(strncmp(opened, "http://127.0.0.1:8080/a?", 24) == 0);
    CHECK(strstr(opened, "prompt=consent") != NULL);

    char redirect[512];
    const char *state = strstr(opened, "state=");
    CHECK(state != NULL);
    int len = snprintf(redirect, sizeof redirect, "%s?code=c-1&%.*s", CALLBACK,
                       (int)strcspn(state, "&"), state);
    OK(evg_connection_step_redirected(connection, world(), redirect, (size_t)len,
                                      EVG_PROOF_SAME_PROCESS, NULL, 0, &step));
    perform(connection, step);
    OK(evg_connection_status(connection, world()->now, &status));
    CHECK(status == EVG_STATUS_AUTHORIZED && token_generation != EVG_NONE && failed == 0);

    uint64_t generation;
    OK(evg_connection_authorization(connection, world()->now, TEXT("http://127.0.0.1:8080/v1/me"),
                                    30000, &generation, &header));
    CHECK(generation == token_generation);
    CHECK(header.len == 11 && memcmp(header.data, "Bearer at-1", 11) == 0);
    OK(evg_connection_authorization(connection, world()->now, TEXT("https://evil.example/v1/me"),
                                    30000, &generation, &header));
    CHECK(header.data == NULL && generation == EVG_NONE);

    /* Used again, the redirect is a failure that is told, not a misuse. */
    OK(evg_connection_step_redirected(connection, world(), redirect, (size_t)len,
                                      EVG_PROOF_SAME_PROCESS, NULL, 0, &step));
    perform(connection, step);
    CHECK(failed == EVG_RESULT_CALLBACK_STATE_USED);
}

/* What was stored makes the same connection again. */
static void restore(evg_client *client, evg_connection *connection) {
    evg_connection *again;
    evg_text key, header;
    char revision[16];
    OK(evg_connection_store_key(connection, &key));
    struct row *row = row_of(key);
    size_t len = revision_text(row, revision, sizeof revision);
    evg_text id;
    OK(evg_sealing_key_id(row->record, row->len, &id));
    CHECK(id.len == 2 && memcmp(id.data, "k1", 2) == 0);
    OK(evg_sealing_key_id((const uint8_t *)"{}", 2, &id));
    CHECK(id.data == NULL);
    WANT(EVG_RESULT_HOST_RECORD_FORGED,
         evg_connection_restore(client, TEXT("tenant-43"), revision, len, row->record, row->len,
                                EVG_NONE, &again));
    WANT(EVG_RESULT_HOST_RECORD_SEALING,
         evg_connection_restore(client, TEXT("tenant-42"), revision, len, row->record, 5,
                                EVG_NONE, &again));
    OK(evg_connection_restore(client, TEXT("tenant-42"), revision, len, row->record, row->len,
                              1000, &again));
    evg_step *step = NULL;
    OK(evg_connection_step_peer_gone(again, world(), &step));
    evg_step_free(step);
    uint64_t generation;
    OK(evg_connection_authorization(again, world()->now, TEXT("http://127.0.0.1:8080/"), 0,
                                    &generation, &header));
    CHECK(header.len == 11);
    evg_connection_free(again);
}

/* A client without the key refuses, and says which key it is. */
static void missing_key(void) {
    evg_client *client = make_client("k2");
    evg_connection *connection;
    evg_step *step;
    OK(evg_connection_new(client, TEXT("tenant-42"), &connection));
    OK(evg_connection_step_token_wanted(connection, world(), 0, &step));
    perform(connection, step);
    CHECK(failed == EVG_RESULT_HOST_SEALING_KEY_MISSING && strcmp(missing, "k1") == 0);
    evg_connection_free(connection);
    evg_client_free(client);
}

static void misuse(evg_client *client, evg_connection *connection) {
    evg_step *step = NULL;
    evg_connection *none = NULL;
    evg_provider *provider = NULL;
    evg_authorize *authorize;
    evg_output kind;
    evg_text text = {NULL, 7};
    uint64_t number;

    /* NULL: refused where it is wrong, and whatever comes out is left alone. */
    WANT(EVG_RESULT_NULL_ARGUMENT, evg_connection_step_wake(NULL, world(), &step));
    WANT(EVG_RESULT_NULL_ARGUMENT, evg_connection_step_wake(connection, NULL, &step));
    WANT(EVG_RESULT_NULL_ARGUMENT, evg_connection_step_wake(connection, world(), NULL));
    WANT(EVG_RESULT_NULL_ARGUMENT, evg_connection_new(client, NULL, 3, &none));
    WANT(EVG_RESULT_NULL_ARGUMENT, evg_connection_new(NULL, TEXT("t"), &none));
    WANT(EVG_RESULT_NULL_ARGUMENT, evg_step_next(NULL, &kind));
    WANT(EVG_RESULT_NULL_ARGUMENT,
         evg_connection_step_swapped(connection, world(), 1, "r1", 2, NULL, 3, EVG_NONE, &step));
    CHECK(step == NULL && none == NULL);

    /* Texts, lengths and numbers. */
    WANT(EVG_RESULT_INVALID_UTF8, evg_connection_new(client, TEXT("\xff"), &none));
    WANT(EVG_RESULT_LENGTH_INVALID, evg_connection_new(client, "t", SIZE_MAX, &none));
    WANT(EVG_RESULT_MISUSE_TENANT_INVALID, evg_connection_new(client, "", 0, &none));
    WANT(EVG_RESULT_UNKNOWN_TAG, evg_provider_new_pleo(0, &provider));
    WANT(EVG_RESULT_UNKNOWN_TAG, evg_provider_new_pleo(3, &provider));
    WANT(EVG_RESULT_UNKNOWN_TAG, evg_authorize_new(TEXT(CALLBACK), 99, &authorize));
    WANT(EVG_RESULT_UNKNOWN_TAG, evg_connection_step_http_failed(connection, world(), 1, 0, &step));
    /* Whatever a peer says is no misuse; nobody waits for this answer. */
    OK(evg_connection_step_http_done(connection, world(), 1, 99, NULL, 0, NULL, 0, &step));
    evg_step_free(step);
    step = NULL;

    /* The core's own misuse comes through with its number. */
    OK(evg_authorize_new(TEXT("https://other.example/"), EVG_BINDING_COOKIE, &authorize));
    WANT(EVG_RESULT_MISUSE_REDIRECT_URI_NOT_REGISTERED,
         evg_connection_step_authorize(connection, world(), authorize, &step));
    evg_authorize_free(authorize);
    evg_env empty = *world();
    memset(empty.entropy, 0, sizeof empty.entropy);
    WANT(EVG_RESULT_MISUSE_ENTROPY_MISSING, evg_connection_step_wake(connection, &empty, &step));
    CHECK(step == NULL);

    /* Accessors of another kind, before the first output and after the last. */
    OK(evg_authorize_new(TEXT(CALLBACK), EVG_BINDING_COOKIE, &authorize));
    OK(evg_connection_step_authorize(connection, world(), authorize, &step));
    evg_authorize_free(authorize);
    WANT(EVG_RESULT_WRONG_KIND, evg_step_op(step, &number));
    OK(evg_step_kind(step, &kind));
    CHECK(kind == EVG_OUTPUT_NONE);
    OK(evg_step_next(step, &kind));
    CHECK(kind == EVG_OUTPUT_SWAP);
    WANT(EVG_RESULT_WRONG_KIND, evg_step_open_url(step, &text));
    WANT(EVG_RESULT_WRONG_KIND, evg_step_http_header(step, 0, &text, &text));
    CHECK(text.data == NULL && text.len == 7);
    OK(evg_step_next(step, &kind));
    OK(evg_step_next(step, &kind));
    CHECK(kind == EVG_OUTPUT_NONE);
    WANT(EVG_RESULT_WRONG_KIND, evg_step_swap_key(step, &text));
    evg_step_free(step);

    /* Whoever answers what was never asked changes nothing. */
    OK(evg_connection_step_swap_unanswered(connection, world(), 12345, &step));
    OK(evg_step_next(step, &kind));
    CHECK(kind == EVG_OUTPUT_NONE);
    evg_step_free(step);

    /* NULL is free to be freed. */
    evg_step_free(NULL);
    evg_connection_free(NULL);
    evg_client_free(NULL);
    evg_client_config_free(NULL);
    evg_provider_free(NULL);
    evg_provider_config_free(NULL);
    evg_authorize_free(NULL);
}

int main(void) {
    evg_provider *pleo;
    evg_connection *connection;
    OK(evg_provider_new_pleo(EVG_PLEO_STAGING, &pleo));
    evg_provider_free(pleo);
    evg_client *client = make_client("k1");
    OK(evg_connection_new(client, TEXT("tenant-42"), &connection));
    lifecycle(connection);
    restore(client, connection);
    missing_key();
    misuse(client, connection);
    evg_client_free(client); /* the connection keeps what it needs */
    evg_connection_free(connection);
    CHECK(strcmp(evg_result_name(EVG_RESULT_TRY_LATER_BUSY), "try_later_busy") == 0);
    printf("  %d checks hold\n", checks);
    return 0;
}
