/* A person enters an API key; it is tried, stored with its company, refused by the
 * API, and replaced. A grant is bound to its company on the way. */
#include "world.h"

#define CALLBACK "https://erp.example/callback"
#define COMPANY "urn:pleo:company:1"

/* What the API says of a key or token, and what was told last. */
static const char *whose = COMPANY;
static int status = 200;
static evg_result failed;
static char company[64];
static char header[64];

static void send_http(evg_connection *connection, const evg_step *step, evg_step **next) {
    uint64_t op;
    evg_text name, value;
    char body[256];
    OK(evg_step_op(step, &op));
    OK(evg_step_http_header(step, 0, &name, &value));
    CHECK(value.len < sizeof header);
    memcpy(header, value.data, value.len);
    header[value.len] = 0;
    int len = snprintf(body, sizeof body,
                       "{\"data\":{\"subjectURN\":\"%s\",\"scope\":\"export:read\"}}", whose);
    OK(evg_connection_step_http_done(connection, world(), op, (uint16_t)status, NULL, 0,
                                     (const uint8_t *)body, (size_t)len, next));
}

static void perform(evg_connection *connection, evg_step *step) {
    evg_output kind;
    while (evg_step_next(step, &kind) == EVG_RESULT_OK && kind != EVG_OUTPUT_NONE) {
        evg_step *next = NULL;
        evg_text text;
        uint64_t generation;
        if (kind == EVG_OUTPUT_SWAP) {
            WANT(EVG_RESULT_WRONG_KIND, evg_step_key_generation(step, &generation));
            swap(connection, step, &next);
        } else if (kind == EVG_OUTPUT_SEND_HTTP) {
            send_http(connection, step, &next);
        } else if (kind == EVG_OUTPUT_FAILED) {
            OK(evg_step_failed_code(step, &failed));
            OK(evg_step_failed_company(step, &text));
            CHECK((text.data != NULL) == (failed == EVG_RESULT_COMPANY_MISMATCH));
        } else if (kind == EVG_OUTPUT_KEY_ACCEPTED) {
            OK(evg_step_key_company(step, &text));
            CHECK(text.len < sizeof company);
            memcpy(company, text.data, text.len);
            company[text.len] = 0;
            OK(evg_step_key_generation(step, &generation));
            CHECK(generation > 0);
            OK(evg_step_key_scope(step, &text));
            CHECK(text.len == 11);
        }
        if (next != NULL) {
            perform(connection, next);
        }
    }
    evg_step_free(step);
}

static void enter(evg_connection *connection, const char *key) {
    evg_step *step;
    evg_text scope = {TEXT("export:read")};
    evg_text text = {key, strlen(key)};
    failed = EVG_RESULT_OK;
    OK(evg_connection_step_key_entered(connection, world(), text, EVG_API_KEY_KIND_STANDALONE,
                                       NULL, 0, &scope, 1, &step));
    perform(connection, step);
}

