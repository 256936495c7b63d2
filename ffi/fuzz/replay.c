/* Runs inputs from files, each on its own, as libFuzzer would: for any compiler. */
#include "fuzz.h"

int main(int count, char **paths) {
    static uint8_t data[65536];
    for (int at = 1; at < count; at++) {
        FILE *file = fopen(paths[at], "rb");
        if (file == NULL) {
            perror(paths[at]);
            return 1;
        }
        size_t size = fread(data, 1, sizeof data, file);
        fclose(file);
        /* A copy of the exact size, so that reading beyond it is seen. */
        uint8_t *exact = malloc(size ? size : 1);
        MUST(exact != NULL);
        memcpy(exact, data, size);
        LLVMFuzzerTestOneInput(exact, size);
        free(exact);
    }
    printf("  %d checks hold: inputs of the fuzzer, again\n", count - 1);
    return count > 1 ? 0 : 1;
}
