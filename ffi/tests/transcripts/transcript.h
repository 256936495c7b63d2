/* The parts of the program that runs transcripts (transcripts/README.md). */
#ifndef TRANSCRIPT_H
#define TRANSCRIPT_H

#include "../check.h"

#include <json.h>

/* A text that grows. */
struct buffer {
    char *data;
    size_t len, room;
};

/* Texts of one file. */
struct texts {
    char **items;
    size_t count, room;
};

/* What one file came to: what was shown to a host's log, and what must not be. */
struct life {
    struct texts shown, secrets;
};

/* json.c: reading by json-c, whose integers reach 2^64 - 1; writing as the
 * transcripts have it, without spaces. What is not as expected ends the program. */
json_object *parse(const char *line, size_t len);
json_object *member(json_object *object, const char *name);
void members(json_object *object, int count);
const char *text_of(json_object *value, size_t *len);
evg_text evg_text_of(json_object *value);
bool is(json_object *value, const char *text);
uint64_t number_or_none(json_object *value);
size_t unhex(json_object *value, uint8_t *bytes, size_t room);
void put(struct buffer *buffer, const char *text);
void put_text(struct buffer *buffer, const char *name, evg_text text);
void put_bytes(struct buffer *buffer, const char *name, evg_bytes bytes);
void put_name(struct buffer *buffer, const char *name, const char *text);
void put_number(struct buffer *buffer, const char *name, uint64_t number);
void put_quoted(struct buffer *buffer, const char *data, size_t len);

/* config.c */
evg_client *read_client(json_object *config);
evg_connection *read_restored(evg_client *client, json_object *tenant, json_object *stored);

/* input.c: makes the step of a line. */
evg_result feed(evg_connection *connection, json_object *line, evg_step **step);

/* output.c: writes what a step came to, and notes what of it a log would show. */
void write_step(evg_step *step, struct buffer *line, struct life *life);

/* secrets.c */
void keep(struct texts *texts, const char *data, size_t len);
void keep_text(struct texts *texts, evg_text text);
void free_texts(struct texts *texts);
void secrets_of_line(const char *line, json_object *told, struct texts *secrets);
const char *secret_in(const char *text, const struct texts *secrets);

#endif
