/* What happened: every step that is refused leaves the connection as it was. */
#include "misuse.h"

/* A function of a connection and an env, and of nothing that could be wrong. */
#define STEPS(function)                                                        \
    do {                                                                       \
        ROW(EVG_RESULT_NULL_ARGUMENT, function, NULL, &w.env, &out.step);      \
        ROW(EVG_RESULT_NULL_ARGUMENT, function, w.connection, NULL, &out.step); \
        ROW(EVG_RESULT_NULL_ARGUMENT, function, w.connection, &w.env, NULL);   \
        entropy(0);                                                            \
        ROW(EVG_RESULT_MISUSE_ENTROPY_MISSING, function, w.connection, &w.env, &out.step); \
        entropy(4);                                                            \
        ROW(EVG_RESULT_MISUSE_ENTROPY_REUSED, function, w.connection, &w.env, &out.step); \
        entropy(5);                                                            \
    } while (0)

/* The same with one more number. */
#define STEPS_WITH(function, number)                                                    \
    do {                                                                                \
        ROW(EVG_RESULT_NULL_ARGUMENT, function, NULL, &w.env, number, &out.step);       \
        ROW(EVG_RESULT_NULL_ARGUMENT, function, w.connection, NULL, number, &out.step); \
        ROW(EVG_RESULT_NULL_ARGUMENT, function, w.connection, &w.env, number, NULL);    \
    } while (0)

/* The last step was made with entropy of fours. */
static void entropy(uint8_t byte) {
    memset(w.env.entropy, byte, sizeof w.env.entropy);
}

static void without_data(void) {
    STEPS(evg_connection_step_revoke);
    STEPS(evg_connection_step_peer_gone);
    STEPS(evg_connection_step_wake);
    STEPS_WITH(evg_connection_step_token_wanted, 30000);
    STEPS_WITH(evg_connection_step_swap_unanswered, 1);
}

static void of_people(void) {
    evg_authorize *wrong;
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_step_authorize, NULL, &w.env, w.authorize, &out.step);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_step_authorize, w.connection, NULL, w.authorize, &out.step);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_step_authorize, w.connection, &w.env, NULL, &out.step);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_step_authorize, w.connection, &w.env, w.authorize, NULL);
    OK(evg_authorize_new(TEXT("https://other.example/"), EVG_BINDING_COOKIE, &wrong));
    ROW(EVG_RESULT_MISUSE_REDIRECT_URI_NOT_REGISTERED, evg_connection_step_authorize, w.connection, &w.env, wrong, &out.step);
    evg_authorize_free(wrong);
    OK(evg_authorize_new(TEXT(CALLBACK), EVG_BINDING_COOKIE, &wrong));
    OK(evg_authorize_add_scope(wrong, TEXT("unknown")));
    ROW(EVG_RESULT_MISUSE_SCOPE_NOT_REGISTERED, evg_connection_step_authorize, w.connection, &w.env, wrong, &out.step);
    evg_authorize_free(wrong);
    OK(evg_authorize_new(TEXT(CALLBACK), EVG_BINDING_COOKIE, &wrong));
    OK(evg_authorize_add_parameter(wrong, TEXT("client_id"), TEXT("another")));
    ROW(EVG_RESULT_MISUSE_PARAMETER_RESERVED, evg_connection_step_authorize, w.connection, &w.env, wrong, &out.step);
    evg_authorize_free(wrong);

    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_step_redirected, NULL, &w.env, "?", 1, 2, NULL, 0, &out.step);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_step_redirected, w.connection, NULL, "?", 1, 2, NULL, 0, &out.step);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_step_redirected, w.connection, &w.env, NULL, 1, 2, NULL, 0, &out.step);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_step_redirected, w.connection, &w.env, "?", 1, 1, NULL, 0, &out.step);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_step_redirected, w.connection, &w.env, "?", 1, 2, NULL, 0, NULL);
    ROW(EVG_RESULT_UNKNOWN_TAG, evg_connection_step_redirected, w.connection, &w.env, "?", 1, 0, "b", 1, &out.step);
    ROW(EVG_RESULT_UNKNOWN_TAG, evg_connection_step_redirected, w.connection, &w.env, "?", 1, 99, "b", 1, &out.step);
    ROW(EVG_RESULT_LENGTH_INVALID, evg_connection_step_redirected, w.connection, &w.env, "?", SIZE_MAX, 1, "b", 1, &out.step);
    ROW(EVG_RESULT_LENGTH_INVALID, evg_connection_step_redirected, w.connection, &w.env, "?", 1, 1, "b", SIZE_MAX, &out.step);

    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_step_cancel, NULL, &w.env, "a", 1, &out.step);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_step_cancel, w.connection, NULL, "a", 1, &out.step);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_step_cancel, w.connection, &w.env, NULL, 1, &out.step);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_step_cancel, w.connection, &w.env, "a", 1, NULL);
    ROW(EVG_RESULT_INVALID_UTF8, evg_connection_step_cancel, w.connection, &w.env, "\xff", 1, &out.step);
    ROW(EVG_RESULT_LENGTH_INVALID, evg_connection_step_cancel, w.connection, &w.env, "a", SIZE_MAX, &out.step);
}

