#include "EdgeCrypto.h"
#include "openssl.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

// <openssl/ssl.h>, <openssl/x509_vfy.h> and <openssl/x509v3.h> of OpenSSL 3.
enum {
    SSL_VERIFY_PEER = 1,
    SSL_CTRL_SET_MIN_PROTO_VERSION = 123,
    TLS1_3_VERSION = 0x0304,
    SSL_ERROR_WANT_READ = 2,
    SSL_ERROR_WANT_WRITE = 3,
    SSL_ERROR_ZERO_RETURN = 6,
    X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY = 20,
    X509_V_FLAG_NO_CHECK_TIME = 0x200000,
    X509_PURPOSE_SSL_SERVER = 2,
    SPKI_BYTES_MAX = 1024,
    CHAIN_MAX = 8
};

struct tls {
    void *context;
    void *connection;
    uint8_t pin[32];
    char name[64];
    int verdict;
    bool is_refused;
    unsigned long error;
};

static bool is_pinned(void *certificate, const uint8_t *pin) {
    void *key = edge_openssl.X509_get_X509_PUBKEY(certificate);
    uint8_t spki[SPKI_BYTES_MAX], digest[32];
    int length = edge_openssl.i2d_X509_PUBKEY(key, NULL);
    if (length <= 0 || length > SPKI_BYTES_MAX) return false;
    unsigned char *end = spki;
    if (edge_openssl.i2d_X509_PUBKEY(key, &end) != length) return false;
    return edge_sha256(spki, (size_t)length, digest) == 0 && memcmp(digest, pin, 32) == 0;
}

// The certificate of the pinned authority among those that the other side sent.
static void *pinned(void *chain, const uint8_t *pin) {
    int count = edge_openssl.OPENSSL_sk_num(chain);
    for (int index = 0; index < count && index < CHAIN_MAX; index++) {
        void *certificate = edge_openssl.OPENSSL_sk_value(chain, index);
        if (is_pinned(certificate, pin)) return certificate;
    }
    return NULL;
}

// OpenSSL's own verification, with the pinned authority as all that is trusted. The pin alone
// would not do: anyone may send along a certificate of somebody else's authority.
static int verify_below(void *authority, void *leaf, void *chain, const char *name, int *verdict) {
    void *store = edge_openssl.X509_STORE_new();
    void *check = edge_openssl.X509_STORE_CTX_new();
    int code = 0;
    if (store != NULL && check != NULL && edge_openssl.X509_STORE_add_cert(store, authority) == 1 &&
        edge_openssl.X509_STORE_CTX_init(check, store, leaf, chain) == 1) {
        void *rules = edge_openssl.X509_STORE_CTX_get0_param(check);
        if (edge_openssl.X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_NO_CHECK_TIME) == 1 &&
            edge_openssl.X509_VERIFY_PARAM_set_purpose(rules, X509_PURPOSE_SSL_SERVER) == 1 &&
            edge_openssl.X509_VERIFY_PARAM_set1_host(rules, name, 0) == 1) {
            code = edge_openssl.X509_verify_cert(check) == 1;
            *verdict = edge_openssl.X509_STORE_CTX_get_error(check);
        }
    }
    if (check != NULL) edge_openssl.X509_STORE_CTX_free(check);
    if (store != NULL) edge_openssl.X509_STORE_free(store);
    return code;
}

static int verify(void *offered, void *argument) {
    struct tls *tls = argument;
    void *chain = edge_openssl.X509_STORE_CTX_get0_untrusted(offered);
    void *leaf = edge_openssl.X509_STORE_CTX_get0_cert(offered);
    void *authority = pinned(chain, tls->pin);
    tls->verdict = X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;
    int code =
        authority == NULL ? 0 : verify_below(authority, leaf, chain, tls->name, &tls->verdict);
    tls->is_refused = code != 1;
    edge_openssl.X509_STORE_CTX_set_error(offered, code == 1 ? 0 : tls->verdict);
    return code;
}

void *edge_tls_open(int socket, const uint8_t pin[32], const char *name) {
    struct tls *tls = calloc(1, sizeof *tls);
    if (tls == NULL || strlen(name) >= sizeof tls->name) {
        free(tls);
        return NULL;
    }
    memcpy(tls->pin, pin, sizeof tls->pin);
    strcpy(tls->name, name);
    tls->context = edge_openssl.SSL_CTX_new(edge_openssl.TLS_client_method());
    if (tls->context != NULL) {
        edge_openssl.SSL_CTX_ctrl(tls->context, SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_3_VERSION,
                                  NULL);
        edge_openssl.SSL_CTX_set_verify(tls->context, SSL_VERIFY_PEER, NULL);
        edge_openssl.SSL_CTX_set_cert_verify_callback(tls->context, verify, tls);
        tls->connection = edge_openssl.SSL_new(tls->context);
    }
    if (tls->connection == NULL || edge_openssl.SSL_set_fd(tls->connection, socket) != 1) {
        edge_tls_close(tls);
        return NULL;
    }
    return tls;
}

void edge_tls_close(void *connection) {
    struct tls *tls = connection;
    if (tls->connection != NULL) {
        // One side's word is enough: what follows would be waiting for the other's.
        edge_openssl.ERR_clear_error();
        edge_openssl.SSL_shutdown(tls->connection);
        edge_openssl.SSL_free(tls->connection);
    }
    if (tls->context != NULL) edge_openssl.SSL_CTX_free(tls->context);
    edge_openssl.ERR_clear_error();
    free(tls);
}

const char *edge_tls_reason(void *connection, int *refused) {
    struct tls *tls = connection;
    *refused = tls->is_refused;
    if (tls->is_refused) return edge_openssl.X509_verify_cert_error_string(tls->verdict);
    return tls->error == 0 ? NULL : edge_openssl.ERR_reason_error_string(tls->error);
}

static enum edge_tls_step step(struct tls *tls, int code) {
    if (code == 1) return EDGE_TLS_DONE;
    switch (edge_openssl.SSL_get_error(tls->connection, code)) {
    case SSL_ERROR_WANT_READ: return EDGE_TLS_WANTS_READ;
    case SSL_ERROR_WANT_WRITE: return EDGE_TLS_WANTS_WRITE;
    case SSL_ERROR_ZERO_RETURN: return EDGE_TLS_DONE;
    default:
        tls->error = edge_openssl.ERR_peek_last_error();
        return EDGE_TLS_FAILED;
    }
}

enum edge_tls_step edge_tls_handshake(void *connection) {
    struct tls *tls = connection;
    // SSL_get_error(3) looks at the thread's queue of errors, which must be empty before.
    edge_openssl.ERR_clear_error();
    return step(tls, edge_openssl.SSL_connect(tls->connection));
}

enum edge_tls_step edge_tls_write(void *connection, const uint8_t *bytes, size_t count,
                                  size_t *moved) {
    struct tls *tls = connection;
    *moved = 0;
    edge_openssl.ERR_clear_error();
    return step(tls, edge_openssl.SSL_write_ex(tls->connection, bytes, count, moved));
}

enum edge_tls_step edge_tls_read(void *connection, uint8_t *bytes, size_t capacity, size_t *moved) {
    struct tls *tls = connection;
    *moved = 0;
    edge_openssl.ERR_clear_error();
    return step(tls, edge_openssl.SSL_read_ex(tls->connection, bytes, capacity, moved));
}
