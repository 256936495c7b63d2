/* What stands beside the machine: a pacer, a registration, whose redirect it is, and
 * the reservations of companies. */
#include "world.h"

static char *copy_and_free(evg_owned *owned) {
    static char copy[4096];
    evg_text text;
    evg_bytes bytes;
    OK(evg_owned_text(owned, &text));
    OK(evg_owned_bytes(owned, &bytes));
    CHECK(text.len < sizeof copy && bytes.len == text.len);
    CHECK(memcmp(text.data, bytes.data, text.len) == 0);
    memcpy(copy, text.data, text.len);
    copy[text.len] = 0;
    evg_owned_free(owned);
    return copy;
}

static void pacer(void) {
    evg_pacer *pacer;
    uint64_t at, now = 1700000000000u;
    OK(evg_pacer_new(500, 50, &pacer));
    for (int request = 0; request < 50; request++) {
        OK(evg_pacer_ask(pacer, now, &at));
        CHECK(at == now);
    }
    OK(evg_pacer_ask(pacer, now, &at));
    CHECK(at == now + 134);
    OK(evg_pacer_ask(pacer, at, &at));
    CHECK(at == now + 134);
    OK(evg_pacer_slow_down(pacer, now + 200, now + 30000));
    OK(evg_pacer_ask(pacer, now + 200, &at));
    CHECK(at == now + 30000);
    evg_pacer_free(pacer);
}

static void expect_fault(evg_registration_faults *faults, size_t index, const char *member,
                         uint64_t item, const char *rule) {
    evg_text got_member, got_rule;
    uint64_t got_item;
    OK(evg_registration_faults_item(faults, index, &got_member, &got_item, &got_rule));
    CHECK(got_member.len == strlen(member) && !memcmp(got_member.data, member, got_member.len));
    CHECK(got_rule.len == strlen(rule) && !memcmp(got_rule.data, rule, got_rule.len));
    CHECK(got_item == item);
}

static void registration(void) {
    evg_registration *it;
    evg_registration_faults *faults;
    evg_owned *made;
    size_t count;
    OK(evg_registration_new(&it));
    OK(evg_registration_set(it, EVG_REGISTRATION_TEXT_CLIENT_NAME, TEXT("Pleo Export")));
    OK(evg_registration_set(it, EVG_REGISTRATION_TEXT_CLIENT_URI, TEXT("https://erp.example/")));
    OK(evg_registration_set(it, EVG_REGISTRATION_TEXT_LOGO_URI, TEXT("https://erp.example/l.svg")));
    OK(evg_registration_set_logo_size(it, 512, 512));
    OK(evg_registration_set(it, EVG_REGISTRATION_TEXT_TOS_URI, TEXT("https://erp.example/tos")));
    OK(evg_registration_set(it, EVG_REGISTRATION_TEXT_POLICY_URI, TEXT("https://erp.example/p")));
    OK(evg_registration_set(it, EVG_REGISTRATION_TEXT_INITIATION_URI, TEXT("https://erp.example/i")));
    OK(evg_registration_set(it, EVG_REGISTRATION_TEXT_SETTINGS_URI, TEXT("https://erp.example/s")));
    OK(evg_registration_set(it, EVG_REGISTRATION_TEXT_SUBJECT_TYPE, TEXT("company")));
    OK(evg_registration_add(it, EVG_REGISTRATION_LIST_CONTACTS, TEXT("ops@erp.example")));
    OK(evg_registration_add(it, EVG_REGISTRATION_LIST_REDIRECT_URIS, TEXT(CALLBACK)));
    OK(evg_registration_add(it, EVG_REGISTRATION_LIST_REDIRECT_URIS, TEXT("http://erp.example/")));
    OK(evg_registration_add(it, EVG_REGISTRATION_LIST_SCOPES, TEXT("users:read")));
    OK(evg_registration_set_pkce(it, false));
    OK(evg_registration_check(it, EVG_PLEO_PRODUCTION, &faults));
    OK(evg_registration_faults_count(faults, &count));
    CHECK(count == 3);
    expect_fault(faults, 0, "client_name", EVG_NONE, "registration_branding");
    expect_fault(faults, 1, "redirect_uris", 1, "registration_not_https");
    expect_fault(faults, 2, "pkce", EVG_NONE, "registration_pkce_missing");
    evg_registration_faults_free(faults);

    OK(evg_registration_form(it, &made));
    CHECK(strstr(copy_and_free(made), "Settings URI:             https://erp.example/s") != NULL);
    OK(evg_registration_json(it, &made));
    const char *json = copy_and_free(made);
    CHECK(strstr(json, "\"logo_uri\": \"https://erp.example/l.svg\"") != NULL);
    CHECK(strstr(json, "\"subject_type_preference\": \"company\"") != NULL);
    evg_registration_free(it);
}

static evg_client *make_client(void) {
    evg_provider_config *config;
    evg_provider *provider;
    evg_client_config *client_config;
    evg_client *client;
    OK(evg_provider_config_new_pleo(EVG_PLEO_STAGING, &config));
    OK(evg_provider_config_set_redirects(config, EVG_REDIRECT_RULES_HTTPS_OR_OWN_MACHINE));
    OK(evg_provider_config_set_resource(config, TEXT("https://external.staging.pleo.io")));
    OK(evg_provider_config_add_authorize_parameter(config, TEXT("prompt"), TEXT("consent")));
    OK(evg_provider_new(config, &provider));
    OK(evg_client_config_new(&client_config));
    OK(evg_client_config_set_client_id(client_config, TEXT("client-1")));
    OK(evg_client_config_add_redirect_uri(client_config, TEXT(CALLBACK)));
    OK(evg_client_config_add_redirect_uri(client_config, TEXT("http://localhost:8080/callback")));
    OK(evg_client_config_add_scope(client_config, TEXT("users:read")));
    OK(evg_client_config_set_sealing(client_config, EVG_SEALING_PLAIN));
    OK(evg_client_new(provider, client_config, &client));
    evg_client_config_free(client_config);
    evg_provider_config_free(config);
    evg_provider_free(provider);
    return client;
}

