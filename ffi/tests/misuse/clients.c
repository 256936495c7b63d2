/* Clients: what is known of them, and what a host asks of them. */
#include "misuse.h"

static const uint8_t key[32] = {7};

/* A function that takes a key. */
#define TAKES_KEY(function)                                                                      \
    do {                                                                                         \
        ROW(EVG_RESULT_NULL_ARGUMENT, function, NULL, "k1", 2, key, 32);                         \
        ROW(EVG_RESULT_NULL_ARGUMENT, function, w.client_config, NULL, 2, key, 32);              \
        ROW(EVG_RESULT_NULL_ARGUMENT, function, w.client_config, "k1", 2, NULL, 32);             \
        ROW(EVG_RESULT_INVALID_UTF8, function, w.client_config, "\xff", 1, key, 32);             \
        ROW(EVG_RESULT_LENGTH_INVALID, function, w.client_config, "k1", SIZE_MAX, key, 32);      \
        ROW(EVG_RESULT_LENGTH_INVALID, function, w.client_config, "k1", 2, key, SIZE_MAX);       \
        ROW(EVG_RESULT_MISUSE_SEALING_KEY_INVALID, function, w.client_config, "k1", 2, key, 31); \
        ROW(EVG_RESULT_MISUSE_SEALING_KEY_INVALID, function, w.client_config, "k1", 2, NULL, 0); \
        ROW(EVG_RESULT_MISUSE_SEALING_KEY_INVALID, function, w.client_config, "k 1", 3, key, 32); \
    } while (0)

static void configurations(void) {
    SETS_TEXT(evg_client_config_set_client_id, w.client_config);
    SETS_TEXT(evg_client_config_set_client_secret, w.client_config);
    SETS_TEXT(evg_client_config_set_previous_client_secret, w.client_config);
    SETS_TEXT(evg_client_config_add_redirect_uri, w.client_config);
    SETS_TEXT(evg_client_config_add_scope, w.client_config);
    SETS_TAG(evg_client_config_set_auth_method, w.client_config);
    SETS_TAG(evg_client_config_set_sealing, w.client_config);
    TAKES_KEY(evg_client_config_set_sealing_key);
    TAKES_KEY(evg_client_config_add_older_sealing_key);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_client_config_accept_plain_records, NULL);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_client_config_new, NULL);
    FREES(evg_client_config_free);
}

/* In the wrong order, and with settings that do not go together. */
static void clients(void) {
    evg_client_config *config;
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_client_new, NULL, w.client_config, &out.client);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_client_new, w.provider, NULL, &out.client);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_client_new, w.provider, w.client_config, NULL);
    OK(evg_client_config_new(&config));
    ROW(EVG_RESULT_SETTING_MISSING, evg_client_new, w.provider, config, &out.client);
    OK(evg_client_config_add_older_sealing_key(config, TEXT("k0"), key, 32));
    OK(evg_client_config_set_sealing(config, EVG_SEALING_PLAIN));
    ROW(EVG_RESULT_SETTING_MISSING, evg_client_new, w.provider, config, &out.client);
    OK(evg_client_config_set_sealing_key(config, TEXT("k0"), key, 32));
    ROW(EVG_RESULT_MISUSE_SEALING_KEY_DUPLICATE, evg_client_new, w.provider, config, &out.client);
    OK(evg_client_config_set_sealing_key(config, TEXT("k1"), key, 32));
    ROW(EVG_RESULT_MISUSE_CLIENT_ID_INVALID, evg_client_new, w.provider, config, &out.client);
    OK(evg_client_config_set_client_id(config, TEXT("client")));
    ROW(EVG_RESULT_MISUSE_REDIRECT_URI_MISSING, evg_client_new, w.provider, config, &out.client);
    OK(evg_client_config_add_redirect_uri(config, TEXT("http://erp.example/")));
    ROW(EVG_RESULT_MISUSE_REDIRECT_URI_INVALID, evg_client_new, w.provider, config, &out.client);
    OK(evg_client_config_set_auth_method(config, EVG_AUTH_METHOD_CLIENT_SECRET_POST));
    ROW(EVG_RESULT_MISUSE_CLIENT_SECRET_MISSING, evg_client_new, w.provider, config, &out.client);
    OK(evg_client_config_set_client_secret(config, TEXT("canary")));
    OK(evg_client_config_set_auth_method(config, EVG_AUTH_METHOD_NONE));
    ROW(EVG_RESULT_MISUSE_CLIENT_SECRET_UNEXPECTED, evg_client_new, w.provider, config, &out.client);
    evg_client_config_free(config);
    config = NULL;
    FREES(evg_client_free);
}

/* A function of a client and a text that makes something. */
#define OF_CLIENT_AND_TEXT(function)                                                         \
    do {                                                                                     \
        ROW(EVG_RESULT_NULL_ARGUMENT, function, NULL, "x", 1, &out.owned);                   \
        ROW(EVG_RESULT_NULL_ARGUMENT, function, w.client, NULL, 1, &out.owned);              \
        ROW(EVG_RESULT_NULL_ARGUMENT, function, w.client, "x", 1, NULL);                     \
        ROW(EVG_RESULT_INVALID_UTF8, function, w.client, "\xff", 1, &out.owned);             \
        ROW(EVG_RESULT_LENGTH_INVALID, function, w.client, "x", SIZE_MAX, &out.owned);       \
    } while (0)

