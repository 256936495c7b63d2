/* Providers, and what is known of them. */
#include "misuse.h"

static void texts(void) {
    SETS_TEXT(evg_provider_config_set_environment, w.provider_config);
    SETS_TEXT(evg_provider_config_set_issuer, w.provider_config);
    SETS_TEXT(evg_provider_config_set_authorization_endpoint, w.provider_config);
    SETS_TEXT(evg_provider_config_set_token_endpoint, w.provider_config);
    SETS_TEXT(evg_provider_config_set_introspection_endpoint, w.provider_config);
    SETS_TEXT(evg_provider_config_set_revocation_endpoint, w.provider_config);
    SETS_TEXT(evg_provider_config_set_api_origin, w.provider_config);
    SETS_TEXT(evg_provider_config_set_resource, w.provider_config);
    SETS_TEXT(evg_provider_config_add_invalid_grant_error, w.provider_config);
}

static void parameters(void) {
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_provider_config_add_authorize_parameter, NULL, "n", 1, "v", 1);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_provider_config_add_authorize_parameter, w.provider_config, NULL, 1, "v", 1);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_provider_config_add_authorize_parameter, w.provider_config, "n", 1, NULL, 0);
    ROW(EVG_RESULT_INVALID_UTF8, evg_provider_config_add_authorize_parameter, w.provider_config, "\xff", 1, "v", 1);
    ROW(EVG_RESULT_INVALID_UTF8, evg_provider_config_add_authorize_parameter, w.provider_config, "n", 1, "\xff", 1);
    ROW(EVG_RESULT_LENGTH_INVALID, evg_provider_config_add_authorize_parameter, w.provider_config, "n", SIZE_MAX, "v", 1);
    ROW(EVG_RESULT_LENGTH_INVALID, evg_provider_config_add_authorize_parameter, w.provider_config, "n", 1, "v", SIZE_MAX);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_provider_config_set_disconnect_request, NULL, 1, "u", 1, true);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_provider_config_set_disconnect_request, w.provider_config, 1, NULL, 1, true);
    ROW(EVG_RESULT_UNKNOWN_TAG, evg_provider_config_set_disconnect_request, w.provider_config, 0, "u", 1, true);
    ROW(EVG_RESULT_UNKNOWN_TAG, evg_provider_config_set_disconnect_request, w.provider_config, 99, "u", 1, true);
    ROW(EVG_RESULT_INVALID_UTF8, evg_provider_config_set_disconnect_request, w.provider_config, 1, "\xff", 1, true);
    ROW(EVG_RESULT_LENGTH_INVALID, evg_provider_config_set_disconnect_request, w.provider_config, 1, "u", SIZE_MAX, true);
}

static void flags_and_numbers(void) {
    SETS_TAG(evg_provider_config_set_iss, w.provider_config);
    SETS_TAG(evg_provider_config_set_auth_method, w.provider_config);
    SETS_TAG(evg_provider_config_set_redirects, w.provider_config);
    SETS_TAG(evg_provider_config_set_rotation, w.provider_config);
    SETS_FLAG(evg_provider_config_set_loopback_http, w.provider_config);
    SETS_FLAG(evg_provider_config_set_access_dies, w.provider_config);
    SETS_FLAG(evg_provider_config_set_family_per_user, w.provider_config);
    SETS_FLAG(evg_provider_config_set_release_unsaved, w.provider_config);
    SETS_FLAG(evg_provider_config_set_token_type_optional, w.provider_config);
    SETS_FLAG(evg_provider_config_set_form_encoded_answers, w.provider_config);
    SETS_FLAG(evg_provider_config_set_comma_separated_scopes, w.provider_config);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_provider_config_set_timing, NULL, 1, 3, 2, 1, 9);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_provider_config_set_authorization_lifetime, NULL, 1);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_provider_config_set_answer_limit, NULL, 1024);
}