/* A redirect finds its tenant by what is in the store. */
static void whose_redirect(evg_client *client) {
    evg_connection *connection;
    evg_authorize *authorize;
    evg_step *step, *next;
    evg_output kind;
    evg_text key, url;
    evg_owned *made;
    char redirect[256], pending[256];
    OK(evg_connection_new(client, TEXT("tenant-42"), &connection));
    OK(evg_client_store_key(client, TEXT("tenant-42"), &made));
    OK(evg_connection_store_key(connection, &key));
    CHECK(strlen(copy_and_free(made)) == key.len);
    OK(evg_authorize_new(TEXT(CALLBACK), EVG_BINDING_SAME_PROCESS, &authorize));
    OK(evg_connection_step_authorize(connection, world(), authorize, &step));
    evg_authorize_free(authorize);
    OK(evg_step_next(step, &kind));
    OK(evg_step_swap_key(step, &key));
    snprintf(pending, sizeof pending, "%.*s", (int)key.len, key.data);
    swap(connection, step, &next);
    evg_step_free(step);
    do {
        OK(evg_step_next(next, &kind));
    } while (kind != EVG_OUTPUT_OPEN_URL);
    OK(evg_step_open_url(next, &url));
    const char *state = strstr(url.data, "&state=");
    CHECK(state != NULL && state < url.data + url.len);
    CHECK(strstr(url.data, "&resource=https%3A%2F%2Fexternal.staging.pleo.io&prompt=consent") != NULL);
    snprintf(redirect, sizeof redirect, "?code=c%.*s", (int)(1 + strcspn(state + 1, "&")), state);
    evg_step_free(next);

    OK(evg_pending_key(redirect, strlen(redirect), &made));
    CHECK(strcmp(copy_and_free(made), pending) == 0);
    struct row *row = row_of((evg_text){pending, strlen(pending)});
    OK(evg_client_pending_tenant(client, redirect, strlen(redirect), row->record, row->len, &made));
    CHECK(strcmp(copy_and_free(made), "tenant-42") == 0);

    uint64_t servable;
    OK(evg_connection_servable(connection, world()->now, &servable));
    OK(evg_connection_missing_scopes(connection, TEXT("users:read export:read"), &made));
    CHECK(servable == EVG_NONE && strcmp(copy_and_free(made), "users:read export:read") == 0);

    bool unsaved = true;
    OK(evg_connection_is_unsaved(connection, &unsaved));
    CHECK(!unsaved);
    OK(evg_connection_step_revoke(connection, world(), &next));
    evg_step_free(next);
    OK(evg_connection_is_unsaved(connection, &unsaved));
    CHECK(unsaved);
    evg_connection_free(connection);
}

static void reservations(evg_client *client) {
    evg_owned *key, *record, *tenant;
    evg_text text;
    evg_bytes bytes;
    OK(evg_client_company_key(client, TEXT("urn:pleo:company:1"), &key));
    OK(evg_owned_text(key, &text));
    CHECK(strncmp(text.data, "company/pleo-staging/client-1/", 30) == 0);
    evg_owned_free(key);
    OK(evg_client_reserve_company(client, TEXT("urn:pleo:company:1"), TEXT("tenant-42"), &record));
    OK(evg_owned_bytes(record, &bytes));
    OK(evg_client_company_tenant(client, TEXT("urn:pleo:company:1"), bytes.data, bytes.len, &tenant));
    CHECK(strcmp(copy_and_free(tenant), "tenant-42") == 0);
    WANT(EVG_RESULT_HOST_RECORD_FOREIGN,
         evg_client_company_tenant(client, TEXT("urn:pleo:company:2"), bytes.data, bytes.len, &tenant));
    evg_owned_free(record);
    OK(evg_client_release_company(client, TEXT("urn:pleo:company:1"), &record));
    OK(evg_owned_bytes(record, &bytes));
    OK(evg_client_company_tenant(client, TEXT("urn:pleo:company:1"), bytes.data, bytes.len, &tenant));
    CHECK(tenant == NULL);
    evg_owned_free(record);
}

int main(void) {
    char version[32];
    evg_owned *url;
    evg_client *client = make_client();
    pacer();
    registration();
    whose_redirect(client);
    reservations(client);
    evg_client_free(client);
    OK(evg_pleo_activation_url(EVG_PLEO_PRODUCTION, &url));
    CHECK(strcmp(copy_and_free(url),
                 "https://external.pleo.io/v1/installations/me:activate") == 0);
    snprintf(version, sizeof version, "%d.%d.%d", EVERGRANT_VERSION_MAJOR, EVERGRANT_VERSION_MINOR,
             EVERGRANT_VERSION_PATCH);
    CHECK(strcmp(version, EVERGRANT_VERSION) == 0 && strcmp(version, evg_version()) == 0);
    CHECK(strcmp(evg_status_name(EVG_STATUS_DISCONNECTED), "disconnected") == 0);
    printf("  %d checks hold\n", checks);
    return 0;
}
