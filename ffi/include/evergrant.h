/*
 * evergrant: an OAuth 2.0 client as a deterministic state machine without I/O.
 *
 * Generated from the Rust source: do not edit. Rules that all functions keep:
 *
 * RESULTS  A function that can go wrong answers an evg_result. Besides the codes
 *   that it names, each may answer EVG_RESULT_NULL_ARGUMENT, EVG_RESULT_PANIC and,
 *   if it takes texts or bytes, EVG_RESULT_INVALID_UTF8 and
 *   EVG_RESULT_LENGTH_INVALID. Values come out through pointers, the last
 *   arguments, and are written only if the answer is EVG_RESULT_OK. Unless the
 *   answer is EVG_RESULT_PANIC, a function that does not answer EVG_RESULT_OK has
 *   changed nothing. Where memory runs out the process ends.
 * POINTERS  must not be NULL unless it is said that they may be, and must point to
 *   what their type says. NULL is noticed; a wrong pointer cannot be.
 * TEXTS AND BYTES  are a pointer and a length in bytes; texts are UTF-8 and never
 *   NUL-terminated, but for evg_version() and the _name functions. Going in they are
 *   copied, and may be NULL where the length is 0 if bytes or headers are asked
 *   for, or what somebody else has written (a redirect's URL, a key that was entered):
 *   an empty one, which is then judged as such, as one that is not UTF-8 is. Coming
 *   out they are borrowed from a handle, for as long as is said.
 * HANDLES  come out through a pointer to a pointer, are owned by the caller, and
 *   are given back once to the _free function of their type, in any order. _free
 *   accepts NULL. Handles that go in stay the caller's.
 * THREADS  A handle may be used by one thread at a time, and may move between
 *   threads; different handles are independent: two connections may live on two
 *   threads, one may not be shared. Only an evg_provider, an evg_client and an
 *   evg_owned may be used by several threads at once.
 * STEPS  Every evg_connection_step_ function takes fresh entropy, and may answer
 *   EVG_RESULT_MISUSE_ENTROPY_MISSING and EVG_RESULT_MISUSE_ENTROPY_REUSED.
 * TIME  is UNIX time or a duration, always in milliseconds; EVG_NONE stands for
 *   none.
 * CHOICES  go in as uint32_t, the values of the enum that is named, and are
 *   checked: EVG_RESULT_UNKNOWN_TAG. The numbers of all enums are only appended to.
 * WITHOUT STD  the library, built so, takes its memory from malloc() and free() or
 *   from evg_set_memory(), and ends the process by abort() in place of answering
 *   EVG_RESULT_PANIC, after it has told evg_set_panic_hook(). All else is the same.
 * SECRETS  The bodies and headers of requests, records, tokens, redirect URLs and
 *   binding secrets must not be logged. Memory here is wiped when it is freed.
 */


#ifndef EVERGRANT_H
#define EVERGRANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The version of this header: evg_version() is that of the library.
#define EVERGRANT_VERSION "0.1.0"
#define EVERGRANT_VERSION_MAJOR 0
#define EVERGRANT_VERSION_MINOR 1
#define EVERGRANT_VERSION_PATCH 0

// What optional numbers hold when there is none: no time, no generation.
#define EVG_NONE 18446744073709551615ull