/* A binding whose texts are spoilt one by one. */
static void bindings(void) {
    const evg_text missing = {NULL, 0}, bad = {"\xff", 1}, huge = {"x", SIZE_MAX};
    evg_company_binding spoilt = w.binding;
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_provider_config_set_company, NULL, &w.binding);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_provider_config_set_company, w.provider_config, NULL);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_provider_config_set_api_keys, NULL, &w.binding);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_provider_config_set_api_keys, w.provider_config, NULL);
    evg_text *const parts[] = {&spoilt.url, &spoilt.subject, &spoilt.company_prefix, &spoilt.scope,
                               &spoilt.organisation_prefix};
    for (size_t at = 0; at < sizeof parts / sizeof *parts; at++) {
        *parts[at] = bad;
        ROW(EVG_RESULT_INVALID_UTF8, evg_provider_config_set_company, w.provider_config, &spoilt);
        *parts[at] = huge;
        ROW(EVG_RESULT_LENGTH_INVALID, evg_provider_config_set_api_keys, w.provider_config, &spoilt);
        spoilt = w.binding;
    }
    for (size_t at = 0; at < 3; at++) {
        *parts[at] = missing;
        ROW(EVG_RESULT_NULL_ARGUMENT, evg_provider_config_set_company, w.provider_config, &spoilt);
        spoilt = w.binding;
    }
}

/* What the core refuses, each named by its own code. */
static void providers(void) {
    evg_provider_config *config;
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_provider_config_new, NULL);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_provider_config_new_pleo, 1, NULL);
    ROW(EVG_RESULT_UNKNOWN_TAG, evg_provider_config_new_pleo, 99, &out.provider_config);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_provider_new_pleo, 1, NULL);
    ROW(EVG_RESULT_UNKNOWN_TAG, evg_provider_new_pleo, 99, &out.provider);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_pleo_activation_url, 1, NULL);
    ROW(EVG_RESULT_UNKNOWN_TAG, evg_pleo_activation_url, 99, &out.owned);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_provider_new, NULL, &out.provider);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_provider_new, w.provider_config, NULL);

    OK(evg_provider_config_new_pleo(EVG_PLEO_STAGING, &config));
    OK(evg_provider_config_set_environment(config, TEXT("two words")));
    ROW(EVG_RESULT_MISUSE_ENVIRONMENT_INVALID, evg_provider_new, config, &out.provider);
    OK(evg_provider_config_set_environment(config, TEXT("test")));
    OK(evg_provider_config_set_iss(config, EVG_ISS_REQUIRED));
    ROW(EVG_RESULT_MISUSE_ISSUER_MISSING, evg_provider_new, config, &out.provider);
    OK(evg_provider_config_set_iss(config, EVG_ISS_IGNORED));
    OK(evg_provider_config_set_answer_limit(config, 1023));
    ROW(EVG_RESULT_MISUSE_ANSWER_LIMIT_INVALID, evg_provider_new, config, &out.provider);
    OK(evg_provider_config_set_answer_limit(config, 1024));
    OK(evg_provider_config_set_timing(config, 0, 0, 0, 0, 0));
    ROW(EVG_RESULT_MISUSE_TIMING_INVALID, evg_provider_new, config, &out.provider);
    OK(evg_provider_config_set_timing(config, 300, 2000, 1900, 400, 3000));
    OK(evg_provider_config_set_disconnect_request(config, EVG_METHOD_DELETE,
                                                  TEXT("https://elsewhere.example/me"), false));
    ROW(EVG_RESULT_MISUSE_ENDPOINT_INVALID, evg_provider_new, config, &out.provider);
    OK(evg_provider_config_set_revocation_endpoint(config, TEXT("https://as.example/revoke")));
    OK(evg_provider_config_add_invalid_grant_error(config, TEXT("bad_refresh_token")));
    OK(evg_provider_config_add_invalid_grant_error(config, TEXT("")));
    ROW(EVG_RESULT_MISUSE_QUIRK_INVALID, evg_provider_new, config, &out.provider);
    evg_provider_config_free(config);
    OK(evg_provider_config_new_pleo(EVG_PLEO_STAGING, &config));
    OK(evg_provider_config_add_authorize_parameter(config, TEXT("prompt"), TEXT("consent")));
    OK(evg_provider_config_add_authorize_parameter(config, TEXT("prompt"), TEXT("login")));
    ROW(EVG_RESULT_MISUSE_PARAMETER_INVALID, evg_provider_new, config, &out.provider);
    evg_provider_config_free(config);
    OK(evg_provider_config_new_pleo(EVG_PLEO_STAGING, &config));
    OK(evg_provider_config_add_authorize_parameter(config, TEXT("state"), TEXT("mine")));
    ROW(EVG_RESULT_MISUSE_PARAMETER_RESERVED, evg_provider_new, config, &out.provider);
    evg_provider_config_free(config);
}

void misuse_of_configurations(void) {
    texts();
    parameters();
    flags_and_numbers();
    bindings();
    providers();
    FREES(evg_provider_free);
    FREES(evg_provider_config_free);
}
