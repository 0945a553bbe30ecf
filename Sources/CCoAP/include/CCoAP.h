// libcoap without linking it: its functions are looked up on first use, so that a process that
// does not speak CoAP never maps the library.
#ifndef CCOAP_H
#define CCOAP_H

#include <coap3/coap.h>
#include <stddef.h>
#include <stdint.h>

#define EDGE_COAP_FUNCTIONS(F) \
    F(add_data) \
    F(add_option) \
    F(add_resource) \
    F(add_token) \
    F(context_get_coap_fd) \
    F(context_set_max_handshake_sessions) \
    F(context_set_max_idle_sessions) \
    F(context_set_pki) \
    F(context_set_psk2) \
    F(context_set_session_timeout) \
    F(delete_pdu) \
    F(dtls_set_log_level) \
    F(free_context) \
    F(get_app_data) \
    F(get_data) \
    F(io_process) \
    F(new_client_session) \
    F(new_client_session_pki) \
    F(new_client_session_psk) \
    F(new_context) \
    F(new_endpoint) \
    F(new_message_id) \
    F(opt_length) \
    F(opt_value) \
    F(option_iterator_init) \
    F(option_next) \
    F(pdu_get_code) \
    F(pdu_get_token) \
    F(pdu_init) \
    F(pdu_set_code) \
    F(register_event_handler) \
    F(register_nack_handler) \
    F(register_request_handler) \
    F(register_response_handler) \
    F(resource_init) \
    F(resource_unknown_init2) \
    F(send) \
    F(session_disconnected) \
    F(session_get_app_data) \
    F(session_get_context) \
    F(session_get_psk_identity) \
    F(session_max_pdu_size) \
    F(session_set_ack_timeout) \
    F(session_set_app_data) \
    F(set_app_data) \
    F(set_log_handler) \
    F(set_log_level) \
    F(startup)

// Each function of the library under its own prototype, without the prefix `coap_`.
struct edge_coap {
#define EDGE_COAP_FIELD(name) __typeof__(coap_##name) *_Nonnull name;
    EDGE_COAP_FUNCTIONS(EDGE_COAP_FIELD)
#undef EDGE_COAP_FIELD
};

// Opens the library `name` and fills the table. Returns 0, or -1 with the reason in `error`.
// The library stays open: it keeps state of the whole process.
int edge_coap_load(
    const char *_Nonnull name, struct edge_coap *_Nonnull table, char *_Nonnull error,
    size_t error_size);

// Resolves a host, which may take as long as getaddrinfo(3) does. Returns 0 or its error.
int edge_coap_address(
    const char *_Nonnull host, uint16_t port, coap_address_t *_Nonnull address);

// Whether a server may have the address: 0, or why not (errno). The library itself binds with
// SO_REUSEADDR, with which two processes share a port and the later one gets all datagrams.
int edge_coap_probe(const coap_address_t *_Nonnull address);

// A resource at `path`, or for all other paths where it is NULL, whose every method goes to
// `handler`. Returns 0, or -1 out of memory.
int edge_coap_serve(
    const struct edge_coap *_Nonnull coap, coap_context_t *_Nonnull context,
    const char *_Nullable path, coap_method_handler_t _Nonnull handler);

// Certificates as PEM in memory, each with a NUL behind it, which must stay: the library reads them
// at each handshake. The peer's must chain to `ca`. A CN callback says whether its name will do.
struct edge_coap_certificates {
    const char *_Nonnull ca;
    const char *_Nonnull certificate;
    const char *_Nonnull key;
    coap_dtls_cn_callback_t _Nullable check_name;
    void *_Nullable argument;
};

coap_session_t *_Nullable edge_coap_connect_certificates(
    const struct edge_coap *_Nonnull coap, coap_context_t *_Nonnull context,
    const coap_address_t *_Nonnull address,
    const struct edge_coap_certificates *_Nonnull certificates);

// Returns 1 where the context takes them.
int edge_coap_serve_certificates(
    const struct edge_coap *_Nonnull coap, coap_context_t *_Nonnull context,
    const struct edge_coap_certificates *_Nonnull certificates);

// Pre-shared keys: `find` gives the key of an identity, which must live until the next call on the
// same thread, or NULL. Returns 1 where the context takes them.
int edge_coap_serve_keys(
    const struct edge_coap *_Nonnull coap, coap_context_t *_Nonnull context,
    coap_dtls_id_callback_t _Nonnull find, void *_Nullable argument);

// COAP_IO_NO_WAIT, a cast that Swift does not import.
static inline uint32_t edge_coap_no_wait(void) { return COAP_IO_NO_WAIT; }

// LOG_WARNING of syslog.h. The type is an integer in libcoap 4.3.1 and an enumeration in 4.3.4.
static inline coap_log_t edge_coap_log_warnings(void) { return (coap_log_t)4; }

#endif
