/* What stands beside the machine. */
#include "misuse.h"

static void registrations(void) {
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_registration_new, NULL);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_registration_set, NULL, 1, "x", 1);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_registration_set, w.registration, 1, NULL, 1);
    ROW(EVG_RESULT_INVALID_UTF8, evg_registration_set, w.registration, 1, "\xff", 1);
    ROW(EVG_RESULT_LENGTH_INVALID, evg_registration_set, w.registration, 1, "x", SIZE_MAX);
    ROW(EVG_RESULT_UNKNOWN_TAG, evg_registration_set, w.registration, 0, "x", 1);
    ROW(EVG_RESULT_UNKNOWN_TAG, evg_registration_set, w.registration, 99, "x", 1);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_registration_add, NULL, 1, "x", 1);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_registration_add, w.registration, 1, NULL, 1);
    ROW(EVG_RESULT_INVALID_UTF8, evg_registration_add, w.registration, 1, "\xff", 1);
    ROW(EVG_RESULT_LENGTH_INVALID, evg_registration_add, w.registration, 1, "x", SIZE_MAX);
    ROW(EVG_RESULT_UNKNOWN_TAG, evg_registration_add, w.registration, 0, "x", 1);
    ROW(EVG_RESULT_UNKNOWN_TAG, evg_registration_add, w.registration, 99, "x", 1);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_registration_set_logo_size, NULL, 512, 512);
    SETS_FLAG(evg_registration_set_pkce, w.registration);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_registration_check, NULL, 1, &out.faults);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_registration_check, w.registration, 1, NULL);
    ROW(EVG_RESULT_UNKNOWN_TAG, evg_registration_check, w.registration, 99, &out.faults);
    READS(evg_registration_faults_count, w.faults, &out.count);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_registration_faults_item, NULL, 0, &out.text, &out.number, &out.other_text);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_registration_faults_item, w.faults, 0, NULL, &out.number, &out.other_text);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_registration_faults_item, w.faults, 0, &out.text, NULL, &out.other_text);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_registration_faults_item, w.faults, 0, &out.text, &out.number, NULL);
    ROW(EVG_RESULT_INDEX_INVALID, evg_registration_faults_item, w.faults, 1000, &out.text, &out.number, &out.other_text);
    READS(evg_registration_form, w.registration, &out.owned);
    READS(evg_registration_json, w.registration, &out.owned);
    FREES(evg_registration_free);
    FREES(evg_registration_faults_free);
}

static void pacers(void) {
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_pacer_new, 500, 50, NULL);
    ROW(EVG_RESULT_MISUSE_PACING_INVALID, evg_pacer_new, 0, 0, &out.pacer);
    ROW(EVG_RESULT_MISUSE_PACING_INVALID, evg_pacer_new, 500, 0, &out.pacer);
    ROW(EVG_RESULT_MISUSE_PACING_INVALID, evg_pacer_new, 500, 501, &out.pacer);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_pacer_ask, NULL, 1, &out.number);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_pacer_ask, w.pacer, 1, NULL);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_pacer_slow_down, NULL, 1, 2);
    FREES(evg_pacer_free);
}

static void names(void) {
    NAMES(evg_result_name, "unknown_result");
    NAMES(evg_status_name, "unknown_status");
    NAMES(evg_activity_name, "unknown_activity");
    NAMES(evg_method_name, "unknown_method");
    CHECK(strcmp(evg_version(), EVERGRANT_VERSION) == 0);
    row(EVG_RESULT_OK, EVG_RESULT_OK, "evg_version", "");
}

static void *nothing(size_t size, size_t align) {
    (void)size, (void)align;
    return NULL;
}

static void forget(void *memory, size_t size, size_t align) {
    (void)memory, (void)size, (void)align;
}

/* Of the library with std; tests/bare.c has the other. */
static void process(void) {
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_set_memory, nothing, NULL);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_set_memory, NULL, forget);
    ROW(EVG_RESULT_NOT_BUILT, evg_set_memory, nothing, forget);
    ROW(EVG_RESULT_NOT_BUILT, evg_set_memory, NULL, NULL);
    evg_set_panic_hook(NULL);
    row(EVG_RESULT_OK, EVG_RESULT_OK, "evg_set_panic_hook", "NULL");
}

void misuse_of_the_rest(void) {
    process();
    registrations();
    pacers();
    clear_places();
    names();
    READS(evg_owned_text, w.owned, &out.text);
    READS(evg_owned_bytes, w.owned, &out.bytes);
    FREES(evg_owned_free);
}
