/* Steps: every accessor before the first output, after the last, and at another. */
#include "misuse.h"

static void whole_steps(void) {
    READS(evg_step_next, w.fresh, &out.kind);
    READS(evg_step_kind, w.fresh, &out.kind);
    READS(evg_step_wake_at, w.fresh, &out.number);
    READS(evg_step_status, w.fresh, &out.status);
    READS(evg_step_cause, w.fresh, &out.result);
    READS(evg_step_servable, w.fresh, &out.number);
    FREES(evg_step_free);
}

static void requests(void) {
    READS_FIELD(evg_step_op, w.notice, &out.number);
    READS_FIELD(evg_step_http_method, w.swap, &out.method);
    READS_FIELD(evg_step_http_url, w.swap, &out.text);
    READS_FIELD(evg_step_http_header_count, w.swap, &out.count);
    READS_FIELD(evg_step_http_body, w.swap, &out.bytes);
    READS_FIELD(evg_step_http_send_within, w.swap, &out.number);
    READS_FIELD(evg_step_http_listen_for, w.swap, &out.number);
    READS_FIELD(evg_step_http_answer_limit, w.swap, &out.limit);
    READS_FIELD(evg_step_swap_key, w.notice, &out.text);
    READS_FIELD(evg_step_swap_expected, w.notice, &out.text);
    READS_FIELD(evg_step_swap_write, w.notice, &out.bytes);
    READS_FIELD(evg_step_swap_due_at, w.notice, &out.number);
    READS_FIELD(evg_step_swap_purge_at, w.notice, &out.number);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_step_http_header, NULL, 0, &out.text, &out.other_text);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_step_http_header, w.swap, 0, NULL, &out.other_text);
    ROW(EVG_RESULT_NULL_ARGUMENT, evg_step_http_header, w.swap, 0, &out.text, NULL);
    ROW(EVG_RESULT_WRONG_KIND, evg_step_http_header, w.fresh, 0, &out.text, &out.other_text);
    ROW(EVG_RESULT_WRONG_KIND, evg_step_http_header, w.swap, 0, &out.text, &out.other_text);
    ROW(EVG_RESULT_WRONG_KIND, evg_step_http_header, w.done, 0, &out.text, &out.other_text);
}

static void news(void) {
    READS_FIELD(evg_step_open_url, w.swap, &out.text);
    READS_FIELD(evg_step_open_url_binding, w.swap, &out.text);
    READS_FIELD(evg_step_open_url_expires_at, w.swap, &out.number);
    READS_FIELD(evg_step_authorization_id, w.swap, &out.text);
    READS_FIELD(evg_step_return_context, w.swap, &out.text);
    READS_FIELD(evg_step_token_generation, w.swap, &out.number);
    READS_FIELD(evg_step_token_origin, w.swap, &out.text);
    READS_FIELD(evg_step_token_header, w.swap, &out.text);
    READS_FIELD(evg_step_token_expires_at, w.swap, &out.number);
    READS_FIELD(evg_step_authorized_generation, w.swap, &out.number);
    READS_FIELD(evg_step_authorized_scope, w.swap, &out.text);
    READS_FIELD(evg_step_failed_activity, w.swap, &out.activity);
    READS_FIELD(evg_step_failed_code, w.swap, &out.result);
    READS_FIELD(evg_step_failed_kind, w.swap, &out.text);
    READS_FIELD(evg_step_failed_retry_at, w.swap, &out.number);
    READS_FIELD(evg_step_failed_error, w.swap, &out.text);
    READS_FIELD(evg_step_failed_description, w.swap, &out.text);
    READS_FIELD(evg_step_failed_company, w.swap, &out.text);
    READS_FIELD(evg_step_failed_sealing_key, w.swap, &out.text);
    READS_FIELD(evg_step_notice_code, w.swap, &out.text);
    READS_FIELD(evg_step_notice_generation, w.swap, &out.number);
    READS_FIELD(evg_step_notice_attempt, w.swap, &out.attempt);
    READS_FIELD(evg_step_notice_detail, w.swap, &out.text);
    READS_FIELD(evg_step_key_generation, w.swap, &out.number);
    READS_FIELD(evg_step_key_company, w.swap, &out.text);
    READS_FIELD(evg_step_key_scope, w.swap, &out.text);
}

/* A request, with an index that is none. */
static void headers(void) {
    evg_connection *connection;
    evg_step *read, *step;
    evg_output kind = EVG_OUTPUT_NONE;
    uint64_t op;
    evg_text key = {TEXT("key")};
    OK(evg_connection_restore(w.client, TEXT("t"), NULL, 0, NULL, 0, EVG_NONE, &connection));
    OK(evg_connection_step_key_entered(connection, &w.env, key, EVG_API_KEY_KIND_STANDALONE, NULL,
                                       0, NULL, 0, &read));
    while (kind != EVG_OUTPUT_SEND_HTTP) {
        OK(evg_step_next(read, &kind));
        if (kind == EVG_OUTPUT_SWAP) {
            OK(evg_step_op(read, &op));
            memset(w.env.entropy, 11, sizeof w.env.entropy);
            OK(evg_connection_step_swapped(connection, &w.env, op, NULL, 0, NULL, 0, EVG_NONE, &step));
            evg_step_free(read);
            read = step;
        }
        CHECK(kind != EVG_OUTPUT_NONE);
    }
    size_t count;
    OK(evg_step_http_header_count(read, &count));
    ROW(EVG_RESULT_INDEX_INVALID, evg_step_http_header, read, count, &out.text, &out.other_text);
    ROW(EVG_RESULT_INDEX_INVALID, evg_step_http_header, read, SIZE_MAX, &out.text, &out.other_text);
    evg_step_free(read);
    evg_connection_free(connection);
    memset(w.env.entropy, 5, sizeof w.env.entropy);
}

void misuse_of_steps(void) {
    whole_steps();
    requests();
    news();
    headers();
}
