#include "EdgeCrypto.h"
#include "openssl.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>

// <openssl/ssl.h>, <openssl/x509_vfy.h> and <openssl/x509v3.h> of OpenSSL 3.
enum {
    SSL_VERIFY_PEER = 1,
    SSL_CB_EXIT = 2,
    SSL_CB_READ = 4,
    SSL_CB_ALERT = 0x4000,
    SSL_CTRL_MODE = 33,
    SSL_CTRL_SET_MIN_PROTO_VERSION = 123,
    SSL_MODE_ENABLE_PARTIAL_WRITE = 1,
    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER = 2,
    SSL_MODE_RELEASE_BUFFERS = 16,
    ALERT_CLOSE_NOTIFY = 0,
    TLS1_2_VERSION = 0x0303,
    X509_V_FLAG_NO_CHECK_TIME = 0x200000,
    X509_PURPOSE_SSL_SERVER = 2
};

struct context {
    void *inner;
    // What the other side answered: an alert's number, or 0.
    int alert;
    // What we found wrong with it, or 0.
    long verdict;
};

// The library that makes the connections keeps neither to itself for us.
static void on_info(const void *connection, int where, int value) {
    void *inner = edge_openssl.SSL_get_SSL_CTX(connection);
    struct context *context = edge_openssl.SSL_CTX_get_ex_data(inner, 0);
    if (context == NULL) return;
    if ((where & SSL_CB_ALERT) && (where & SSL_CB_READ) && (value & 0xFF) != ALERT_CLOSE_NOTIFY) {
        context->alert = value;
    }
    if ((where & SSL_CB_EXIT) && value <= 0) {
        context->verdict = edge_openssl.SSL_get_verify_result(connection);
    }
}

static bool believe(void *inner, struct edge_tls_part authority, const char *name) {
    const unsigned char *start = authority.bytes;
    void *certificate = edge_openssl.d2i_X509(NULL, &start, (long)authority.count);
    if (certificate == NULL) return false;
    void *store = edge_openssl.SSL_CTX_get_cert_store(inner);
    bool is_added = edge_openssl.X509_STORE_add_cert(store, certificate) == 1;
    edge_openssl.X509_free(certificate);
    void *rules = edge_openssl.SSL_CTX_get0_param(inner);
    return is_added &&
           edge_openssl.X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_NO_CHECK_TIME) == 1 &&
           edge_openssl.X509_VERIFY_PARAM_set_purpose(rules, X509_PURPOSE_SSL_SERVER) == 1 &&
           edge_openssl.X509_VERIFY_PARAM_set1_host(rules, name, 0) == 1;
}

static bool show(void *inner, struct edge_tls_part leaf, struct edge_tls_part der) {
    const unsigned char *start = leaf.bytes;
    void *certificate = edge_openssl.d2i_X509(NULL, &start, (long)leaf.count);
    start = der.bytes;
    void *key = edge_openssl.d2i_AutoPrivateKey(NULL, &start, (long)der.count);
    // The key is held against the certificate, and both are counted by the context.
    bool is_shown = certificate != NULL && key != NULL &&
                    edge_openssl.SSL_CTX_use_certificate(inner, certificate) == 1 &&
                    edge_openssl.SSL_CTX_use_PrivateKey(inner, key) == 1;
    if (certificate != NULL) edge_openssl.X509_free(certificate);
    if (key != NULL) edge_openssl.EVP_PKEY_free(key);
    return is_shown;
}

void *edge_tls_context_make(struct edge_tls_part authority, struct edge_tls_part certificate,
                            struct edge_tls_part key, const char *name) {
    if (authority.count > INT_MAX || certificate.count > INT_MAX || key.count > INT_MAX) return NULL;
    struct context *context = calloc(1, sizeof *context);
    if (context == NULL) return NULL;
    void *inner = edge_openssl.SSL_CTX_new(edge_openssl.TLS_client_method());
    context->inner = inner;
    if (inner == NULL || edge_openssl.SSL_CTX_set_ex_data(inner, 0, context) != 1 ||
        !believe(inner, authority, name) || !show(inner, certificate, key)) {
        edge_tls_context_close(context);
        return NULL;
    }
    edge_openssl.SSL_CTX_ctrl(inner, SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_2_VERSION, NULL);
    // Buffers of an idle connection are 34 kB otherwise; and libmosquitto may repeat a write from
    // another place in memory.
    edge_openssl.SSL_CTX_ctrl(inner, SSL_CTRL_MODE,
                              SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER,
                              NULL);
    edge_openssl.SSL_CTX_set_verify(inner, SSL_VERIFY_PEER, NULL);
    edge_openssl.SSL_CTX_set_info_callback(inner, on_info);
    return context;
}

void edge_tls_context_close(void *handle) {
    struct context *context = handle;
    if (context->inner != NULL) {
        // Somebody else's reference to it may outlive us.
        edge_openssl.SSL_CTX_set_ex_data(context->inner, 0, NULL);
        edge_openssl.SSL_CTX_free(context->inner);
    }
    edge_openssl.ERR_clear_error();
    free(context);
}

void *edge_tls_context_inner(void *handle) { return ((struct context *)handle)->inner; }

const char *edge_tls_context_reason(void *handle, int *refused) {
    struct context *context = handle;
    *refused = context->verdict != 0;
    if (context->verdict != 0) return edge_openssl.X509_verify_cert_error_string(context->verdict);
    return context->alert == 0 ? NULL : edge_openssl.SSL_alert_desc_string_long(context->alert);
}