// What a function answers, and what a failure is called. The numbers and names
// are the same in every language; they are only ever appended, so treat an
// unknown one as a failure of a newer library.
//
// 1 to 99: a bug of the caller, to be mended by reading code; nothing changed.
// 101 to 999: what came of something that could not be done; see
// evg_step_failed_code(). 9001 and up: a bug in the use of this C interface;
// nothing changed, but for EVG_RESULT_PANIC.
enum evg_result
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // Done.
    EVG_RESULT_OK = 0,
    // `evg_env` carried entropy of zeros only.
    EVG_RESULT_MISUSE_ENTROPY_MISSING = 1,
    // Two steps in a row were given the same entropy.
    EVG_RESULT_MISUSE_ENTROPY_REUSED = 2,
    // The `redirect_uri` is not one of the registered ones.
    EVG_RESULT_MISUSE_REDIRECT_URI_NOT_REGISTERED = 3,
    // A redirect URI is relative, has a fragment, or is of a kind that the provider's rules
    // do not allow: plain `http`, a private-use scheme, the own machine.
    EVG_RESULT_MISUSE_REDIRECT_URI_INVALID = 4,
    // A scope is not among the client's registered ones.
    EVG_RESULT_MISUSE_SCOPE_NOT_REGISTERED = 5,
    // A scope is empty or has a character outside RFC 6749 section 3.3.
    EVG_RESULT_MISUSE_SCOPE_INVALID = 6,
    // An extra authorize parameter has a name that the protocol uses itself.
    EVG_RESULT_MISUSE_PARAMETER_RESERVED = 7,
    // An extra authorize parameter is empty, stands twice or is too long.
    EVG_RESULT_MISUSE_PARAMETER_INVALID = 8,
    // The return context is longer than 4,096 bytes.
    EVG_RESULT_MISUSE_RETURN_CONTEXT_TOO_LONG = 9,
    // An endpoint is not an absolute `https` URL without user info and fragment.
    EVG_RESULT_MISUSE_ENDPOINT_INVALID = 11,
    // The environment's name is empty, too long or not printable ASCII.
    EVG_RESULT_MISUSE_ENVIRONMENT_INVALID = 12,
    // The client id is empty or too long.
    EVG_RESULT_MISUSE_CLIENT_ID_INVALID = 13,
    // A client secret is empty.
    EVG_RESULT_MISUSE_CLIENT_SECRET_MISSING = 14,
    // The client has no redirect URI.
    EVG_RESULT_MISUSE_REDIRECT_URI_MISSING = 15,
    // The tenant's name is empty or longer than 256 bytes.
    EVG_RESULT_MISUSE_TENANT_INVALID = 16,
    // The timing row breaks a rule (T > D and A > max(W + D, W + T + S)), or an
    // authorization would live for no time at all.
    EVG_RESULT_MISUSE_TIMING_INVALID = 17,
    // `iss` is required but the provider has no issuer to compare it with.
    EVG_RESULT_MISUSE_ISSUER_MISSING = 18,
    // A client secret was given to a client that authenticates by `none`.
    EVG_RESULT_MISUSE_CLIENT_SECRET_UNEXPECTED = 19,
    // Entropy or boot id of another length; the types of C rule it out.
    EVG_RESULT_MISUSE_ENV_INVALID = 20,
    // An error name among the quirks is empty, too long or not printable ASCII.
    EVG_RESULT_MISUSE_QUIRK_INVALID = 21,
    // The limit of answers is below 1,024 bytes.
    EVG_RESULT_MISUSE_ANSWER_LIMIT_INVALID = 22,
    // A key was entered, and the provider's data know of none.
    EVG_RESULT_MISUSE_API_KEYS_UNSUPPORTED = 23,
    // A company's name is empty, over 256 bytes, or not printable ASCII.
    EVG_RESULT_MISUSE_COMPANY_INVALID = 24,
    // How a company is learnt: not on the API's origin, no JSON pointer, or no prefix.
    EVG_RESULT_MISUSE_COMPANY_BINDING_INVALID = 25,
    // A pacer's rate or burst is 0, or its burst is above its rate.
    EVG_RESULT_MISUSE_PACING_INVALID = 26,
    // A sealing key's id is not 1 to 64 characters of `A-Z a-z 0-9 . _ -`, or the
    // key is not 32 bytes or all zeros.
    EVG_RESULT_MISUSE_SEALING_KEY_INVALID = 27,
    // Two sealing keys have the same id.
    EVG_RESULT_MISUSE_SEALING_KEY_DUPLICATE = 28,
    // The server refused the grant: revoked, expired there, or replaced.
    EVG_RESULT_REAUTHENTICATE_REJECTED = 101,
    // An answer was lost on the way, and with it the only copy of the next
    // refresh token. The person did nothing wrong.
    EVG_RESULT_REAUTHENTICATE_LOST_REPLY = 102,
    // The grant ran out: its refresh token's known lifetime is over, or
    // the access token expired and there never was a refresh token.
    EVG_RESULT_REAUTHENTICATE_EXPIRED = 103,
    // The API refused the API key: another one is needed.
    EVG_RESULT_REAUTHENTICATE_KEY_REJECTED = 104,
    // The request did not leave this machine: DNS, connect, TLS.
    EVG_RESULT_TRY_LATER_NOT_SENT = 201,
    // The server did not give an answer that counts: 5xx, timeout, reset.
    EVG_RESULT_TRY_LATER_UNAVAILABLE = 202,
    // The server asked for fewer requests (429).
    EVG_RESULT_TRY_LATER_RATE_LIMITED = 203,
    // The store did not answer, or not in time, three times.
    EVG_RESULT_TRY_LATER_STORE_SLOW = 204,
    // Another worker is refreshing, or an authorization is being completed.
    EVG_RESULT_TRY_LATER_BUSY = 205,
    // The person, or the server on their behalf, refused the authorization.
    EVG_RESULT_DENIED_ACCESS = 301,
    // The server wants the person to log in or consent before it goes on.
    EVG_RESULT_DENIED_INTERACTION_REQUIRED = 302,
    // The authorization code was refused; a new authorization is needed.
    EVG_RESULT_DENIED_CODE_REJECTED = 303,
    // The connection was disconnected after this authorization had begun.
    EVG_RESULT_DENIED_SUPERSEDED = 304,
    // The API answered 403: a scope or a permission is missing.
    EVG_RESULT_DENIED_FORBIDDEN = 305,
    // There is no grant: nothing was authorized yet, or it was disconnected.
    EVG_RESULT_DENIED_NOT_CONNECTED = 306,
    // The authorization was not completed in time.
    EVG_RESULT_DENIED_AUTHORIZATION_EXPIRED = 307,
    // The API says that the token lacks a scope (RFC 6750 section 3.1).
    EVG_RESULT_DENIED_INSUFFICIENT_SCOPE = 308,
    // The API does not know the key that was entered, or no longer.
    EVG_RESULT_DENIED_KEY_INVALID = 309,
    // What was entered cannot be a key: empty, with spaces or a colon, too long.
    EVG_RESULT_DENIED_KEY_MALFORMED = 310,
    // No query, not a URL, or longer than 16 KiB.
    EVG_RESULT_CALLBACK_UNREADABLE = 401,
    // A parameter of the protocol stands twice (RFC 6749 section 3.1).
    EVG_RESULT_CALLBACK_DUPLICATE_PARAMETER = 402,
    // There is no `state`.
    EVG_RESULT_CALLBACK_STATE_MISSING = 403,
    // No authorization is pending under this `state`.
    EVG_RESULT_CALLBACK_STATE_UNKNOWN = 404,
    // This `state` has been used already.
    EVG_RESULT_CALLBACK_STATE_USED = 405,
    // The authorization was begun too long ago.
    EVG_RESULT_CALLBACK_EXPIRED = 406,
    // The authorization belongs to another connection.
    EVG_RESULT_CALLBACK_FOREIGN_CONNECTION = 407,
    // The browser is not the one in which the authorization was begun.
    EVG_RESULT_CALLBACK_BINDING_MISMATCH = 408,
    // `iss` names another authorization server (RFC 9207 section 2.4).
    EVG_RESULT_CALLBACK_ISSUER_MISMATCH = 409,
    // `iss` is absent although the provider always sends it.
    EVG_RESULT_CALLBACK_ISSUER_MISSING = 410,
    // Neither `code` nor `error`, or both.
    EVG_RESULT_CALLBACK_MALFORMED = 411,
    // More redirects are being judged than one connection can have.
    EVG_RESULT_CALLBACK_TOO_MANY = 412,
    // The client id, secret or method is wrong (`invalid_client`).
    EVG_RESULT_MISCONFIGURED_INVALID_CLIENT = 501,
    // The client may not use this grant (`unauthorized_client`).
    EVG_RESULT_MISCONFIGURED_UNAUTHORIZED_CLIENT = 502,
    // A scope is not allowed (`invalid_scope`).
    EVG_RESULT_MISCONFIGURED_INVALID_SCOPE = 503,
    // The server does not understand the request (`invalid_request` and its like).
    EVG_RESULT_MISCONFIGURED_INVALID_REQUEST = 504,
    // The server does not offer this grant or response type.
    EVG_RESULT_MISCONFIGURED_UNSUPPORTED = 505,
    // The endpoint answered with a redirect, which is never followed.
    EVG_RESULT_MISCONFIGURED_REDIRECTED = 506,
    // Any other OAuth error; its name stands in `said`.
    EVG_RESULT_MISCONFIGURED_OTHER_ERROR = 507,
    // A token answer that is not JSON, or has no access token.
    EVG_RESULT_SERVER_ANSWER_UNREADABLE = 601,
    // An answer over the limit that was given with the request.
    EVG_RESULT_SERVER_ANSWER_TOO_LARGE = 602,
    // A `token_type` other than `Bearer` (RFC 6749 section 7.1).
    EVG_RESULT_SERVER_TOKEN_TYPE_UNKNOWN = 603,
    // An access token that no HTTP header can carry, or that is expired as it comes.
    EVG_RESULT_SERVER_TOKEN_UNUSABLE = 604,
    // The API refused a token that had just been issued (a second 401).
    EVG_RESULT_SERVER_FRESH_TOKEN_REFUSED = 605,
    // The revocation endpoint refused; the tokens are forgotten all the same.
    EVG_RESULT_SERVER_REVOCATION_REFUSED = 606,
    // A form-encoded token answer, which the provider's quirks do not allow.
    EVG_RESULT_SERVER_ANSWER_FORM_ENCODED = 607,
    // The bytes are not a record, or not of the expected kind.
    EVG_RESULT_HOST_RECORD_UNREADABLE = 701,
    // The record was written by a newer version; it is left as it is.
    EVG_RESULT_HOST_RECORD_NEWER = 702,
    // The record belongs to another environment, client or tenant.
    EVG_RESULT_HOST_RECORD_FOREIGN = 703,
    // The record was sealed, or not sealed, other than this client expects.
    EVG_RESULT_HOST_RECORD_SEALING = 704,
    // The store took no write after repeated tries.
    EVG_RESULT_HOST_STORE_UNANSWERED = 705,
    // The record's seal is broken: it was changed, or moved here from another
    // store key, or sealed with another key of the same id.
    EVG_RESULT_HOST_RECORD_FORGED = 706,
    // The record is sealed with a key that the client does not have, named by
    // evg_step_failed_sealing_key() or evg_sealing_key_id(). It was not overwritten.
    EVG_RESULT_HOST_SEALING_KEY_MISSING = 707,
    // The request may have been handled, but nobody can know.
    EVG_RESULT_OUTCOME_UNKNOWN = 801,
    // The credential is another company's than the connection's, or than the one chosen.
    EVG_RESULT_COMPANY_MISMATCH = 901,
    // The company is another tenant's already.
    EVG_RESULT_COMPANY_TAKEN = 902,
    // It is an organisation's: one of its companies has to be chosen.
    EVG_RESULT_COMPANY_CHOICE_NEEDED = 903,
    // The API did not say whose it is.
    EVG_RESULT_COMPANY_UNKNOWN = 904,
    // A pointer that must not be NULL is NULL.
    EVG_RESULT_NULL_ARGUMENT = 9001,
    // A text is not UTF-8.
    EVG_RESULT_INVALID_UTF8 = 9002,
    // The accessor is for another kind of output than the current one, or there
    // is no current one: evg_step_next() comes first.
    EVG_RESULT_WRONG_KIND = 9003,
    // A bug in this library; it was stopped from unwinding into C. The
    // connection that it happened to answers nothing else from here on: free
    // it and restore it from the store.
    EVG_RESULT_PANIC = 9004,
    // A number that stands for none of the values of its enum.
    EVG_RESULT_UNKNOWN_TAG = 9005,
    // A length is larger than any object can be.
    EVG_RESULT_LENGTH_INVALID = 9006,
    // An index is not below the count.
    EVG_RESULT_INDEX_INVALID = 9007,
    // A setting that has no default was never set.
    EVG_RESULT_SETTING_MISSING = 9008,
    // This library was built without it: sealing, or a choice of memory.
    EVG_RESULT_NOT_BUILT = 9009,
    // It is too late: memory has been handed out. evg_set_memory() comes first.
    EVG_RESULT_IN_USE = 9010,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum evg_result evg_result;
#else
typedef uint32_t evg_result;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// Where a connection stands; evg_status_name() has the name.
enum evg_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // There is no grant.
    EVG_STATUS_DISCONNECTED = 1,
    // There is no grant, and a person is in the browser.
    EVG_STATUS_AUTHORIZING = 2,
    // A code is being exchanged.
    EVG_STATUS_EXCHANGING = 3,
    // There is a grant.
    EVG_STATUS_AUTHORIZED = 4,
    // There is a grant, and it is being refreshed.
    EVG_STATUS_REFRESHING = 5,
    // The grant is being ended at the server; no token is served.
    EVG_STATUS_DISCONNECTING = 6,
    // The grant is over; a person has to authorize again.
    EVG_STATUS_REAUTHENTICATION_REQUIRED = 7,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum evg_status evg_status;
#else
typedef uint32_t evg_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// What the current output of a step is. Ignore kinds that you do not know.
enum evg_output
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // There is no current output: before the first, or after the last.
    EVG_OUTPUT_NONE = 0,
    // Send an HTTP request: the evg_step_http_ functions.
    EVG_OUTPUT_SEND_HTTP = 1,
    // Swap a record in the store: the evg_step_swap_ functions.
    EVG_OUTPUT_SWAP = 2,
    // Send the browser to a URL: the evg_step_open_url_ functions.
    EVG_OUTPUT_OPEN_URL = 3,
    // A token may be used: the evg_step_token_ functions.
    EVG_OUTPUT_TOKEN_READY = 4,
    // An authorization was completed: the evg_step_authorized_ functions.
    EVG_OUTPUT_AUTHORIZED = 5,
    // Something could not be done: the evg_step_failed_ functions.
    EVG_OUTPUT_FAILED = 6,
    // A line for an audit log: the evg_step_notice_ functions.
    EVG_OUTPUT_NOTICE = 7,
    // A key was found good and is stored: the evg_step_key_ functions.
    EVG_OUTPUT_KEY_ACCEPTED = 8,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum evg_output evg_output;
#else
typedef uint32_t evg_output;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// A request's method; evg_method_name() has its name in HTTP.
enum evg_method
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // `GET`
    EVG_METHOD_GET = 1,
    // `POST`
    EVG_METHOD_POST = 2,
    // `DELETE`
    EVG_METHOD_DELETE = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum evg_method evg_method;
#else
typedef uint32_t evg_method;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// What a failure speaks of; evg_activity_name() has the name.
enum evg_activity
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // An authorization: evg_step_authorization_id() tells which.
    EVG_ACTIVITY_AUTHORIZATION = 1,
    // A redirect that could not be tied to an authorization.
    EVG_ACTIVITY_REDIRECT = 2,
    // A token that was wanted.
    EVG_ACTIVITY_TOKEN = 3,
    // An API call.
    EVG_ACTIVITY_API_CALL = 4,
    // The end of the grant.
    EVG_ACTIVITY_REVOKE = 5,
    // A key that was entered.
    EVG_ACTIVITY_KEY = 6,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum evg_activity evg_activity;
