/* Connections: made, restored, asked; and what a person is asked for. */
#include "misuse.h"

static const uint8_t record[] = "{}";
static const uint8_t sealed[] = "evergrant 1 k1\n";

static void made(void) {
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_new, NULL, "t", 1, &out.connection);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_new, w.client, NULL, 1, &out.connection);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_new, w.client, "t", 1, NULL);
    ROW(EVG_RESULT_INVALID_UTF8, evg_connection_new, w.client, "\xff", 1, &out.connection);
    ROW(EVG_RESULT_LENGTH_INVALID, evg_connection_new, w.client, "t", SIZE_MAX, &out.connection);
    ROW(EVG_RESULT_MISUSE_TENANT_INVALID, evg_connection_new, w.client, "", 0, &out.connection);
}

static void restored(void) {
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_restore, NULL, "t", 1, "1", 1, record, 2, 0, &out.connection);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_restore, w.client, NULL, 1, "1", 1, record, 2, 0, &out.connection);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_restore, w.client, "t", 1, NULL, 0, record, 2, 0, &out.connection);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_restore, w.client, "t", 1, "1", 1, NULL, 2, 0, &out.connection);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_restore, w.client, "t", 1, "1", 1, record, 2, 0, NULL);
    ROW(EVG_RESULT_INVALID_UTF8, evg_connection_restore, w.client, "\xff", 1, "1", 1, record, 2, 0, &out.connection);
    ROW(EVG_RESULT_INVALID_UTF8, evg_connection_restore, w.client, "t", 1, "\xff", 1, record, 2, 0, &out.connection);
    ROW(EVG_RESULT_LENGTH_INVALID, evg_connection_restore, w.client, "t", SIZE_MAX, "1", 1, record, 2, 0, &out.connection);
    ROW(EVG_RESULT_LENGTH_INVALID, evg_connection_restore, w.client, "t", 1, "1", SIZE_MAX, record, 2, 0, &out.connection);
    ROW(EVG_RESULT_LENGTH_INVALID, evg_connection_restore, w.client, "t", 1, "1", 1, record, SIZE_MAX, 0, &out.connection);
    ROW(EVG_RESULT_HOST_RECORD_UNREADABLE, evg_connection_restore, w.client, "t", 1, "1", 1, record, 2, 0, &out.connection);
    ROW(EVG_RESULT_HOST_RECORD_UNREADABLE, evg_connection_restore, w.client, "t", 1, "1", 1, NULL, 0, 0, &out.connection);
}

/* A record under another key than this client has. */
static void sealed_otherwise(void) {
    static const uint8_t key[32] = {1};
    evg_client_config *config;
    evg_client *client;
    OK(evg_client_config_new(&config));
    OK(evg_client_config_set_client_id(config, TEXT("client")));
    OK(evg_client_config_add_redirect_uri(config, TEXT("https://client.example/callback")));
    OK(evg_client_config_set_sealing_key(config, TEXT("k2"), key, sizeof key));
    OK(evg_client_new(w.provider, config, &client));
    ROW(EVG_RESULT_HOST_SEALING_KEY_MISSING, evg_connection_restore, client, "t", 1, "1", 1, sealed, sizeof sealed - 1, 0, &out.connection);
    evg_client_free(client);
    evg_client_config_free(config);
}

static void asked(void) {
    const char *url = "https://api.example/";
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_authorization, NULL, 1, url, 20, 0, &out.number, &out.text);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_authorization, w.connection, 1, NULL, 20, 0, &out.number, &out.text);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_authorization, w.connection, 1, url, 20, 0, NULL, &out.text);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_authorization, w.connection, 1, url, 20, 0, &out.number, NULL);
    ROW(EVG_RESULT_INVALID_UTF8, evg_connection_authorization, w.connection, 1, "\xff", 1, 0, &out.number, &out.text);
    ROW(EVG_RESULT_LENGTH_INVALID, evg_connection_authorization, w.connection, 1, url, SIZE_MAX, 0, &out.number, &out.text);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_missing_scopes, NULL, "s", 1, &out.owned);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_missing_scopes, w.connection, NULL, 1, &out.owned);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_missing_scopes, w.connection, "s", 1, NULL);
    ROW(EVG_RESULT_INVALID_UTF8, evg_connection_missing_scopes, w.connection, "\xff", 1, &out.owned);
    ROW(EVG_RESULT_LENGTH_INVALID, evg_connection_missing_scopes, w.connection, "s", SIZE_MAX, &out.owned);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_status, NULL, 1, &out.status);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_status, w.connection, 1, NULL);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_cause, NULL, 1, &out.result);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_cause, w.connection, 1, NULL);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_servable, NULL, 1, &out.number);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_servable, w.connection, 1, NULL);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_wake_at, NULL, 1, &out.number);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_connection_wake_at, w.connection, 1, NULL);
    READS(evg_connection_is_unsaved, w.connection, &out.flag);
    READS(evg_connection_store_key, w.connection, &out.text);
    READS(evg_connection_company, w.connection, &out.text);
}

static void authorizations(void) {
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_authorize_new, NULL, 1, 1, &out.authorize);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_authorize_new, "u", 1, 1, NULL);
    ROW(EVG_RESULT_INVALID_UTF8, evg_authorize_new, "\xff", 1, 1, &out.authorize);
    ROW(EVG_RESULT_LENGTH_INVALID, evg_authorize_new, "u", SIZE_MAX, 1, &out.authorize);
    ROW(EVG_RESULT_UNKNOWN_TAG, evg_authorize_new, "u", 1, 0, &out.authorize);
    ROW(EVG_RESULT_UNKNOWN_TAG, evg_authorize_new, "u", 1, 99, &out.authorize);
    SETS_TEXT(evg_authorize_add_scope, w.authorize);
    SETS_TEXT(evg_authorize_set_return_context, w.authorize);
    SETS_TEXT(evg_authorize_set_company, w.authorize);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_authorize_add_parameter, NULL, "n", 1, "v", 1);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_authorize_add_parameter, w.authorize, NULL, 0, "v", 1);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_authorize_add_parameter, w.authorize, "n", 1, NULL, 1);
    ROW(EVG_RESULT_INVALID_UTF8, evg_authorize_add_parameter, w.authorize, "\xff", 1, "v", 1);
    ROW(EVG_RESULT_INVALID_UTF8, evg_authorize_add_parameter, w.authorize, "n", 1, "\xff", 1);
    ROW(EVG_RESULT_LENGTH_INVALID, evg_authorize_add_parameter, w.authorize, "n", SIZE_MAX, "v", 1);
    ROW(EVG_RESULT_LENGTH_INVALID, evg_authorize_add_parameter, w.authorize, "n", 1, "v", SIZE_MAX);
}

void misuse_of_connections(void) {
    made();
    restored();
    sealed_otherwise();
    asked();
    authorizations();
    FREES(evg_connection_free);
    FREES(evg_authorize_free);
}
