#include "misuse.h"

int checks;
struct world w;
struct places out;

static struct places untouched;
static FILE *rows;
static int held;

void clear_places(void) {
    memset(&out, 0xA5, sizeof out);
}

/* A row that is refused has written nothing. */
void row(evg_result want, evg_result got, const char *function, const char *arguments) {
    bool written = memcmp(&out, &untouched, sizeof out) != 0;
    if (got != want || (got != EVG_RESULT_OK && written)) {
        fprintf(stderr, "%s(%s) answers %s, not %s%s\n", function, arguments,
                evg_result_name(got), evg_result_name(want), written ? "; something is written" : "");
        exit(1);
    }
    fprintf(rows, "%s\t%s\t%s\n", function, evg_result_name(want), arguments);
    held++;
}

static evg_step *step_of(uint8_t entropy, int outputs) {
    evg_step *step;
    evg_output kind;
    memset(w.env.entropy, entropy, sizeof w.env.entropy);
    OK(evg_connection_step_authorize(w.connection, &w.env, w.authorize, &step));
    for (int at = 0; at < outputs; at++) {
        OK(evg_step_next(step, &kind));
    }
    return step;
}

/* A step whose current output is no swap and no request: a notice. */
static evg_step *step_at_a_notice(evg_step *swap) {
    evg_step *step;
    evg_output kind;
    evg_bytes record;
    uint64_t op;
    OK(evg_step_op(swap, &op));
    OK(evg_step_swap_write(swap, &record));
    memset(w.env.entropy, 4, sizeof w.env.entropy);
    OK(evg_connection_step_swapped(w.connection, &w.env, op, "1", 1, record.data, record.len,
                                   EVG_NONE, &step));
    OK(evg_step_next(step, &kind));
    CHECK(kind == EVG_OUTPUT_NOTICE);
    return step;
}

static evg_provider_config *config_of_a_provider(void) {
    evg_provider_config *config;
    w.binding = (evg_company_binding){{TEXT("https://api.example/who")},
                                      {TEXT("/subject")},
                                      {NULL, 0},
                                      {TEXT("company:")},
                                      {NULL, 0}};
    OK(evg_provider_config_new(&config));
    OK(evg_provider_config_set_environment(config, TEXT("test")));
    OK(evg_provider_config_set_authorization_endpoint(config, TEXT("https://as.example/a")));
    OK(evg_provider_config_set_token_endpoint(config, TEXT("https://as.example/t")));
    OK(evg_provider_config_set_api_origin(config, TEXT("https://api.example")));
    OK(evg_provider_config_set_api_keys(config, &w.binding));
    return config;
}

static evg_client_config *config_of_a_client(void) {
    evg_client_config *config;
    OK(evg_client_config_new(&config));
    OK(evg_client_config_set_client_id(config, TEXT("client")));
    OK(evg_client_config_add_redirect_uri(config, TEXT(CALLBACK)));
    OK(evg_client_config_set_sealing(config, EVG_SEALING_PLAIN));
    return config;
}

static void set_up(void) {
    evg_step *swap;
    w.env.now = 1700000000000u;
    w.env.uptime = EVG_NONE;
    w.provider_config = config_of_a_provider();
    OK(evg_provider_new(w.provider_config, &w.provider));
    w.client_config = config_of_a_client();
    OK(evg_client_new(w.provider, w.client_config, &w.client));
    OK(evg_authorize_new(TEXT(CALLBACK), EVG_BINDING_SAME_PROCESS, &w.authorize));
    OK(evg_connection_new(w.client, TEXT("tenant"), &w.connection));
    OK(evg_client_store_key(w.client, TEXT("tenant"), &w.owned));
    OK(evg_pacer_new(500, 50, &w.pacer));
    OK(evg_registration_new(&w.registration));
    OK(evg_registration_check(w.registration, EVG_PLEO_STAGING, &w.faults));
    w.fresh = step_of(1, 0);
    w.swap = step_of(2, 1);
    swap = step_of(3, 1);
    w.notice = step_at_a_notice(swap);
    w.done = swap;
    evg_output kind;
    OK(evg_step_next(w.done, &kind));
    CHECK(kind == EVG_OUTPUT_NONE);
    memset(w.env.entropy, 5, sizeof w.env.entropy);
    memset(&untouched, 0xA5, sizeof untouched);
}

/* Nothing of what was refused has changed anything. */
static void all_is_as_it_was(void) {
    evg_text key;
    evg_status status;
    evg_provider *provider;
    evg_client *client;
    size_t faults;
    OK(evg_provider_new(w.provider_config, &provider));
    OK(evg_client_new(provider, w.client_config, &client));
    OK(evg_connection_status(w.connection, w.env.now, &status));
    OK(evg_connection_store_key(w.connection, &key));
    OK(evg_registration_faults_count(w.faults, &faults));
    CHECK(status == EVG_STATUS_AUTHORIZING && key.len > 0 && faults > 0);
    evg_client_free(client);
    evg_provider_free(provider);
}

static void tear_down(void) {
    evg_provider_config_free(w.provider_config);
    evg_provider_free(w.provider);
    evg_client_config_free(w.client_config);
    evg_client_free(w.client);
    evg_authorize_free(w.authorize);
    evg_connection_free(w.connection);
    evg_owned_free(w.owned);
    evg_pacer_free(w.pacer);
    evg_registration_free(w.registration);
    evg_registration_faults_free(w.faults);
    evg_step_free(w.fresh);
    evg_step_free(w.swap);
    evg_step_free(w.notice);
    evg_step_free(w.done);
}

/* The rows are written to the file that is named. */
int main(int count, char **arguments) {
    CHECK(count == 2);
    rows = fopen(arguments[1], "w");
    CHECK(rows != NULL);
    set_up();
    misuse_of_configurations();
    misuse_of_clients();
    misuse_of_connections();
    misuse_of_inputs();
    misuse_of_steps();
    misuse_of_the_rest();
    all_is_as_it_was();
    tear_down();
    CHECK(fclose(rows) == 0);
    printf("  %d checks hold\n", held);
    return 0;
}
