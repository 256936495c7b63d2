/* Checks that are counted. A program of the tests defines `checks` once. */
#ifndef CHECK_H
#define CHECK_H

#include "evergrant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT(literal) literal, sizeof(literal) - 1

extern int checks;

#define CHECK(condition)                                                           \
    do {                                                                           \
        checks++;                                                                  \
        if (!(condition)) {                                                        \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
            exit(1);                                                               \
        }                                                                          \
    } while (0)

#define WANT(result, call)                                                        \
    do {                                                                          \
        evg_result got_ = (call);                                                 \
        checks++;                                                                 \
        if (got_ != (result)) {                                                   \
            fprintf(stderr, "%s:%d: %s answers %s\n", __FILE__, __LINE__, #call,   \
                    evg_result_name(got_));                                       \
            exit(1);                                                              \
        }                                                                         \
    } while (0)

#define OK(call) WANT(EVG_RESULT_OK, call)

#endif
