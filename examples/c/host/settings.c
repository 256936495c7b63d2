/* The client and the provider, from the environment; README.md lists the names. */
#include "host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *setting(const char *name, const char *otherwise) {
    char whole[64];
    snprintf(whole, sizeof whole, "EVERGRANT_%s", name);
    const char *value = getenv(whole);
    return value != NULL && value[0] != 0 ? value : otherwise;
}

/* Sets a text if it is there; says what is wrong with it. */
#define SET(set, config, name)                                          \
    (setting(name, NULL) == NULL ||                                     \
     fine(name, set(config, setting(name, ""), strlen(setting(name, "")))))

static bool fine(const char *name, evg_result result) {
    if (result != EVG_RESULT_OK) {
        fprintf(stderr, "EVERGRANT_%s: %s\n", name, evg_result_name(result));
    }
    return result == EVG_RESULT_OK;
}

static evg_provider *custom(void) {
    evg_provider_config *config = NULL;
    evg_provider *provider = NULL;
    bool required = strcmp(setting("ISS", ""), "required") == 0;
    bool ok =
        fine("PROVIDER", evg_provider_config_new(&config)) &&
        fine("ENVIRONMENT", evg_provider_config_set_environment(
                                config, setting("ENVIRONMENT", "custom"),
                                strlen(setting("ENVIRONMENT", "custom")))) &&
        SET(evg_provider_config_set_authorization_endpoint, config, "AUTHORIZATION_ENDPOINT") &&
        SET(evg_provider_config_set_token_endpoint, config, "TOKEN_ENDPOINT") &&
        SET(evg_provider_config_set_revocation_endpoint, config, "REVOCATION_ENDPOINT") &&
        SET(evg_provider_config_set_api_origin, config, "API_ORIGIN") &&
        SET(evg_provider_config_set_issuer, config, "ISSUER") &&
        fine("ISS", evg_provider_config_set_iss(config, required ? EVG_ISS_REQUIRED
                                                                 : EVG_ISS_IF_PRESENT)) &&
        fine("LOOPBACK_HTTP", evg_provider_config_set_loopback_http(
                                  config, strcmp(setting("LOOPBACK_HTTP", ""), "yes") == 0)) &&
        fine("PROVIDER", evg_provider_new(config, &provider));
    evg_provider_config_free(config);
    return ok ? provider : NULL;
}

static evg_provider *make_provider(void) {
    evg_provider *provider = NULL;
    const char *name = setting("PROVIDER", "custom");
    if (strcmp(name, "custom") == 0) {
        return custom();
    }
    uint32_t pleo = strcmp(name, "pleo-staging") == 0 ? EVG_PLEO_STAGING
                    : strcmp(name, "pleo") == 0       ? EVG_PLEO_PRODUCTION
                                                      : 0;
    return fine("PROVIDER", evg_provider_new_pleo(pleo, &provider)) ? provider : NULL;
}

/* 64 hexadecimal digits: from the vault, never a password. Without it records are in
 * clear, and that is said in so many words: EVERGRANT_SEALING_KEY=plain. */
static bool set_sealing(evg_client_config *config) {
    const char *text = setting("SEALING_KEY", "");
    uint8_t key[32];
    size_t at = 0;
    if (strcmp(text, "plain") == 0) {
        return fine("SEALING_KEY", evg_client_config_set_sealing(config, EVG_SEALING_PLAIN));
    }
    for (; at < sizeof key && strlen(text) == 64; at++) {
        unsigned byte;
        if (sscanf(text + 2 * at, "%2x", &byte) != 1) {
            break;
        }
        key[at] = (uint8_t)byte;
    }
    const char *id = setting("SEALING_KEY_ID", "k1");
    bool ok = fine("SEALING_KEY", evg_client_config_set_sealing_key(config, id, strlen(id), key, at));
    wipe(key, sizeof key);
    return ok;
}

static bool set_method(evg_client_config *config) {
    static const char *const names[] = {"client_secret_basic", "client_secret_post", "none"};
    const char *name = setting("AUTH_METHOD", NULL);
    for (uint32_t at = 0; name != NULL; at++) {
        if (at == 3 || strcmp(name, names[at]) == 0) {
            return fine("AUTH_METHOD", evg_client_config_set_auth_method(config, at + 1));
        }
    }
    return true;
}

static bool add_scopes(evg_client_config *config) {
    for (const char *scope = setting("SCOPES", ""); *scope != 0;) {
        size_t len = strcspn(scope, " ");
        if (len > 0 && !fine("SCOPES", evg_client_config_add_scope(config, scope, len))) {
            return false;
        }
        scope += len + (scope[len] == ' ');
    }
    return true;
}

evg_client *settings_client(void) {
    evg_provider *provider = make_provider();
    evg_client_config *config = NULL;
    evg_client *client = NULL;
    bool ok = provider != NULL && fine("CLIENT", evg_client_config_new(&config)) &&
              SET(evg_client_config_set_client_id, config, "CLIENT_ID") &&
              SET(evg_client_config_set_client_secret, config, "CLIENT_SECRET") &&
              SET(evg_client_config_add_redirect_uri, config, "REDIRECT_URI") &&
              set_method(config) && add_scopes(config) && set_sealing(config) &&
              fine("CLIENT", evg_client_new(provider, config, &client));
    /* The client keeps what it needs. */
    evg_client_config_free(config);
    evg_provider_free(provider);
    return ok ? client : NULL;
}
