#include "fuzz.h"

#define LITERAL(text) text, sizeof(text) - 1
#define SET(set, config, good)                \
    do {                                      \
        evg_text chosen_ = text(good);        \
        sane(set(config, chosen_.data, chosen_.len)); \
    } while (0)

static evg_company_binding company(bool odd) {
    evg_company_binding binding = {{LITERAL("https://api.example/v1/introspect")},
                                   {LITERAL("/data/subjectURN")},
                                   {LITERAL("/data/scope")},
                                   {LITERAL("urn:pleo:company:")},
                                   {LITERAL("urn:pleo:organisation:")}};
    if (odd) {
        binding.url = text("https://api.example/v1/introspect");
        binding.subject = text("/data/subjectURN");
        binding.scope = text("");
        binding.company_prefix = text("urn:pleo:company:");
        binding.organisation_prefix = text("urn:pleo:organisation:");
    }
    return binding;
}

/* Anything but what is said in `kind` is as it must be. */
static evg_provider *sound_provider(uint8_t kind) {
    evg_provider_config *config;
    evg_provider *provider;
    evg_company_binding binding = company(false);
    if (kind & 1) {
        MUST(evg_provider_new_pleo(EVG_PLEO_STAGING, &provider) == EVG_RESULT_OK);
        return provider;
    }
    MUST(evg_provider_config_new(&config) == EVG_RESULT_OK);
    evg_provider_config_set_environment(config, LITERAL("fuzz"));
    evg_provider_config_set_authorization_endpoint(config, LITERAL("https://as.example/a"));
    evg_provider_config_set_token_endpoint(config, LITERAL("https://as.example/t"));
    evg_provider_config_set_api_origin(config, LITERAL("https://api.example"));
    evg_provider_config_set_issuer(config, LITERAL("https://as.example"));
    evg_provider_config_set_iss(config, kind & 2 ? EVG_ISS_REQUIRED : EVG_ISS_IF_PRESENT);
    if (kind & 4) {
        evg_provider_config_set_revocation_endpoint(config, LITERAL("https://as.example/r"));
        evg_provider_config_set_introspection_endpoint(config, LITERAL("https://as.example/i"));
    }
    if (kind & 8) {
        MUST(evg_provider_config_set_company(config, &binding) == EVG_RESULT_OK);
        MUST(evg_provider_config_set_api_keys(config, &binding) == EVG_RESULT_OK);
    }
    evg_provider_config_set_rotation(config, 1 + (kind >> 4) % 6);
    evg_provider_config_set_access_dies(config, kind >> 7);
    evg_provider_config_set_family_per_user(config, kind >> 6 & 1);
    evg_provider_config_set_release_unsaved(config, kind >> 5 & 1);
    MUST(evg_provider_new(config, &provider) == EVG_RESULT_OK);
    evg_provider_config_free(config);
    return provider;
}

evg_client *sound_client(uint8_t kind) {
    static const uint8_t key[32] = {9};
    evg_provider *provider = sound_provider(kind);
    evg_client_config *config;
    evg_client *client;
    uint8_t more = byte();
    MUST(evg_client_config_new(&config) == EVG_RESULT_OK);
    evg_client_config_set_client_id(config, LITERAL("00000000-0000-4000-8000-000000000000"));
    if (more & 1) {
        evg_client_config_set_client_secret(config, LITERAL("secret-1"));
        evg_client_config_set_auth_method(config, more & 8 ? EVG_AUTH_METHOD_CLIENT_SECRET_POST
                                                           : EVG_AUTH_METHOD_CLIENT_SECRET_BASIC);
        if (more & 2) {
            evg_client_config_set_previous_client_secret(config, LITERAL("secret-0"));
        }
    }
    evg_client_config_add_redirect_uri(config, LITERAL("https://erp.example/callback"));
    evg_client_config_add_scope(config, LITERAL("users:read"));
    evg_client_config_set_sealing(config, EVG_SEALING_PLAIN);
    if (more & 4) {
        evg_client_config_set_sealing_key(config, LITERAL("k1"), key, sizeof key);
    }
    evg_result made = evg_client_new(provider, config, &client);
    evg_client_config_free(config);
    evg_provider_free(provider);
    /* Pleo's clients are confidential; the others may be either. */
    MUST(made == EVG_RESULT_OK || (kind & 1 && !(more & 1)));
    return made == EVG_RESULT_OK ? client : NULL;
}

static evg_provider *odd_provider(void) {
    evg_provider_config *config;
    evg_provider *provider = NULL;
    MUST(evg_provider_config_new(&config) == EVG_RESULT_OK);
    SET(evg_provider_config_set_environment, config, "fuzz");
    SET(evg_provider_config_set_authorization_endpoint, config, "https://as.example/a");
    SET(evg_provider_config_set_token_endpoint, config, "https://as.example/t");
    SET(evg_provider_config_set_api_origin, config, "https://api.example");
    if (byte() & 1) {
        SET(evg_provider_config_set_issuer, config, "https://as.example");
        sane(evg_provider_config_set_iss(config, byte() & 3));
        SET(evg_provider_config_set_revocation_endpoint, config, "https://as.example/r");
        SET(evg_provider_config_set_introspection_endpoint, config, "https://as.example/i");
        sane(evg_provider_config_set_auth_method(config, byte() & 3));
        sane(evg_provider_config_set_rotation(config, byte() & 7));
        uint64_t times[5];
        for (int at = 0; at < 5; at++) {
            times[at] = number();
        }
        sane(evg_provider_config_set_timing(config, times[0], times[1], times[2], times[3], times[4]));
        sane(evg_provider_config_set_authorization_lifetime(config, number()));
        sane(evg_provider_config_set_loopback_http(config, byte() & 1));
        evg_company_binding binding = company(true);
        sane(evg_provider_config_set_company(config, &binding));
        binding = company(true);
        sane(evg_provider_config_set_api_keys(config, byte() & 1 ? &binding : NULL));
    }
    evg_result made = sane(evg_provider_new(config, &provider));
    MUST((made == EVG_RESULT_OK) == (provider != NULL));
    evg_provider_config_free(config);
    return provider;
}

evg_client *make_client(void) {
    uint8_t kind = byte();
    if (byte() < 0xE0) {
        return sound_client(kind);
    }
    evg_provider *provider = kind & 1 ? odd_provider() : sound_provider(kind);
    evg_client_config *config;
    evg_client *client = NULL;
    MUST(evg_client_config_new(&config) == EVG_RESULT_OK);
    SET(evg_client_config_set_client_id, config, "client");
    SET(evg_client_config_set_client_secret, config, "secret");
    SET(evg_client_config_add_redirect_uri, config, "https://erp.example/callback");
    SET(evg_client_config_add_scope, config, "users:read");
    sane(evg_client_config_set_auth_method(config, byte() & 7));
    sane(evg_client_config_set_sealing(config, byte() & 1));
    for (uint8_t keys = byte() & 3; keys > 0; keys--) {
        evg_text id = text("k1");
        evg_bytes key = bytes();
        sane(evg_client_config_set_sealing_key(config, id.data, id.len, key.data, key.len));
        sane(evg_client_config_add_older_sealing_key(config, id.data, id.len, key.data, key.len));
    }
    evg_result made = sane(evg_client_new(provider, config, &client));
    MUST((made == EVG_RESULT_OK) == (client != NULL));
    evg_client_config_free(config);
    evg_provider_free(provider);
    return client;
}