static void of_keys(void) {
    const evg_text key = {"key", 3}, none = {NULL, 1}, huge = {"key", SIZE_MAX};
    const evg_text scope = {"s", 1}, bad = {"\xff", 1};
    evg_provider *provider;
    evg_client *client;
    evg_connection *without;
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_step_key_entered, NULL, &w.env, key, 1, NULL, 0, &scope, 1, &out.step);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_step_key_entered, w.connection, NULL, key, 1, NULL, 0, &scope, 1, &out.step);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_step_key_entered, w.connection, &w.env, none, 1, NULL, 0, &scope, 1, &out.step);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_step_key_entered, w.connection, &w.env, key, 1, NULL, 1, &scope, 1, &out.step);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_step_key_entered, w.connection, &w.env, key, 1, NULL, 0, NULL, 1, &out.step);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_step_key_entered, w.connection, &w.env, key, 1, NULL, 0, &scope, 1, NULL);
    ROW(EVG_RESULT_UNKNOWN_TAG, evg_connection_step_key_entered, w.connection, &w.env, key, 0, NULL, 0, &scope, 1, &out.step);
    ROW(EVG_RESULT_UNKNOWN_TAG, evg_connection_step_key_entered, w.connection, &w.env, key, 99, NULL, 0, &scope, 1, &out.step);
    ROW(EVG_RESULT_LENGTH_INVALID, evg_connection_step_key_entered, w.connection, &w.env, huge, 1, NULL, 0, &scope, 1, &out.step);
    ROW(EVG_RESULT_LENGTH_INVALID, evg_connection_step_key_entered, w.connection, &w.env, key, 1, "c", SIZE_MAX, &scope, 1, &out.step);
    ROW(EVG_RESULT_LENGTH_INVALID, evg_connection_step_key_entered, w.connection, &w.env, key, 1, NULL, 0, &scope, SIZE_MAX, &out.step);
    ROW(EVG_RESULT_INVALID_UTF8, evg_connection_step_key_entered, w.connection, &w.env, key, 1, "\xff", 1, &scope, 1, &out.step);
    ROW(EVG_RESULT_INVALID_UTF8, evg_connection_step_key_entered, w.connection, &w.env, key, 1, NULL, 0, &bad, 1, &out.step);
    ROW(EVG_RESULT_MISUSE_COMPANY_INVALID, evg_connection_step_key_entered, w.connection, &w.env, key, 1, "a b", 3, NULL, 0, &out.step);
    ROW(EVG_RESULT_MISUSE_SCOPE_INVALID, evg_connection_step_key_entered, w.connection, &w.env, key, 1, NULL, 0, &(evg_text){"a b", 3}, 1, &out.step);

    /* A provider that knows of no keys. */
    evg_provider_config *config;
    OK(evg_provider_config_new(&config));
    OK(evg_provider_config_set_environment(config, TEXT("test")));
    OK(evg_provider_config_set_authorization_endpoint(config, TEXT("https://as.example/a")));
    OK(evg_provider_config_set_token_endpoint(config, TEXT("https://as.example/t")));
    OK(evg_provider_config_set_api_origin(config, TEXT("https://api.example")));
    OK(evg_provider_new(config, &provider));
    OK(evg_client_new(provider, w.client_config, &client));
    OK(evg_connection_new(client, TEXT("t"), &without));
    ROW(EVG_RESULT_MISUSE_API_KEYS_UNSUPPORTED, evg_connection_step_key_entered, without, &w.env, key, 1, NULL, 0, NULL, 0, &out.step);
    evg_connection_free(without);
    evg_client_free(client);
    evg_provider_free(provider);
    evg_provider_config_free(config);
}