static void records(void) {
    OF_CLIENT_AND_TEXT(evg_client_store_key);
    OF_CLIENT_AND_TEXT(evg_client_company_key);
    OF_CLIENT_AND_TEXT(evg_client_release_company);
    ROW(EVG_RESULT_MISUSE_TENANT_INVALID, evg_client_store_key, w.client, "", 0, &out.owned);

    ROW(EVG_RESULT_NULL_ARGUMENT, evg_client_reserve_company, NULL, "c", 1, "t", 1, &out.owned);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_client_reserve_company, w.client, NULL, 1, "t", 1, &out.owned);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_client_reserve_company, w.client, "c", 1, NULL, 0, &out.owned);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_client_reserve_company, w.client, "c", 1, "t", 1, NULL);
    ROW(EVG_RESULT_INVALID_UTF8, evg_client_reserve_company, w.client, "\xff", 1, "t", 1, &out.owned);
    ROW(EVG_RESULT_INVALID_UTF8, evg_client_reserve_company, w.client, "c", 1, "\xff", 1, &out.owned);
    ROW(EVG_RESULT_LENGTH_INVALID, evg_client_reserve_company, w.client, "c", SIZE_MAX, "t", 1, &out.owned);
    ROW(EVG_RESULT_LENGTH_INVALID, evg_client_reserve_company, w.client, "c", 1, "t", SIZE_MAX, &out.owned);
    ROW(EVG_RESULT_MISUSE_TENANT_INVALID, evg_client_reserve_company, w.client, "c", 1, "", 0, &out.owned);

    ROW(EVG_RESULT_NULL_ARGUMENT, evg_client_company_tenant, NULL, "c", 1, key, 1, &out.owned);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_client_company_tenant, w.client, NULL, 1, key, 1, &out.owned);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_client_company_tenant, w.client, "c", 1, NULL, 1, &out.owned);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_client_company_tenant, w.client, "c", 1, key, 1, NULL);
    ROW(EVG_RESULT_INVALID_UTF8, evg_client_company_tenant, w.client, "\xff", 1, key, 1, &out.owned);
    ROW(EVG_RESULT_LENGTH_INVALID, evg_client_company_tenant, w.client, "c", SIZE_MAX, key, 1, &out.owned);
    ROW(EVG_RESULT_LENGTH_INVALID, evg_client_company_tenant, w.client, "c", 1, key, SIZE_MAX, &out.owned);
    ROW(EVG_RESULT_HOST_RECORD_UNREADABLE, evg_client_company_tenant, w.client, "c", 1, key, 1, &out.owned);
    ROW(EVG_RESULT_HOST_RECORD_UNREADABLE, evg_client_company_tenant, w.client, "c", 1, NULL, 0, &out.owned);
}

static void redirects(void) {
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_pending_key, NULL, 1, &out.owned);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_pending_key, "?state=s", 8, NULL);
    ROW(EVG_RESULT_LENGTH_INVALID, evg_pending_key, "?state=s", SIZE_MAX, &out.owned);
    ROW(EVG_RESULT_CALLBACK_UNREADABLE, evg_pending_key, "\xff", 1, &out.owned);
    ROW(EVG_RESULT_CALLBACK_STATE_MISSING, evg_pending_key, "?code=c", 7, &out.owned);

    ROW(EVG_RESULT_NULL_ARGUMENT, evg_client_pending_tenant, NULL, "?state=s", 8, key, 1, &out.owned);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_client_pending_tenant, w.client, NULL, 8, key, 1, &out.owned);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_client_pending_tenant, w.client, "?state=s", 8, NULL, 1, &out.owned);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_client_pending_tenant, w.client, "?state=s", 8, key, 1, NULL);
    ROW(EVG_RESULT_LENGTH_INVALID, evg_client_pending_tenant, w.client, "?state=s", SIZE_MAX, key, 1, &out.owned);
    ROW(EVG_RESULT_LENGTH_INVALID, evg_client_pending_tenant, w.client, "?state=s", 8, key, SIZE_MAX, &out.owned);
    ROW(EVG_RESULT_CALLBACK_UNREADABLE, evg_client_pending_tenant, w.client, "\xff", 1, key, 1, &out.owned);
    ROW(EVG_RESULT_HOST_RECORD_UNREADABLE, evg_client_pending_tenant, w.client, "?state=s", 8, key, 1, &out.owned);
}

void misuse_of_clients(void) {
    configurations();
    clients();
    records();
    redirects();
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_sealing_key_id, NULL, 1, &out.text);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_sealing_key_id, key, 32, NULL);
    ROW(EVG_RESULT_LENGTH_INVALID, evg_sealing_key_id, key, SIZE_MAX, &out.text);
}