static evg_client *make_client(void) {
    evg_provider_config *provider_config;
    evg_provider *provider;
    evg_client_config *config;
    evg_client *client;
    evg_company_binding binding = {{TEXT("https://api.example/who")},
                                   {TEXT("/data/subjectURN")},
                                   {TEXT("/data/scope")},
                                   {TEXT("urn:pleo:company:")},
                                   {NULL, 0}};
    OK(evg_provider_config_new(&provider_config));
    OK(evg_provider_config_set_environment(provider_config, TEXT("keys")));
    OK(evg_provider_config_set_authorization_endpoint(provider_config, TEXT("https://as.example/a")));
    OK(evg_provider_config_set_token_endpoint(provider_config, TEXT("https://as.example/t")));
    OK(evg_provider_config_set_api_origin(provider_config, TEXT("https://api.example")));
    OK(evg_provider_config_set_company(provider_config, &binding));
    binding.url = (evg_text){TEXT("https://elsewhere.example/who")};
    OK(evg_provider_config_set_api_keys(provider_config, &binding));
    WANT(EVG_RESULT_MISUSE_COMPANY_BINDING_INVALID, evg_provider_new(provider_config, &provider));
    binding.url = (evg_text){TEXT("https://api.example/who")};
    OK(evg_provider_config_set_api_keys(provider_config, &binding));
    WANT(EVG_RESULT_NULL_ARGUMENT, evg_provider_config_set_api_keys(provider_config, NULL));
    OK(evg_provider_new(provider_config, &provider));
    OK(evg_client_config_new(&config));
    OK(evg_client_config_set_client_id(config, TEXT("client-1")));
    OK(evg_client_config_set_client_secret(config, TEXT("new")));
    OK(evg_client_config_set_previous_client_secret(config, TEXT("old")));
    OK(evg_client_config_add_redirect_uri(config, TEXT(CALLBACK)));
    OK(evg_client_config_set_sealing(config, EVG_SEALING_PLAIN));
    OK(evg_client_new(provider, config, &client));
    evg_provider_config_free(provider_config);
    evg_provider_free(provider);
    evg_client_config_free(config);
    return client;
}

int main(void) {
    evg_client *client = make_client();
    evg_connection *connection;
    evg_authorize *authorize;
    evg_step *step = NULL;
    evg_text text, none = {NULL, 0};
    OK(evg_connection_new(client, TEXT("tenant-1"), &connection));

    enter(connection, " not a key");
    CHECK(failed == EVG_RESULT_DENIED_KEY_MALFORMED);
    status = 401;
    enter(connection, "key-0");
    CHECK(failed == EVG_RESULT_DENIED_KEY_INVALID);
    status = 200;
    OK(evg_connection_company(connection, &text));
    CHECK(text.data == NULL);
    enter(connection, "key-1");
    CHECK(failed == EVG_RESULT_OK && strcmp(company, COMPANY) == 0);
    CHECK(strcmp(header, "Basic a2V5LTE6") == 0);
    OK(evg_connection_company(connection, &text));
    CHECK(text.len == strlen(COMPANY) && memcmp(text.data, COMPANY, text.len) == 0);

    /* Refused by the API: another one is asked for, and only of this company. */
    OK(evg_connection_step_api_answered(connection, world(), 1, 401, NULL, 0, &step));
    perform(connection, step);
    CHECK(failed == EVG_RESULT_REAUTHENTICATE_KEY_REJECTED);
    whose = "urn:pleo:company:2";
    enter(connection, "key-2");
    CHECK(failed == EVG_RESULT_COMPANY_MISMATCH);
    whose = COMPANY;
    enter(connection, "key-3");
    CHECK(failed == EVG_RESULT_OK);

    step = NULL;
    WANT(EVG_RESULT_UNKNOWN_TAG,
         evg_connection_step_key_entered(connection, world(), none, 7, NULL, 0, NULL, 0, &step));
    WANT(EVG_RESULT_NULL_ARGUMENT,
         evg_connection_step_key_entered(connection, world(), none, EVG_API_KEY_KIND_INTEGRATED,
                                         NULL, 0, NULL, 1, &step));
    WANT(EVG_RESULT_MISUSE_COMPANY_INVALID,
         evg_connection_step_key_entered(connection, world(), (evg_text){TEXT("k")},
                                         EVG_API_KEY_KIND_INTEGRATED, TEXT("a b"), NULL, 0, &step));
    OK(evg_authorize_new(TEXT(CALLBACK), EVG_BINDING_SAME_PROCESS, &authorize));
    OK(evg_authorize_set_company(authorize, TEXT("a b")));
    WANT(EVG_RESULT_MISUSE_COMPANY_INVALID,
         evg_connection_step_authorize(connection, world(), authorize, &step));
    CHECK(step == NULL);
    evg_authorize_free(authorize);
    evg_connection_free(connection);
    evg_client_free(client);
    printf("  %d checks hold\n", checks);
    return 0;
}