#else
typedef uint32_t evg_activity;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// The kinds of API key.
enum evg_api_key_kind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // Made by the provider when an integration is installed.
    EVG_API_KEY_KIND_INTEGRATED = 1,
    // Made by a person, for one's own tools.
    EVG_API_KEY_KIND_STANDALONE = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum evg_api_key_kind evg_api_key_kind;
#else
typedef uint32_t evg_api_key_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// How a client proves itself at the token endpoint (RFC 7591 section 2).
enum evg_auth_method
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // HTTP Basic with form-encoded id and secret (RFC 6749 section 2.3.1).
    EVG_AUTH_METHOD_CLIENT_SECRET_BASIC = 1,
    // `client_id` and `client_secret` in the body.
    EVG_AUTH_METHOD_CLIENT_SECRET_POST = 2,
    // A public client: `client_id` in the body, no secret.
    EVG_AUTH_METHOD_NONE = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum evg_auth_method evg_auth_method;
#else
typedef uint32_t evg_auth_method;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// What becomes of a refresh token that was used (RFC 9700 section 4.14.2).
enum evg_rotation
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // Good once; a replay revokes the whole grant.
    EVG_ROTATION_STRICT = 1,
    // Good once; a replay is refused and harms nothing else.
    EVG_ROTATION_SINGLE_USE = 2,
    // For a while a replay brings the same successor again.
    EVG_ROTATION_SAME_SUCCESSOR = 3,
    // For a while a replay brings another successor; all of them are good.
    EVG_ROTATION_SIBLINGS = 4,
    // A replay brings another successor, and the one before is dead.
    EVG_ROTATION_NEWEST_WINS = 5,
    // It stays as it is.
    EVG_ROTATION_NONE = 6,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum evg_rotation evg_rotation;
#else
typedef uint32_t evg_rotation;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// How the browser will be recognised when it comes back.
enum evg_binding
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // For web hosts: evg_step_open_url_binding() yields a secret to be set as a
    // cookie, which must come back with the redirect.
    EVG_BINDING_COOKIE = 1,
    // For native apps and command lines: the redirect comes to the app that
    // began the authorization, on the same device, if in another process.
    EVG_BINDING_SAME_PROCESS = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum evg_binding evg_binding;
#else
typedef uint32_t evg_binding;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// Why an HTTP request has no answer.
enum evg_http_fault
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // Certainly no byte of the request left: DNS, connect or TLS failed.
    EVG_HTTP_FAULT_NOT_SENT = 1,
    // `send_within` passed before the host could send, and it did not send.
    EVG_HTTP_FAULT_TOO_LATE = 2,
    // Anything else, and whenever the HTTP client cannot tell.
    EVG_HTTP_FAULT_UNKNOWN = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum evg_http_fault evg_http_fault;
#else
typedef uint32_t evg_http_fault;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// What the `iss` parameter of a redirect must do (RFC 9207).
enum evg_iss
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // If it is there, it must equal the issuer: where that is not known, a redirect
    // that names one is refused.
    EVG_ISS_IF_PRESENT = 1,
    // It must be there and equal the issuer.
    EVG_ISS_REQUIRED = 2,
    // It is not looked at.
    EVG_ISS_IGNORED = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum evg_iss evg_iss;
#else
typedef uint32_t evg_iss;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// Which of Pleo's environments.
enum evg_pleo
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // `auth.staging.pleo.io` and `external.staging.pleo.io`
    EVG_PLEO_STAGING = 1,
    // `auth.pleo.io` and `external.pleo.io`
    EVG_PLEO_PRODUCTION = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum evg_pleo evg_pleo;
#else
typedef uint32_t evg_pleo;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// What came back with the redirect.
enum evg_proof
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // The secret of the cookie.
    EVG_PROOF_BINDING = 1,
    // The redirect came to the app that began the authorization.
    EVG_PROOF_SAME_PROCESS = 2,
    // The browser sent no cookie.
    EVG_PROOF_MISSING = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum evg_proof evg_proof;
#else
typedef uint32_t evg_proof;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// Which redirect URIs a server registers, and how it compares them.
enum evg_redirect_rules
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // `https`, a literal loopback address whose port is free, and private-use
    // schemes (RFC 8252 section 7).
    EVG_REDIRECT_RULES_NATIVE_APPS = 1,
    // The same, and `http://localhost` with its port, as registered.
    EVG_REDIRECT_RULES_NATIVE_APPS_OR_LOCALHOST = 2,
    // `https` to another machine and nothing else, byte for byte.
    EVG_REDIRECT_RULES_HTTPS = 3,
    // `https`, or `http` to the developer's own machine; byte for byte, ports too.
    EVG_REDIRECT_RULES_HTTPS_OR_OWN_MACHINE = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum evg_redirect_rules evg_redirect_rules;
#else
typedef uint32_t evg_redirect_rules;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// The members of a registration that are lists.
enum evg_registration_list
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // The addresses of those who are responsible, at least one.
    EVG_REGISTRATION_LIST_CONTACTS = 1,
    // Every redirect URI that will be used, byte for byte.
    EVG_REGISTRATION_LIST_REDIRECT_URIS = 2,
    // Every scope that will be used.
    EVG_REGISTRATION_LIST_SCOPES = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum evg_registration_list evg_registration_list;
#else
typedef uint32_t evg_registration_list;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// The members of a registration that are one text.
enum evg_registration_text
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // The client's own brand, as people will see it: not Pleo's, nor "X for Pleo".
    EVG_REGISTRATION_TEXT_CLIENT_NAME = 1,
    // The home or landing page.
    EVG_REGISTRATION_TEXT_CLIENT_URI = 2,
    // Where the logo is, unless it is handed in as a file beside the form.
    EVG_REGISTRATION_TEXT_LOGO_URI = 3,
    // The terms of service, for people to read.
    EVG_REGISTRATION_TEXT_TOS_URI = 4,
    // The privacy policy, for people to read.
    EVG_REGISTRATION_TEXT_POLICY_URI = 5,
    // The page where people start to connect.
    EVG_REGISTRATION_TEXT_INITIATION_URI = 6,
    // The page where people manage the integration.
    EVG_REGISTRATION_TEXT_SETTINGS_URI = 7,
    // What the client acts on by default, if Pleo is to know.
    EVG_REGISTRATION_TEXT_SUBJECT_TYPE = 8,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum evg_registration_text evg_registration_text;
#else
typedef uint32_t evg_registration_text;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// How records are protected in the store.
enum evg_sealing
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // In clear: tokens can be read by whoever reads the store. To be chosen
    // only where the store itself is encrypted and guarded. For records that are
    // sealed, evg_client_config_set_sealing_key() is called instead.
    EVG_SEALING_PLAIN = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum evg_sealing evg_sealing;
#else
typedef uint32_t evg_sealing;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// What to ask the person for, to be given to evg_connection_step_authorize().
typedef struct evg_authorize evg_authorize;

// A registered client at a provider, shared by all its connections. Immutable:
// it may be used from several threads.
typedef struct evg_client evg_client;

// What is known of a client registration, to be checked by evg_client_new().
typedef struct evg_client_config evg_client_config;

// One customer's grant, from authorize to disconnect. It may move between
// threads, but only one thread may use it at a time.
typedef struct evg_connection evg_connection;

// A text or bytes that were made for you. Immutable: it may be used from several
// threads.
typedef struct evg_owned evg_owned;

// Keeps requests under a rate: hold one for each limit that the API has, and ask it
// before each request. It sleeps nowhere. Only one thread may use it at a time.
//
// Of n a minute with a burst of b: in any 60 seconds never more than n requests
// pass; after a quiet time up to b pass at once, the others one by one; a steady
// stream is let through at n - b + 1 a minute, evenly spaced.
typedef struct evg_pacer evg_pacer;

// A provider whose data have been checked. Immutable: it may be used from
// several threads.
typedef struct evg_provider evg_provider;

// What is known of a provider, to be checked by evg_provider_new().
typedef struct evg_provider_config evg_provider_config;

// A client as it is to be registered with Pleo. Only one thread may use it at a
// time.
typedef struct evg_registration evg_registration;

// For what Pleo would send a registration back.
typedef struct evg_registration_faults evg_registration_faults;

// What a step came to: its outputs, each of which the host must perform, in
// their order. Only one thread may use it at a time.
typedef struct evg_step evg_step;

// A text in UTF-8 that belongs to the handle it was got from. It is not
// NUL-terminated. `data` is NULL if there is no text, and not NULL if the text
// is empty.
typedef struct evg_text {
    // The first byte.
    const char *data;
    // How many bytes there are.
    size_t len;
} evg_text;

// Told of a bug in this library: the source file and the line, nothing of the data; the
// library without std leaves them empty and 0 unless built with `panic-location`.
// `file` is borrowed for the call. It must not call this library, nor jump out of it.
typedef void (*evg_panic_hook)(struct evg_text file, uint32_t line);

// Hands out `size` bytes, at least 1, at a multiple of `align`, a power of two; or
// NULL, and the process ends.
typedef void *(*evg_allocate)(size_t size, size_t align);

// Takes back what was handed out, with the size and the alignment it was asked for.
typedef void (*evg_release)(void *memory, size_t size, size_t align);

// Bytes that belong to the handle they were got from. `data` is NULL if there
// are none, and not NULL if there are zero of them.
typedef struct evg_bytes {
    // The first byte.
    const uint8_t *data;
    // How many bytes there are.
    size_t len;
} evg_bytes;

