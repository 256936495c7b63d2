/* Runs the golden transcripts that are named: every line that comes out must be the
 * line of the file, byte for byte, and nothing that a log would show is a secret. */
#define _POSIX_C_SOURCE 200809L
#include "transcript.h"

int checks;
/* Lines compared and texts looked through: what the program is for. */
static int held;

static char *next_line(FILE *file, size_t *len) {
    char *line = NULL;
    size_t room = 0;
    ssize_t got = getline(&line, &room, file);
    if (got < 0) {
        free(line);
        return NULL;
    }
    CHECK(got > 0 && line[got - 1] == '\n');
    line[got - 1] = 0;
    *len = (size_t)got - 1;
    return line;
}

static void compare(const char *path, int number, const char *expected, const char *came) {
    held++;
    if (expected == NULL || strcmp(expected, came) != 0) {
        fprintf(stderr, "%s:%d\nexpected %s\ncame     %s\n", path, number,
                expected == NULL ? "no line" : expected, came);
        exit(1);
    }
}

static void shows_no_secret(const char *path, struct life *life) {
    CHECK(life->secrets.count > 10 && life->shown.count > 0);
    for (size_t at = 0; at < life->shown.count; at++) {
        const char *secret = secret_in(life->shown.items[at], &life->secrets);
        held++;
        if (secret != NULL) {
            fprintf(stderr, "%s: a log would show a secret: %s\n", path, life->shown.items[at]);
            exit(1);
        }
    }
    free_texts(&life->shown);
    free_texts(&life->secrets);
}

/* The control: secrets are found where they stand. */
static void secrets_are_found(FILE *file, const struct texts *secrets) {
    size_t len;
    char *line;
    int found = 0;
    rewind(file);
    while ((line = next_line(file, &len)) != NULL) {
        found += secret_in(line, secrets) != NULL;
        free(line);
    }
    CHECK(found > 2);
}

/* One step: its line is given, the next one is what must come of it. */
static void step(const char *path, int number, FILE *file, evg_connection *connection,
                 json_object *told, struct life *life) {
    struct buffer came = {NULL, 0, 0};
    evg_step *made = NULL;
    size_t len = 0;
    evg_result result = feed(connection, told, &made);
    if (result == EVG_RESULT_OK) {
        write_step(made, &came, life);
    } else {
        CHECK(made == NULL);
        put(&came, "{");
        put_name(&came, "misuse", evg_result_name(result));
        put(&came, "}");
        keep(&life->shown, evg_result_name(result), strlen(evg_result_name(result)));
    }
    char *expected = next_line(file, &len);
    compare(path, number, expected, came.data);
    json_object *answer = parse(expected, len);
    secrets_of_line(expected, answer, &life->secrets);
    json_object_put(answer);
    evg_step_free(made);
    free(expected);
    free(came.data);
}

/* How many lines were compared. */
static int run(const char *path) {
    struct life life = {{NULL, 0, 0}, {NULL, 0, 0}};
    FILE *file = fopen(path, "r");
    size_t len;
    char *line;
    int number = 1, compared = 0;
    CHECK(file != NULL && (line = next_line(file, &len)) != NULL);
    json_object *config = parse(line, len), *restored;
    json_object *tenant = member(config, "tenant");
    evg_text name = evg_text_of(tenant);
    evg_client *client = read_client(config);
    evg_connection *connection;
    OK(evg_connection_new(client, name.data, name.len, &connection));
    secrets_of_line(line, config, &life.secrets);
    free(line);
    while ((line = next_line(file, &len)) != NULL) {
        json_object *told = parse(line, len);
        secrets_of_line(line, told, &life.secrets);
        number++;
        if (json_object_object_get_ex(told, "restore", &restored)) {
            evg_connection_free(connection);
            connection = read_restored(client, tenant, restored);
        } else {
            step(path, ++number, file, connection, told, &life);
            compared++;
        }
        json_object_put(told);
        free(line);
    }
    CHECK(compared > 0);
    secrets_are_found(file, &life.secrets);
    shows_no_secret(path, &life);
    evg_connection_free(connection);
    evg_client_free(client);
    json_object_put(config);
    fclose(file);
    return compared;
}

int main(int count, char **paths) {
    int lines = 0;
    CHECK(count > 1);
    for (int at = 1; at < count; at++) {
        lines += run(paths[at]);
    }
    printf("  %d transcripts, %d lines as in Rust\n", count - 1, lines);
    printf("  %d checks hold\n", held);
    return 0;
}
