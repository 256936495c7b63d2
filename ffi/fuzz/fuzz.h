/* What the parts of the fuzz target share: the input as a list of choices, and a world.
 *
 *   input.c     bytes into numbers, texts and lists, some of them with odd lengths
 *   clients.c   providers and clients, from sound to absurd
 *   outputs.c   every accessor of every output; the store; what is still to be answered
 *   target.c    the steps, in any order
 *   replay.c    runs inputs from files, without libFuzzer
 */
#ifndef FUZZ_H
#define FUZZ_H

#include "evergrant.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* input.c: when the input is over, everything is 0. */
void input_begin(const uint8_t *data, size_t size);
bool input_left(void);
uint8_t byte(void);
uint64_t number(void); /* small, large, a time nearby, EVG_NONE */

/* A text of the input, or a good one; sometimes NULL, too long or not UTF-8. */
evg_text text(const char *good);
evg_bytes bytes(void);

/* Headers that last until the next call; `*count` may be none. */
const evg_header *headers(size_t *count);

/* clients.c */
evg_client *make_client(void); /* NULL if what was chosen is refused */
evg_client *sound_client(uint8_t kind);

/* outputs.c */
struct row {
    char key[512];
    uint8_t *record;
    size_t len;
    unsigned revision;
};
struct asked {
    uint64_t op;
    evg_output kind;
    struct row *row;
};
struct world {
    evg_env env;
    uint64_t seed;
    struct row rows[6];
    struct asked asked[8];
    size_t asked_count;
    char opened[4096]; /* the last URL, for the redirect */
    char binding[128];
    uint64_t generation;
};
extern struct world world;

void world_begin(void);
void world_end(void);
const evg_env *env(void);

/* Looks at all of a step and frees it; remembers what is to be answered. */
void look_at(evg_result made, evg_step *step);

/* No answer may be one that the header does not know, nor speak of a bug. */
evg_result sane(evg_result result);

#define MUST(condition)                                                       \
    do {                                                                      \
        if (!(condition)) {                                                   \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                          \
        }                                                                     \
    } while (0)

#endif