// The world as the host sees it now: made fresh for every step. Its layout
// never changes.
typedef struct evg_env {
    // Wall clock, UNIX time in milliseconds. It may jump either way.
    uint64_t now;
    // Milliseconds on a clock that runs through suspend (`CLOCK_BOOTTIME`,
    // `mach_continuous_time`), or EVG_NONE.
    uint64_t uptime;
    // 16 bytes that name the boot which `uptime` counts from, or NULL.
    const uint8_t *boot_id;
    // Bytes from the system's generator, new for each step. Secrets are derived
    // from them: wipe them after the step.
    uint8_t entropy[32];
} evg_env;

// A header of an HTTP answer. What is not UTF-8 in it is replaced.
typedef struct evg_header {
    // The name, in any case.
    struct evg_text name;
    // The value.
    struct evg_text value;
} evg_header;

// How the company of a credential is learnt: a request to the API with the
// credential itself, whose answer names a subject.
typedef struct evg_company_binding {
    // What to `GET`, on the API's origin.
    struct evg_text url;
    // Where the subject stands in the answer: a JSON pointer (RFC 6901).
    struct evg_text subject;
    // Where the granted scopes stand; NULL data if they are not in the answer.
    struct evg_text scope;
    // How a subject begins that is one company; the whole of it is its name.
    struct evg_text company_prefix;
    // How a subject begins that stands for several companies; NULL data for none.
    struct evg_text organisation_prefix;
} evg_company_binding;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// The version of the library that runs: to be compared with EVERGRANT_VERSION, that
// of the header. Before 1.0 every version has an interface of its own.
//
// A NUL-terminated text that lives for ever and is never to be freed; never NULL.
const char *evg_version(void);

// Sets who is told of a bug in this library, in any thread, before the function
// answers EVG_RESULT_PANIC or, in the library without std, abort() is called.
// NULL, as at the start: the library with std prints it, the one without is silent.
void evg_set_panic_hook(evg_panic_hook hook);

// Sets where the library without std takes its memory from, in place of malloc()
// and free(): to be called before any other function, by the only thread. It
// copies nothing; two NULLs stand for malloc() and free() again.
//
// Errors: EVG_RESULT_NULL_ARGUMENT if one of them is NULL; EVG_RESULT_IN_USE once
// memory was handed out; EVG_RESULT_NOT_BUILT from the library with std.
evg_result evg_set_memory(evg_allocate allocate, evg_release release);

// The stable name of a result, the same in every language: for logs.
//
// A NUL-terminated text that lives for ever and is never to be freed; never
// NULL. For a number that this library does not know it is "unknown_result".
const char *evg_result_name(uint32_t result);

// The stable name of an `evg_status`, the same in every language: for logs.
//
// A NUL-terminated text that lives for ever and is never to be freed; never
// NULL. For a number that this library does not know it is "unknown_status".
const char *evg_status_name(uint32_t status);

// The stable name of an `evg_activity`, the same in every language: for logs.
//
// A NUL-terminated text that lives for ever and is never to be freed; never
// NULL. For a number that this library does not know it is "unknown_activity".
const char *evg_activity_name(uint32_t activity);

// The name of an `evg_method` in HTTP, such as "POST".
//
// A NUL-terminated text that lives for ever and is never to be freed; never
// NULL. For a number that this library does not know it is "unknown_method".
const char *evg_method_name(uint32_t method);

// Frees it, and wipes what it held. NULL is allowed. What was borrowed from it is
// gone.
void evg_owned_free(struct evg_owned *owned);

// What it holds, as a text: a record is one too. Borrowed until it is freed.
evg_result evg_owned_text(const struct evg_owned *owned, struct evg_text *text);

// The same as bytes, as records are given elsewhere. Borrowed until it is freed.
evg_result evg_owned_bytes(const struct evg_owned *owned, struct evg_bytes *bytes);

// Makes Pleo's staging or production environment.
//
// `environment` is an `evg_pleo`. `*provider` is yours, to be given to
// evg_provider_free(). Errors: EVG_RESULT_UNKNOWN_TAG.
evg_result evg_provider_new_pleo(uint32_t environment, struct evg_provider **provider);

// Makes a provider of a configuration, which is copied and stays yours.
//
// `*provider` is yours, to be given to evg_provider_free(). Errors: the
// EVG_RESULT_MISUSE_ that names the setting at fault.
evg_result evg_provider_new(const struct evg_provider_config *config,
                            struct evg_provider **provider);

// Frees a provider. NULL is allowed. Clients made with it stay good.
void evg_provider_free(struct evg_provider *provider);

// Makes a configuration for a server of which nothing is known: the strictest
// reading of everything. The environment, both endpoints and the API origin
// are still to be set.
//
// `*config` is yours, to be given to evg_provider_config_free().
evg_result evg_provider_config_new(struct evg_provider_config **config);

// Makes a configuration of the data of one of Pleo's environments, to be changed where
// a test needs it; `environment` is an `evg_pleo`.
//
// `*config` is yours, to be given to evg_provider_config_free().
// Errors: EVG_RESULT_UNKNOWN_TAG.
evg_result evg_provider_config_new_pleo(uint32_t environment,
                                        struct evg_provider_config **config);

// What to `POST` to, as any API call, once the first synchronisation with Pleo is
// done: the installation is then active. `environment` is an `evg_pleo`.
//
// `*url` is yours, to be given to evg_owned_free(). Errors: EVG_RESULT_UNKNOWN_TAG.
evg_result evg_pleo_activation_url(uint32_t environment, struct evg_owned **url);

// Frees a configuration. NULL is allowed.
void evg_provider_config_free(struct evg_provider_config *config);

// Names this deployment: 1 to 64 printable ASCII characters, part of every
// store key. Required.
evg_result evg_provider_config_set_environment(struct evg_provider_config *config,
                                               const char *environment,
                                               size_t environment_len);

// Sets the issuer identifier (RFC 8414 section 2). Without it the issuer is unknown.
evg_result evg_provider_config_set_issuer(struct evg_provider_config *config,
                                          const char *issuer,
                                          size_t issuer_len);

// Sets what an `iss` in the redirect must do: an `evg_iss`. Default:
// EVG_ISS_IF_PRESENT. Errors: EVG_RESULT_UNKNOWN_TAG.
evg_result evg_provider_config_set_iss(struct evg_provider_config *config,
                                       uint32_t iss);

// Sets where the person is sent (RFC 6749 section 3.1). Required.
evg_result evg_provider_config_set_authorization_endpoint(struct evg_provider_config *config,
                                                          const char *url,
                                                          size_t url_len);

// Sets where codes and refresh tokens are exchanged (RFC 6749 section 3.2).
// Required.
evg_result evg_provider_config_set_token_endpoint(struct evg_provider_config *config,
                                                  const char *url,
                                                  size_t url_len);

// Sets where the server says whether a token is live (RFC 7662). It is asked only
// when a refresh token may have been used up already.
evg_result evg_provider_config_set_introspection_endpoint(struct evg_provider_config *config,
                                                          const char *url,
                                                          size_t url_len);

// Sets the revocation endpoint (RFC 7009), by which a grant is ended at the
// server. Without it the tokens are forgotten here only.
evg_result evg_provider_config_set_revocation_endpoint(struct evg_provider_config *config,
                                                       const char *url,
                                                       size_t url_len);

// Sets a request of the provider's own to its API, made with the access token, by
// which a grant is ended at the server; a 404 counts as done. `method` is an
// `evg_method`, and the URL is on the API's origin. `spares_others` says whether it is
// known to end no other company's grant; only then is it also sent, unasked, for a
// credential of a company that was not meant. It takes the place of
// evg_provider_config_set_revocation_endpoint(), and the other way round.
// Errors: EVG_RESULT_UNKNOWN_TAG.
evg_result evg_provider_config_set_disconnect_request(struct evg_provider_config *config,
                                                      uint32_t method,
                                                      const char *url,
                                                      size_t url_len,
                                                      bool spares_others);

// Sets scheme, host and port of the API; access tokens go nowhere else.
// Required.
evg_result evg_provider_config_set_api_origin(struct evg_provider_config *config,
                                              const char *origin,
                                              size_t origin_len);

// Sets the `resource` (RFC 8707) that is sent on authorize, exchange and refresh.
evg_result evg_provider_config_set_resource(struct evg_provider_config *config,
                                            const char *resource,
                                            size_t resource_len);

// Adds a parameter that this provider wants on every authorization request; not a
// secret, since it stands in a URL. They are sent in the order of adding, at most 32.
// evg_provider_new() refuses the names that the protocol uses itself.
evg_result evg_provider_config_add_authorize_parameter(struct evg_provider_config *config,
                                                       const char *name,
                                                       size_t name_len,
                                                       const char *value,
                                                       size_t value_len);

// Sets how a client with a secret authenticates unless it says otherwise;
// `method` is an `evg_auth_method`. Default: EVG_AUTH_METHOD_CLIENT_SECRET_BASIC.
// Errors: EVG_RESULT_UNKNOWN_TAG.
evg_result evg_provider_config_set_auth_method(struct evg_provider_config *config,
                                               uint32_t method);

// Sets which redirect URIs the server registers, and how it compares them: an
// `evg_redirect_rules`. Default: EVG_REDIRECT_RULES_NATIVE_APPS.
// Errors: EVG_RESULT_UNKNOWN_TAG.
evg_result evg_provider_config_set_redirects(struct evg_provider_config *config,
                                             uint32_t rules);