static void of_the_network(void) {
    const evg_header header = {{"n", 1}, {"v", 1}}, null = {{"n", 1}, {NULL, 1}}, huge = {{"n", SIZE_MAX}, {"v", 1}};
    const uint8_t body[1] = {0xff};
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_step_api_answered, NULL, &w.env, 1, 200, &header, 1, &out.step);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_step_api_answered, w.connection, NULL, 1, 200, &header, 1, &out.step);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_step_api_answered, w.connection, &w.env, 1, 200, NULL, 1, &out.step);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_step_api_answered, w.connection, &w.env, 1, 200, &null, 1, &out.step);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_step_api_answered, w.connection, &w.env, 1, 200, &header, 1, NULL);
    ROW(EVG_RESULT_LENGTH_INVALID, evg_connection_step_api_answered, w.connection, &w.env, 1, 200, &header, SIZE_MAX, &out.step);
    ROW(EVG_RESULT_LENGTH_INVALID, evg_connection_step_api_answered, w.connection, &w.env, 1, 200, &huge, 1, &out.step);

    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_step_http_done, NULL, &w.env, 1, 200, &header, 1, body, 1, &out.step);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_step_http_done, w.connection, NULL, 1, 200, &header, 1, body, 1, &out.step);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_step_http_done, w.connection, &w.env, 1, 200, NULL, 1, body, 1, &out.step);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_step_http_done, w.connection, &w.env, 1, 200, &null, 1, body, 1, &out.step);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_step_http_done, w.connection, &w.env, 1, 200, &header, 1, NULL, 1, &out.step);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_step_http_done, w.connection, &w.env, 1, 200, &header, 1, body, 1, NULL);
    ROW(EVG_RESULT_LENGTH_INVALID, evg_connection_step_http_done, w.connection, &w.env, 1, 200, &header, SIZE_MAX, body, 1, &out.step);
    ROW(EVG_RESULT_LENGTH_INVALID, evg_connection_step_http_done, w.connection, &w.env, 1, 200, &huge, 1, body, 1, &out.step);
    ROW(EVG_RESULT_LENGTH_INVALID, evg_connection_step_http_done, w.connection, &w.env, 1, 200, &header, 1, body, SIZE_MAX, &out.step);

    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_step_http_failed, NULL, &w.env, 1, 1, &out.step);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_step_http_failed, w.connection, NULL, 1, 1, &out.step);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_step_http_failed, w.connection, &w.env, 1, 1, NULL);
    ROW(EVG_RESULT_UNKNOWN_TAG, evg_connection_step_http_failed, w.connection, &w.env, 1, 0, &out.step);
    ROW(EVG_RESULT_UNKNOWN_TAG, evg_connection_step_http_failed, w.connection, &w.env, 1, 99, &out.step);
}

static void of_the_store(void) {
    const uint8_t record[1] = {0xff};
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_step_swapped, NULL, &w.env, 1, "1", 1, record, 1, 0, &out.step);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_step_swapped, w.connection, NULL, 1, "1", 1, record, 1, 0, &out.step);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_step_swapped, w.connection, &w.env, 1, NULL, 0, record, 1, 0, &out.step);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_step_swapped, w.connection, &w.env, 1, "1", 1, NULL, 1, 0, &out.step);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_step_swapped, w.connection, &w.env, 1, "1", 1, record, 1, 0, NULL);
    ROW(EVG_RESULT_INVALID_UTF8, evg_connection_step_swapped, w.connection, &w.env, 1, "\xff", 1, record, 1, 0, &out.step);
    ROW(EVG_RESULT_LENGTH_INVALID, evg_connection_step_swapped, w.connection, &w.env, 1, "1", SIZE_MAX, record, 1, 0, &out.step);
    ROW(EVG_RESULT_LENGTH_INVALID, evg_connection_step_swapped, w.connection, &w.env, 1, "1", 1, record, SIZE_MAX, 0, &out.step);
}

/* What peers do is no misuse, whatever it is; nobody waits for these answers. */
static void of_nobody(void) {
    const evg_header odd = {{"\xff", 1}, {"\xfe", 1}};
    const uint8_t bytes[2] = {0, 0xff};
    entropy(6);
    ROW(EVG_RESULT_OK, evg_connection_step_http_done, w.connection, &w.env, 1, 0, &odd, 1, bytes, 2, &out.step);
    evg_step_free(out.step);
    entropy(7);
    ROW(EVG_RESULT_OK, evg_connection_step_http_done, w.connection, &w.env, 1, 65535, NULL, 0, NULL, 0, &out.step);
    evg_step_free(out.step);
    entropy(8);
    ROW(EVG_RESULT_OK, evg_connection_step_redirected, w.connection, &w.env, "\xff", 1, 1, "\xff", 1, &out.step);
    evg_step_free(out.step);
    entropy(9);
    ROW(EVG_RESULT_OK, evg_connection_step_swapped, w.connection, &w.env, 1, "1", 1, bytes, 2, 0, &out.step);
    evg_step_free(out.step);
    entropy(10);
    ROW(EVG_RESULT_OK, evg_connection_step_http_failed, w.connection, &w.env, EVG_NONE, 1, &out.step);
    evg_step_free(out.step);
    entropy(5);
}

void misuse_of_inputs(void) {
    without_data();
    of_people();
    of_keys();
    of_the_network();
    of_the_store();
    of_nobody();
}
