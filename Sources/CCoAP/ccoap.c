#define _GNU_SOURCE
#include "CCoAP.h"

#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int edge_coap_load(const char *name, struct edge_coap *table, char *error, size_t error_size) {
    void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        snprintf(error, error_size, "%s", dlerror());
        return -1;
    }
    // A void pointer is copied, as POSIX has dlsym(3) do it for functions.
    void *found;
#define EDGE_COAP_LOOK_UP(name) \
    found = dlsym(library, "coap_" #name); \
    if (found == NULL) { \
        snprintf(error, error_size, "it has no coap_" #name); \
        dlclose(library); \
        return -1; \
    } \
    memcpy(&table->name, &found, sizeof found);
    EDGE_COAP_FUNCTIONS(EDGE_COAP_LOOK_UP)
#undef EDGE_COAP_LOOK_UP
    return 0;
}

int edge_coap_address(const char *host, uint16_t port, coap_address_t *address) {
    memset(address, 0, sizeof *address);
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM};
    struct addrinfo *found = NULL;
    char service[8];
    snprintf(service, sizeof service, "%u", port);
    int code = getaddrinfo(host, service, &hints, &found);
    if (code != 0) return code;
    if (found->ai_addrlen > sizeof address->addr) {
        freeaddrinfo(found);
        return EAI_FAMILY;
    }
    address->size = found->ai_addrlen;
    memcpy(&address->addr, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return 0;
}

int edge_coap_probe(const coap_address_t *address) {
    int probe = socket(address->addr.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (probe < 0) return errno;
    int code = bind(probe, &address->addr.sa, address->size) == 0 ? 0 : errno;
    close(probe);
    return code;
}

int edge_coap_serve(
    const struct edge_coap *coap, coap_context_t *context, const char *path,
    coap_method_handler_t handler) {
    coap_resource_t *resource;
    if (path == NULL) {
        resource = coap->resource_unknown_init2(handler, 0);
    } else {
        coap_str_const_t text = {.length = strlen(path), .s = (const uint8_t *)path};
        // Without COAP_RESOURCE_FLAGS_RELEASE_URI the library copies the path.
        resource = coap->resource_init(&text, 0);
    }
    if (resource == NULL) return -1;
    const coap_request_t methods[] = {
        COAP_REQUEST_GET, COAP_REQUEST_POST, COAP_REQUEST_PUT, COAP_REQUEST_DELETE,
    };
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        coap->register_request_handler(resource, methods[i], handler);
    }
    coap->add_resource(context, resource);
    return 0;
}

static coap_dtls_pki_t pki(const struct edge_coap_certificates *certificates) {
    return (coap_dtls_pki_t){
        .version = COAP_DTLS_PKI_SETUP_VERSION,
        .verify_peer_cert = 1,
        // One private CA signs both sides; nobody else's certificate will do.
        .check_common_ca = 1,
        .cert_chain_validation = 1,
        .cert_chain_verify_depth = 2,
        // Revocation is the hub's device row, not a list (docs/security.md).
        .check_cert_revocation = 0,
        .validate_cn_call_back = certificates->check_name,
        .cn_call_back_arg = certificates->argument,
        .pki_key = {
            .key_type = COAP_PKI_KEY_PEM_BUF,
            .key.pem_buf = {
                .ca_cert = (const uint8_t *)certificates->ca,
                .public_cert = (const uint8_t *)certificates->certificate,
                .private_key = (const uint8_t *)certificates->key,
                .ca_cert_len = strlen(certificates->ca),
                .public_cert_len = strlen(certificates->certificate),
                .private_key_len = strlen(certificates->key),
            },
        },
    };
}

coap_session_t *edge_coap_connect_certificates(
    const struct edge_coap *coap, coap_context_t *context, const coap_address_t *address,
    const struct edge_coap_certificates *certificates) {
    coap_dtls_pki_t setup = pki(certificates);
    return coap->new_client_session_pki(context, NULL, address, COAP_PROTO_DTLS, &setup);
}

int edge_coap_serve_certificates(
    const struct edge_coap *coap, coap_context_t *context,
    const struct edge_coap_certificates *certificates) {
    coap_dtls_pki_t setup = pki(certificates);
    return coap->context_set_pki(context, &setup);
}

int edge_coap_serve_keys(
    const struct edge_coap *coap, coap_context_t *context, coap_dtls_id_callback_t find,
    void *argument) {
    // The library wants a key for identities it does not look up; with a callback it uses none.
    static const uint8_t unused[] = {0};
    coap_dtls_spsk_t setup = {
        .version = COAP_DTLS_SPSK_SETUP_VERSION,
        .validate_id_call_back = find,
        .id_call_back_arg = argument,
        .psk_info = {.hint = {.length = 0, .s = unused}, .key = {.length = 1, .s = unused}},
    };
    return coap->context_set_psk2(context, &setup);
}