// Sets whether plain `http` to a literal loopback address is good enough for
// endpoints and API: for development and tests only. Default: false.
evg_result evg_provider_config_set_loopback_http(struct evg_provider_config *config,
                                                 bool allowed);

// Sets whether the access token before dies at once when a refresh succeeds.
// Default: true.
evg_result evg_provider_config_set_access_dies(struct evg_provider_config *config,
                                               bool dies);

// Sets what becomes of a refresh token that was used: an `evg_rotation`.
// Default: EVG_ROTATION_STRICT. Errors: EVG_RESULT_UNKNOWN_TAG.
evg_result evg_provider_config_set_rotation(struct evg_provider_config *config,
                                            uint32_t rotation);

// Sets whether the server keeps one family of tokens for each user and client,
// so that the replay of an old grant's token kills a newer grant. Default: false.
evg_result evg_provider_config_set_family_per_user(struct evg_provider_config *config,
                                                   bool per_user);

// Sets whether a refreshed token may be served before the store has taken it,
// once the store has failed to answer. Default: false.
evg_result evg_provider_config_set_release_unsaved(struct evg_provider_config *config,
                                                   bool release);

// Sets how long a refresh takes, all in milliseconds from 1 to 3,600,000:
// `send_within` from before its mark is stored to its first byte sent,
// `listen_for` an answer, `start_within` which the server begins on it,
// `save_within` which the answer is stored, and `takeover_after` which another
// process may take over. evg_provider_new() wants `listen_for` above
// `start_within`, and `takeover_after` above both sums of what goes before.
evg_result evg_provider_config_set_timing(struct evg_provider_config *config,
                                          uint64_t send_within,
                                          uint64_t listen_for,
                                          uint64_t start_within,
                                          uint64_t save_within,
                                          uint64_t takeover_after);

// Sets how long a person may take to authorize, in milliseconds. Default:
// 600,000.
evg_result evg_provider_config_set_authorization_lifetime(struct evg_provider_config *config,
                                                          uint64_t lifetime);

// Sets the largest answer that is read, in bytes; at least 1,024. Default: 65,536.
evg_result evg_provider_config_set_answer_limit(struct evg_provider_config *config,
                                                uint32_t answer_limit);

// Sets whether `token_type` may be absent from a token answer, and the token is then
// `Bearer`. Else such a token is stored but never served. Default: false.
evg_result evg_provider_config_set_token_type_optional(struct evg_provider_config *config,
                                                       bool optional);

// Sets whether token answers may be form-encoded. Else such tokens are stored but
// never served, and such errors say nothing. Default: false.
evg_result evg_provider_config_set_form_encoded_answers(struct evg_provider_config *config,
                                                        bool allowed);

// Sets whether commas separate the scopes of a token answer. Else a comma is a
// character of a scope like any other. Default: false.
evg_result evg_provider_config_set_comma_separated_scopes(struct evg_provider_config *config,
                                                          bool commas);

// Adds an `error` name that means `invalid_grant` here. At most 16, of 1 to 64
// printable ASCII characters; checked by evg_provider_new().
evg_result evg_provider_config_add_invalid_grant_error(struct evg_provider_config *config,
                                                       const char *error,
                                                       size_t error_len);

// Makes a client of a configuration, which is copied and stays yours, as does
// the provider.
//
// `*client` is yours, to be given to evg_client_free(). Errors: the
// EVG_RESULT_MISUSE_ that names the setting at fault;
// EVG_RESULT_SETTING_MISSING if no sealing was chosen, or older sealing keys were
// given without an active one.
evg_result evg_client_new(const struct evg_provider *provider,
                          const struct evg_client_config *config,
                          struct evg_client **client);

// Frees a client. NULL is allowed. Connections made with it stay good.
void evg_client_free(struct evg_client *client);

// Makes a configuration. The client id, a redirect URI and the sealing are
// still to be set.
//
// `*config` is yours, to be given to evg_client_config_free().
evg_result evg_client_config_new(struct evg_client_config **config);

// Frees a configuration, and wipes its secrets unless a client still has them.
// NULL is allowed.
void evg_client_config_free(struct evg_client_config *config);

// Sets the client identifier (RFC 6749 section 2.2), 1 to 512 bytes. Required.
evg_result evg_client_config_set_client_id(struct evg_client_config *config,
                                           const char *client_id,
                                           size_t client_id_len);

// Sets the client secret. Without it the client is a public one. Your own copy
// is yours to wipe.
evg_result evg_client_config_set_client_secret(struct evg_client_config *config,
                                               const char *secret,
                                               size_t secret_len);

// Sets the secret before, while both are good: it is tried where a server does not
// know the new one yet, and the other way round.
evg_result evg_client_config_set_previous_client_secret(struct evg_client_config *config,
                                                        const char *secret,
                                                        size_t secret_len);

// Sets how the client authenticates; `method` is an `evg_auth_method`. Default:
// what the provider says for a client with a secret, and
// EVG_AUTH_METHOD_NONE for one without. Errors: EVG_RESULT_UNKNOWN_TAG.
evg_result evg_client_config_set_auth_method(struct evg_client_config *config,
                                             uint32_t method);

// Adds a registered redirect URI. At least one is required.
evg_result evg_client_config_add_redirect_uri(struct evg_client_config *config,
                                              const char *redirect_uri,
                                              size_t redirect_uri_len);

// Adds a registered scope. They are asked for in the order of adding.
evg_result evg_client_config_add_scope(struct evg_client_config *config,
                                       const char *scope,
                                       size_t scope_len);

// Sets how records are protected in the store; `sealing` is an `evg_sealing`. This
// or evg_client_config_set_sealing_key() is required; the last of them counts.
// Errors: EVG_RESULT_UNKNOWN_TAG.
evg_result evg_client_config_set_sealing(struct evg_client_config *config,
                                         uint32_t sealing);

// Has records sealed with AES-256-GCM-SIV, each for its own store key, with this key:
// 32 bytes from the system's generator or from a key management service, never a
// password. Your own copy is yours to wipe.
//
// The id stands in every record, is not a secret, and is never given to another key:
// 1 to 64 characters of `A-Z a-z 0-9 . _ -`. To rotate, set a new key and add the one
// before as an older one. Errors: EVG_RESULT_MISUSE_SEALING_KEY_INVALID,
// EVG_RESULT_NOT_BUILT.
evg_result evg_client_config_set_sealing_key(struct evg_client_config *config,
                                             const char *id,
                                             size_t id_len,
                                             const uint8_t *key,
                                             size_t key_len);

// Adds a key that records were sealed with before: they are opened with it, and
// sealed with the active key when they are next written. Errors:
// EVG_RESULT_MISUSE_SEALING_KEY_INVALID, EVG_RESULT_NOT_BUILT.
evg_result evg_client_config_add_older_sealing_key(struct evg_client_config *config,
                                                   const char *id,
                                                   size_t id_len,
                                                   const uint8_t *key,
                                                   size_t key_len);

// Takes records in clear beside sealed ones: for the time in which a store is brought
// from EVG_SEALING_PLAIN to sealed records, and no longer, since meanwhile whoever
// writes to the store can forge any record. Every record that is written is sealed.
// Errors: EVG_RESULT_NOT_BUILT.
evg_result evg_client_config_accept_plain_records(struct evg_client_config *config);

// With which key a record is sealed, by its id; NULL data for a record in clear. The
// id is borrowed from `record`. It tells whether an old key is still needed.
evg_result evg_sealing_key_id(const uint8_t *record,
                              size_t record_len,
                              struct evg_text *id);

// Makes what is asked for: to come back to `redirect_uri`, a registered one,
// and to be recognised then as `binding` says, an `evg_binding`.
//
// `*authorize` is yours, to be given to evg_authorize_free(). Errors:
// EVG_RESULT_UNKNOWN_TAG. All else is checked by the step.
evg_result evg_authorize_new(const char *redirect_uri,
                             size_t redirect_uri_len,
                             uint32_t binding,
                             struct evg_authorize **authorize);

// Frees what is asked for. NULL is allowed.
void evg_authorize_free(struct evg_authorize *authorize);

// Adds a scope, one of the registered ones. Without any it is what the last
// authorization asked for, or else all registered ones.
evg_result evg_authorize_add_scope(struct evg_authorize *authorize,
                                   const char *scope,
                                   size_t scope_len);

// Adds a further parameter of the authorization request. They are sent in the
// order of adding.
evg_result evg_authorize_add_parameter(struct evg_authorize *authorize,
                                       const char *name,
                                       size_t name_len,
                                       const char *value,
                                       size_t value_len);

// Sets what is given back when the authorization ends, at most 4,096 bytes. It
// is kept in the record, never in the URL.
evg_result evg_authorize_set_return_context(struct evg_authorize *authorize,
                                            const char *context,
                                            size_t context_len);

// Makes a connection of which nothing has been read yet; its first step that
// needs the record reads it.
//
// `tenant` is your name for the customer, 1 to 256 bytes. `*connection` is
// yours, to be given to evg_connection_free(). Errors:
// EVG_RESULT_MISUSE_TENANT_INVALID.
evg_result evg_connection_new(const struct evg_client *client,
                              const char *tenant,
                              size_t tenant_len,
                              struct evg_connection **connection);

// Makes a connection as the store last held it: `record` is what is stored
// under its key, and `revision` the store's version of it, a text; with NULL and
// length 0 for both nothing is there. `age` is as for evg_connection_step_swapped().
//
// `*connection` is yours, to be given to evg_connection_free(). Errors:
// EVG_RESULT_HOST_RECORD_... if the record is unreadable, newer than this
// library, or another connection's, as it is where `tenant` cannot be one;
// EVG_RESULT_HOST_SEALING_KEY_MISSING if it is sealed under a key that the client has
// not.
evg_result evg_connection_restore(const struct evg_client *client,
                                  const char *tenant,
                                  size_t tenant_len,
                                  const char *revision,
                                  size_t revision_len,
                                  const uint8_t *record,
                                  size_t record_len,
                                  uint64_t age,
                                  struct evg_connection **connection);

