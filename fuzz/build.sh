# Sourced by run: builds every target with the fuzzer's counters in it. Only options of a
# stable compiler are used.
TARGETS=(configuration error_response record redirect retry_after sealed_record step
    token_response uri www_authenticate)
host=$(rustc -vV | sed -n 's/^host: //p')
folder=${CARGO_TARGET_DIR:-../target}/fuzz
flags="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4"
for part in inline-8bit-counters pc-table trace-compares; do
    flags+=" -Cllvm-args=-sanitizer-coverage-$part"
done
CARGO_TARGET_DIR=$folder RUSTFLAGS="$flags" cargo build --quiet --locked --release \
    "${TARGETS[@]/#/--bin=}" --target "$host"
BINARIES=$folder/$host/release