// Frees a connection, and wipes what secrets only it holds. NULL is allowed.
// Steps got from it stay good.
void evg_connection_free(struct evg_connection *connection);

// The value of the `Authorization` header for a request to `url` at this time
// (UNIX ms), if the URL is of the API's origin and a token is at hand that is
// valid for `min_validity` more milliseconds; else `header->data` is NULL and
// `*generation` EVG_NONE, and evg_connection_step_token_wanted() is what to do.
// Never send it elsewhere. `*generation` is to be given back with the API's answer.
//
// The text is a secret; it is borrowed until the connection's next step, or
// until it is freed. Allocates nothing.
evg_result evg_connection_authorization(const struct evg_connection *connection,
                                        uint64_t now,
                                        const char *url,
                                        size_t url_len,
                                        uint64_t min_validity,
                                        uint64_t *generation,
                                        struct evg_text *header);

// Where the store keeps this connection's record. The text is borrowed until
// the connection is freed.
evg_result evg_connection_store_key(const struct evg_connection *connection,
                                    struct evg_text *key);

// Where the connection stands at `now`, UNIX ms.
evg_result evg_connection_status(const struct evg_connection *connection,
                                 uint64_t now,
                                 evg_status *status);

// Why the person has to authorize again, one of EVG_RESULT_REAUTHENTICATE_...;
// EVG_RESULT_OK if that is not how the connection stands at `now`, UNIX ms.
evg_result evg_connection_cause(const struct evg_connection *connection,
                                uint64_t now,
                                evg_result *cause);

// The generation whose token may be used at `now`, UNIX ms, or EVG_NONE.
evg_result evg_connection_servable(const struct evg_connection *connection,
                                   uint64_t now,
                                   uint64_t *generation);

// Whether the connection remembers what the store has not confirmed and nobody else
// has: tokens that the server gave, or a person's wish that the grant end. A host that
// is about to end goes on with evg_step_wake_at() for as long as it can wait.
evg_result evg_connection_is_unsaved(const struct evg_connection *connection,
                                     bool *unsaved);

// Which of these scopes (separated by spaces) the grant has not, as far as the server
// has told: to be asked before a call that would be refused.
//
// `*missing` is yours, to be given to evg_owned_free(); it is empty if none is missing.
evg_result evg_connection_missing_scopes(const struct evg_connection *connection,
                                         const char *needed,
                                         size_t needed_len,
                                         struct evg_owned **missing);

// When the connection wants evg_connection_step_wake(), UNIX ms, or EVG_NONE.
evg_result evg_connection_wake_at(const struct evg_connection *connection,
                                  uint64_t now,
                                  uint64_t *wake_at);

// The person wants to connect, or has to again.
//
// `authorize` is copied and stays yours. Errors: EVG_RESULT_MISUSE_..., such as
// EVG_RESULT_MISUSE_REDIRECT_URI_NOT_REGISTERED.
evg_result evg_connection_step_authorize(struct evg_connection *connection,
                                         const struct evg_env *env,
                                         const struct evg_authorize *authorize,
                                         struct evg_step **step);

// The browser came back with `url`: the whole of it, or anything that ends in
// its query. What is not UTF-8 in it is replaced.
//
// `proof` is an `evg_proof`; `secret` is the cookie's for EVG_PROOF_BINDING, and
// NULL with length 0 for the others. A redirect that is not accepted is not an
// error but an output, EVG_OUTPUT_FAILED. Errors: EVG_RESULT_UNKNOWN_TAG.
evg_result evg_connection_step_redirected(struct evg_connection *connection,
                                          const struct evg_env *env,
                                          const char *url,
                                          size_t url_len,
                                          uint32_t proof,
                                          const char *secret,
                                          size_t secret_len,
                                          struct evg_step **step);

// A token is wanted that is valid for at least `min_validity` milliseconds;
// 30,000 is a good choice. The answer is EVG_OUTPUT_TOKEN_READY or
// EVG_OUTPUT_FAILED, in this step or in a later one.
evg_result evg_connection_step_token_wanted(struct evg_connection *connection,
                                            const struct evg_env *env,
                                            uint64_t min_validity,
                                            struct evg_step **step);

// The API answered a request that carried the token of `generation`; `status`
// and `headers` are the answer's, of which `Retry-After` and `WWW-Authenticate` are
// read and others may be left out. `headers` may be NULL if there are none.
evg_result evg_connection_step_api_answered(struct evg_connection *connection,
                                            const struct evg_env *env,
                                            uint64_t generation,
                                            uint16_t status,
                                            const struct evg_header *headers,
                                            size_t header_count,
                                            struct evg_step **step);

// End the grant, here and at the server. Harmless if there is none.
evg_result evg_connection_step_revoke(struct evg_connection *connection,
                                      const struct evg_env *env,
                                      struct evg_step **step);

// Give pending authorizations up: the one of this id, wherever it was begun, or
// with NULL and length 0 all that this handle began. Never a sent request.
evg_result evg_connection_step_cancel(struct evg_connection *connection,
                                      const struct evg_env *env,
                                      const char *authorization,
                                      size_t authorization_len,
                                      struct evg_step **step);

// A request of EVG_OUTPUT_SEND_HTTP was answered, whole: its op, the status, the
// headers and the body, decompressed. `headers` and `body` may be NULL if there
// are none. All is copied. An op that is unknown or done changes nothing.
evg_result evg_connection_step_http_done(struct evg_connection *connection,
                                         const struct evg_env *env,
                                         uint64_t op,
                                         uint16_t status,
                                         const struct evg_header *headers,
                                         size_t header_count,
                                         const uint8_t *body,
                                         size_t body_len,
                                         struct evg_step **step);

// A request of EVG_OUTPUT_SEND_HTTP was not answered; `why` is an
// `evg_http_fault`, EVG_HTTP_FAULT_UNKNOWN if in doubt. An op that is unknown or
// done changes nothing. Errors: EVG_RESULT_UNKNOWN_TAG.
evg_result evg_connection_step_http_failed(struct evg_connection *connection,
                                           const struct evg_env *env,
                                           uint64_t op,
                                           uint32_t why,
                                           struct evg_step **step);

// The store answered an EVG_OUTPUT_SWAP: what is there now under the key,
// whether the swap took place or not. `revision` is the store's version of it, a
// text; with NULL and length 0 for both nothing is there. `age` is how many ms ago
// this revision was written by the store's own clock, where it has one that does
// not jump, or EVG_NONE. All is copied.
// An op that is unknown or done changes nothing.
evg_result evg_connection_step_swapped(struct evg_connection *connection,
                                       const struct evg_env *env,
                                       uint64_t op,
                                       const char *revision,
                                       size_t revision_len,
                                       const uint8_t *record,
                                       size_t record_len,
                                       uint64_t age,
                                       struct evg_step **step);

// The store did not answer an EVG_OUTPUT_SWAP; it may have taken place. An op
// that is unknown or done changes nothing.
evg_result evg_connection_step_swap_unanswered(struct evg_connection *connection,
                                               const struct evg_env *env,
                                               uint64_t op,
                                               struct evg_step **step);

// Whoever wrote the refresh that is under way in the record last read is dead: its
// process has ended, and cannot have been this one. Said by a host that is alone on
// its store, or that holds what its predecessor held. The refresh is then taken over
// once its request must have been dealt with, not later.
evg_result evg_connection_step_peer_gone(struct evg_connection *connection,
                                         const struct evg_env *env,
                                         struct evg_step **step);

// The time of evg_step_wake_at() has come; harmless at any other.
evg_result evg_connection_step_wake(struct evg_connection *connection,
                                    const struct evg_env *env,
                                    struct evg_step **step);

// Frees a step, and wipes what secrets only it holds. NULL is allowed. What was
// borrowed from it is gone.
void evg_step_free(struct evg_step *step);

// Goes on to the next output, the first one at first, and tells its kind:
// EVG_OUTPUT_NONE after the last, as often as it is called. What was borrowed
// before stays good.
evg_result evg_step_next(struct evg_step *step, evg_output *kind);

// The kind of the current output: EVG_OUTPUT_NONE before the first and after the
// last.
evg_result evg_step_kind(const struct evg_step *step, evg_output *kind);

// When the connection wants evg_connection_step_wake(), UNIX ms, or EVG_NONE.
// Every step restates it: there is one timer, and nothing to cancel.
evg_result evg_step_wake_at(const struct evg_step *step, uint64_t *wake_at);

// Where the connection stands after the step.
evg_result evg_step_status(const struct evg_step *step, evg_status *status);

// Why the person has to authorize again, one of EVG_RESULT_REAUTHENTICATE_...;
// EVG_RESULT_OK if that is not the status.
evg_result evg_step_cause(const struct evg_step *step, evg_result *cause);

// The generation whose token may be used now, or EVG_NONE. Drop a cached token
// of any other.
evg_result evg_step_servable(const struct evg_step *step, uint64_t *generation);

// The op of EVG_OUTPUT_SEND_HTTP or EVG_OUTPUT_SWAP, to be given back with the
// answer. Errors: EVG_RESULT_WRONG_KIND.
evg_result evg_step_op(const struct evg_step *step, uint64_t *op);

// The method of EVG_OUTPUT_SEND_HTTP. The request is to be sent once, never
// retried, never cancelled once sent, and no redirect followed.
// Errors: EVG_RESULT_WRONG_KIND.
evg_result evg_step_http_method(const struct evg_step *step, evg_method *method);

// The absolute URL of EVG_OUTPUT_SEND_HTTP; no credential is in it.
// Borrowed until the step is freed. Errors: EVG_RESULT_WRONG_KIND.
evg_result evg_step_http_url(const struct evg_step *step, struct evg_text *url);

// How many headers EVG_OUTPUT_SEND_HTTP has. Errors: EVG_RESULT_WRONG_KIND.
evg_result evg_step_http_header_count(const struct evg_step *step, size_t *count);

// A header of EVG_OUTPUT_SEND_HTTP: its name in lower case, and its value, which
// may be a secret. `index` is below evg_step_http_header_count(). Both are
// borrowed until the step is freed.
// Errors: EVG_RESULT_WRONG_KIND, EVG_RESULT_INDEX_INVALID.
evg_result evg_step_http_header(const struct evg_step *step,
                                size_t index,
                                struct evg_text *name,
                                struct evg_text *value);

// The body of EVG_OUTPUT_SEND_HTTP, a secret; empty for `GET` and `DELETE`.
// Borrowed until the step is freed. Errors: EVG_RESULT_WRONG_KIND.
evg_result evg_step_http_body(const struct evg_step *step, struct evg_bytes *body);

// Milliseconds from the step, on a clock that runs through suspend, within which
// the first byte must leave; else do not send, and answer
// EVG_HTTP_FAULT_TOO_LATE. Errors: EVG_RESULT_WRONG_KIND.
evg_result evg_step_http_send_within(const struct evg_step *step,
                                     uint64_t *send_within);

// Milliseconds from the send for which the answer must be listened for.
// Errors: EVG_RESULT_WRONG_KIND.
evg_result evg_step_http_listen_for(const struct evg_step *step, uint64_t *listen_for);

// The largest body to read, in bytes; a larger one may be cut anywhere beyond
// this. Errors: EVG_RESULT_WRONG_KIND.
evg_result evg_step_http_answer_limit(const struct evg_step *step,
                                      uint32_t *answer_limit);

// The key of EVG_OUTPUT_SWAP: printable ASCII without spaces. If the store's
// revision of it is the expected one, write; either way answer with what is
// there then. Borrowed until the step is freed. Errors: EVG_RESULT_WRONG_KIND.
evg_result evg_step_swap_key(const struct evg_step *step, struct evg_text *key);

// The revision that must be there; NULL data: nothing may be there.
// Borrowed until the step is freed. Errors: EVG_RESULT_WRONG_KIND.
evg_result evg_step_swap_expected(const struct evg_step *step,
                                  struct evg_text *expected);

// The record to write, which may hold secrets; NULL data: write nothing, it is a
// read. Borrowed until the step is freed. Errors: EVG_RESULT_WRONG_KIND.
evg_result evg_step_swap_write(const struct evg_step *step, struct evg_bytes *record);

// When the connection wants to be woken, UNIX ms, or EVG_NONE: to be stored beside
// the record, for an index of what is due. Errors: EVG_RESULT_WRONG_KIND.
evg_result evg_step_swap_due_at(const struct evg_step *step, uint64_t *due_at);

// From when the store may delete the record, UNIX ms; EVG_NONE: never.
// Errors: EVG_RESULT_WRONG_KIND.
evg_result evg_step_swap_purge_at(const struct evg_step *step, uint64_t *purge_at);

// The URL of EVG_OUTPUT_OPEN_URL to send the person's browser to. It carries the
// `state`: do not log it. Borrowed until the step is freed.
// Errors: EVG_RESULT_WRONG_KIND.
evg_result evg_step_open_url(const struct evg_step *step, struct evg_text *url);

// For EVG_BINDING_COOKIE, the secret to set as a `Secure`, `HttpOnly`,
// `SameSite=Lax` cookie on the redirect URI's path; NULL data otherwise.
// Borrowed until the step is freed. Errors: EVG_RESULT_WRONG_KIND.
evg_result evg_step_open_url_binding(const struct evg_step *step,
                                     struct evg_text *binding);

// Until when the authorization can be completed, UNIX ms.
// Errors: EVG_RESULT_WRONG_KIND.
evg_result evg_step_open_url_expires_at(const struct evg_step *step,
                                        uint64_t *expires_at);

// The id of the authorization that the current output speaks of:
// EVG_OUTPUT_OPEN_URL, EVG_OUTPUT_AUTHORIZED, EVG_OUTPUT_FAILED or
// EVG_OUTPUT_NOTICE; NULL data if the failure or notice speaks of none. It is not
// a secret. Borrowed until the step is freed. Errors: EVG_RESULT_WRONG_KIND.
evg_result evg_step_authorization_id(const struct evg_step *step, struct evg_text *id);

// What evg_authorize_set_return_context() was given, for EVG_OUTPUT_AUTHORIZED or
// EVG_OUTPUT_FAILED; NULL data if it was given nothing, or the failure speaks of
// no authorization. Borrowed until the step is freed.
// Errors: EVG_RESULT_WRONG_KIND.
evg_result evg_step_return_context(const struct evg_step *step,
                                   struct evg_text *context);

// The generation of EVG_OUTPUT_TOKEN_READY, to be given back with
// evg_connection_step_api_answered(). Errors: EVG_RESULT_WRONG_KIND.
evg_result evg_step_token_generation(const struct evg_step *step, uint64_t *generation);

// The only origin to which the token of EVG_OUTPUT_TOKEN_READY may be sent.
// Borrowed until the step is freed. Errors: EVG_RESULT_WRONG_KIND.
evg_result evg_step_token_origin(const struct evg_step *step, struct evg_text *origin);

// The value of the `Authorization` header, a secret.
// Borrowed until the step is freed. Errors: EVG_RESULT_WRONG_KIND.
evg_result evg_step_token_header(const struct evg_step *step, struct evg_text *header);

// When the token expires, UNIX ms; EVG_NONE if the server did not say.
// Errors: EVG_RESULT_WRONG_KIND.
evg_result evg_step_token_expires_at(const struct evg_step *step, uint64_t *expires_at);

// The first generation of the new grant of EVG_OUTPUT_AUTHORIZED.
// Errors: EVG_RESULT_WRONG_KIND.
evg_result evg_step_authorized_generation(const struct evg_step *step,
                                          uint64_t *generation);

// The scopes granted, separated by spaces.
// Borrowed until the step is freed. Errors: EVG_RESULT_WRONG_KIND.
evg_result evg_step_authorized_scope(const struct evg_step *step,
                                     struct evg_text *scope);

// What EVG_OUTPUT_FAILED speaks of. Errors: EVG_RESULT_WRONG_KIND.
evg_result evg_step_failed_activity(const struct evg_step *step,
                                    evg_activity *activity);

// Why: 101 to 999 of `evg_result`; evg_result_name() has its name.
// Errors: EVG_RESULT_WRONG_KIND.
evg_result evg_step_failed_code(const struct evg_step *step, evg_result *code);

// What to do about it, in a word that is the same in every language, such as
// "try_later". It lives for ever. Errors: EVG_RESULT_WRONG_KIND.
evg_result evg_step_failed_kind(const struct evg_step *step, struct evg_text *kind);

// When another try makes sense, UNIX ms; EVG_NONE if time alone does not help.
// Errors: EVG_RESULT_WRONG_KIND.
evg_result evg_step_failed_retry_at(const struct evg_step *step, uint64_t *retry_at);

// The OAuth error code as the server gave it, redacted; NULL data if it gave
// none. Borrowed until the step is freed. Errors: EVG_RESULT_WRONG_KIND.
evg_result evg_step_failed_error(const struct evg_step *step, struct evg_text *error);

// The server's explanation, redacted, for developers, not for end users; NULL data
// if it gave none. Borrowed until the step is freed. Errors: EVG_RESULT_WRONG_KIND.
evg_result evg_step_failed_description(const struct evg_step *step,
                                       struct evg_text *description);

// The id of the key that is missing, for EVG_RESULT_HOST_SEALING_KEY_MISSING; NULL
// data for other failures. It is not a secret. Borrowed until the step is freed.
// Errors: EVG_RESULT_WRONG_KIND.
evg_result evg_step_failed_sealing_key(const struct evg_step *step,
                                       struct evg_text *id);

// The stable name of EVG_OUTPUT_NOTICE, the same in every language, such as
// "refresh_started". Nothing in a notice is a secret. It lives for ever.
// Errors: EVG_RESULT_WRONG_KIND.
evg_result evg_step_notice_code(const struct evg_step *step, struct evg_text *code);

// The generation that the notice speaks of, or EVG_NONE.
// Errors: EVG_RESULT_WRONG_KIND.
evg_result evg_step_notice_generation(const struct evg_step *step,
                                      uint64_t *generation);

// Which attempt at a refresh the notice speaks of; 0 for no refresh.
// Errors: EVG_RESULT_WRONG_KIND.
evg_result evg_step_notice_attempt(const struct evg_step *step, uint16_t *attempt);

// A code or a list of scopes that says more; NULL data if there is none.
// Borrowed until the step is freed. Errors: EVG_RESULT_WRONG_KIND.
evg_result evg_step_notice_detail(const struct evg_step *step, struct evg_text *detail);

// Says how the company of a new grant is learnt, where a connection belongs to one.
// Checked by evg_provider_new().
evg_result evg_provider_config_set_company(struct evg_provider_config *config,
                                           const struct evg_company_binding *binding);

// Says how the company of an API key is learnt, where there are such keys. Checked
// by evg_provider_new().
evg_result evg_provider_config_set_api_keys(struct evg_provider_config *config,
                                            const struct evg_company_binding *binding);

// Sets the company that the grant must be for; needed where a person authorizes
// for an organisation.
evg_result evg_authorize_set_company(struct evg_authorize *authorize,
                                     const char *company,
                                     size_t company_len);

// A person has entered an API key, the first one or a replacement; `kind` is an
// `evg_api_key_kind`. It is used once the API has said that it is good and whose it
// is; until then what was there goes on serving. `company` is what it must be of, or
// NULL; `scopes` what it must have, where the API tells of them, and may be NULL
// where the count is 0. Your own copy of the key is yours to wipe.
// Errors: EVG_RESULT_UNKNOWN_TAG, EVG_RESULT_MISUSE_API_KEYS_UNSUPPORTED,
// EVG_RESULT_MISUSE_COMPANY_INVALID, EVG_RESULT_MISUSE_SCOPE_INVALID.
evg_result evg_connection_step_key_entered(struct evg_connection *connection,
                                           const struct evg_env *env,
                                           struct evg_text key,
                                           uint32_t kind,
                                           const char *company,
                                           size_t company_len,
                                           const struct evg_text *scopes,
                                           size_t scope_count,
                                           struct evg_step **step);

// The first generation of the key of EVG_OUTPUT_KEY_ACCEPTED.
// Errors: EVG_RESULT_WRONG_KIND.
evg_result evg_step_key_generation(const struct evg_step *step, uint64_t *generation);

// Whose the key is: to be shown to the person.
// Borrowed until the step is freed. Errors: EVG_RESULT_WRONG_KIND.
evg_result evg_step_key_company(const struct evg_step *step, struct evg_text *company);

// The scopes that the API tells of, separated by spaces.
// Borrowed until the step is freed. Errors: EVG_RESULT_WRONG_KIND.
evg_result evg_step_key_scope(const struct evg_step *step, struct evg_text *scope);

// Whose a credential of EVG_OUTPUT_FAILED is that is another's; NULL data where that
// is not known. Borrowed until the step is freed. Errors: EVG_RESULT_WRONG_KIND.
evg_result evg_step_failed_company(const struct evg_step *step,
                                   struct evg_text *company);

// The company that the connection belongs to; NULL data where it is not known.
// Borrowed until the connection's next step, or until it is freed.
evg_result evg_connection_company(const struct evg_connection *connection,
                                  struct evg_text *company);

// Where the store keeps a tenant's connection: for reading it before
// evg_connection_restore().
//
// `*key` is yours, to be given to evg_owned_free(). Errors:
// EVG_RESULT_MISUSE_TENANT_INVALID.
evg_result evg_client_store_key(const struct evg_client *client,
                                const char *tenant,
                                size_t tenant_len,
                                struct evg_owned **key);

// Under which store key the authorization is kept that a redirect speaks of. For
// hosts with one redirect URI for many tenants. What is not UTF-8 in the URL is
// replaced.
//
// `*key` is yours, to be given to evg_owned_free(); it is not a secret. Errors:
// EVG_RESULT_CALLBACK_... if the URL has no readable `state`.
evg_result evg_pending_key(const char *url, size_t url_len, struct evg_owned **key);

// Whose authorization that is: the tenant of the connection that the redirect must
// be given to. `record` is what the store holds under evg_pending_key(). What is not
// UTF-8 in the URL is replaced.
//
// `*tenant` is yours, to be given to evg_owned_free(). Errors:
// EVG_RESULT_CALLBACK_... and EVG_RESULT_HOST_... if they do not fit this client.
evg_result evg_client_pending_tenant(const struct evg_client *client,
                                     const char *url,
                                     size_t url_len,
                                     const uint8_t *record,
                                     size_t record_len,
                                     struct evg_owned **tenant);

// Where the store keeps the reservation of a company. A connection makes it by
// itself; these four functions are for an administrator's tools.
//
// `*key` is yours, to be given to evg_owned_free().
evg_result evg_client_company_key(const struct evg_client *client,
                                  const char *company,
                                  size_t company_len,
                                  struct evg_owned **key);

// What to write under evg_client_company_key() to reserve a company for a tenant: by
// a swap that expects nothing there.
//
// `*record` is yours, to be given to evg_owned_free(). Errors:
// EVG_RESULT_MISUSE_TENANT_INVALID.
evg_result evg_client_reserve_company(const struct evg_client *client,
                                      const char *company,
                                      size_t company_len,
                                      const char *tenant,
                                      size_t tenant_len,
                                      struct evg_owned **record);

// What to write under evg_client_company_key() once the company's tenant is gone for
// good, by a swap over the revision that was read: another tenant may then have it.
// A connection never does this by itself: who disconnects may come back.
//
// `*record` is yours, to be given to evg_owned_free().
evg_result evg_client_release_company(const struct evg_client *client,
                                      const char *company,
                                      size_t company_len,
                                      struct evg_owned **record);

// For which tenant a company is reserved, by the `record` that the store holds under
// evg_client_company_key(); `*tenant` is NULL if it has been released.
//
// `*tenant` is yours, to be given to evg_owned_free(). Errors: EVG_RESULT_HOST_... if
// it is not the reservation of this company.
evg_result evg_client_company_tenant(const struct evg_client *client,
                                     const char *company,
                                     size_t company_len,
                                     const uint8_t *record,
                                     size_t record_len,
                                     struct evg_owned **tenant);

// Makes a pacer of at most `per_minute` requests in any 60 seconds, up to `burst` of
// them at once. Pleo asks for fewer than 500 a minute; a tenth of the rate is a good
// burst, and 1 spaces all requests evenly.
//
// `*pacer` is yours, to be given to evg_pacer_free(). Errors:
// EVG_RESULT_MISUSE_PACING_INVALID.
evg_result evg_pacer_new(uint32_t per_minute, uint32_t burst, struct evg_pacer **pacer);

// Frees a pacer. NULL is allowed.
void evg_pacer_free(struct evg_pacer *pacer);

// Whether a request may go out at `now`. If `*at` is `now`, it may, and has been
// counted. If `*at` is later, it may not, and nothing has been counted: ask again
// then; if nobody else asks meanwhile it then may.
//
// `now` is milliseconds of any clock, the same each time: UNIX time if a failure's time
// goes to evg_pacer_slow_down(), else one that runs through suspend and is never set.
// If it is set back, nobody waits longer than before; if it is set forward, one more
// burst may pass.
evg_result evg_pacer_ask(struct evg_pacer *pacer, uint64_t now, uint64_t *at);

// The API asked for patience (429 or 503 with `Retry-After`): nothing passes before
// `until`, by the clock of evg_pacer_ask(), but for at most a day from `now`, and
// there is no burst then.
evg_result evg_pacer_slow_down(struct evg_pacer *pacer, uint64_t now, uint64_t until);

// Makes an empty registration, of a client that supports PKCE.
//
// `*registration` is yours, to be given to evg_registration_free().
evg_result evg_registration_new(struct evg_registration **registration);

// Frees a registration. NULL is allowed.
void evg_registration_free(struct evg_registration *registration);

// Sets one of the texts; `member` is an `evg_registration_text`.
// Errors: EVG_RESULT_UNKNOWN_TAG.
evg_result evg_registration_set(struct evg_registration *registration,
                                uint32_t member,
                                const char *value,
                                size_t value_len);

// Adds to one of the lists; `member` is an `evg_registration_list`.
// Errors: EVG_RESULT_UNKNOWN_TAG.
evg_result evg_registration_add(struct evg_registration *registration,
                                uint32_t member,
                                const char *value,
                                size_t value_len);

// Sets how large the logo is, in pixels: square, and in high resolution. The logo may
// then be handed in as a file beside the form, without a URI.
evg_result evg_registration_set_logo_size(struct evg_registration *registration,
                                          uint32_t width,
                                          uint32_t height);

// Sets whether PKCE with S256 is supported. This library always sends it.
// Default: true.
evg_result evg_registration_set_pkce(struct evg_registration *registration,
                                     bool supported);

// For what Pleo would send this back, everything at once: no fault if it is good for
// the environment, an `evg_pleo`.
//
// `*faults` is yours, to be given to evg_registration_faults_free().
// Errors: EVG_RESULT_UNKNOWN_TAG.
evg_result evg_registration_check(const struct evg_registration *registration,
                                  uint32_t environment,
                                  struct evg_registration_faults **faults);

// Frees the faults. NULL is allowed. The texts got from them stay good.
void evg_registration_faults_free(struct evg_registration_faults *faults);

// How many faults there are.
evg_result evg_registration_faults_count(const struct evg_registration_faults *faults,
                                         size_t *count);

// One fault, `index` below evg_registration_faults_count(): the member by its name
// in snake_case, which item of it, counted from 0, or EVG_NONE where it is no list,
// and the stable name of the rule that is broken, the same in every language, such
// as "registration_not_https". Both texts live for ever.
// Errors: EVG_RESULT_INDEX_INVALID.
evg_result evg_registration_faults_item(const struct evg_registration_faults *faults,
                                        size_t index,
                                        struct evg_text *member,
                                        uint64_t *item,
                                        struct evg_text *rule);

// The registration as plain text, to be handed in.
//
// `*form` is yours, to be given to evg_owned_free().
evg_result evg_registration_form(const struct evg_registration *registration,
                                 struct evg_owned **form);

// The registration as JSON: client metadata of RFC 7591 section 2, and Pleo's own.
//
// `*json` is yours, to be given to evg_owned_free().
evg_result evg_registration_json(const struct evg_registration *registration,
                                 struct evg_owned **json);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* EVERGRANT_H */
