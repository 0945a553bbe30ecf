#include "EdgeCrypto.h"
#include "openssl.h"

#include <dlfcn.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>

struct edge_openssl edge_openssl;

// POSIX lets a function's address be stored so (dlsym(3)), C alone does not.
static bool find(void *library, const char *name, void *slot) {
    void *address = dlsym(library, name);
    memcpy(slot, &address, sizeof address);
    return address != NULL;
}

#define FIND(library, name) find(library, #name, &edge_openssl.name)

static bool find_crypto(void *library) {
    return FIND(library, EVP_sha256) && FIND(library, EVP_Digest) && FIND(library, HMAC) &&
           FIND(library, EVP_DigestInit_ex) && FIND(library, EVP_DigestUpdate) &&
           FIND(library, EVP_DigestFinal_ex) &&
           FIND(library, EVP_PKEY_Q_keygen) && FIND(library, EVP_PKEY_free) &&
           FIND(library, EVP_PKEY2PKCS8) && FIND(library, i2d_PKCS8_PRIV_KEY_INFO) &&
           FIND(library, PKCS8_PRIV_KEY_INFO_free) && FIND(library, d2i_AutoPrivateKey) &&
           FIND(library, i2d_PUBKEY) && FIND(library, EVP_MD_CTX_new) &&
           FIND(library, EVP_MD_CTX_free) && FIND(library, EVP_DigestSignInit) &&
           FIND(library, EVP_DigestSign) && FIND(library, OPENSSL_sk_num) &&
           FIND(library, OPENSSL_sk_value) && FIND(library, X509_get_X509_PUBKEY) &&
           FIND(library, i2d_X509_PUBKEY) && FIND(library, X509_STORE_CTX_get0_untrusted) &&
           FIND(library, X509_STORE_CTX_get0_cert) && FIND(library, X509_STORE_CTX_set_error) &&
           FIND(library, X509_STORE_CTX_get_error) && FIND(library, X509_STORE_CTX_new) &&
           FIND(library, X509_STORE_CTX_free) && FIND(library, X509_STORE_CTX_init) &&
           FIND(library, X509_STORE_CTX_get0_param) && FIND(library, X509_STORE_new) &&
           FIND(library, X509_STORE_free) && FIND(library, X509_STORE_add_cert) &&
           FIND(library, d2i_X509) && FIND(library, X509_free) &&
           FIND(library, X509_VERIFY_PARAM_set_flags) &&
           FIND(library, X509_VERIFY_PARAM_set_purpose) &&
           FIND(library, X509_VERIFY_PARAM_set1_host) && FIND(library, X509_verify_cert) &&
           FIND(library, X509_verify_cert_error_string) && FIND(library, ERR_peek_last_error) &&
           FIND(library, ERR_reason_error_string) && FIND(library, ERR_clear_error);
}

static bool find_tls(void *library) {
    return FIND(library, TLS_client_method) && FIND(library, SSL_CTX_new) &&
           FIND(library, SSL_CTX_free) && FIND(library, SSL_CTX_ctrl) &&
           FIND(library, SSL_CTX_set_verify) &&
           FIND(library, SSL_CTX_set_cert_verify_callback) &&
           FIND(library, SSL_CTX_use_certificate) && FIND(library, SSL_CTX_use_PrivateKey) &&
           FIND(library, SSL_CTX_get_cert_store) && FIND(library, SSL_CTX_get0_param) &&
           FIND(library, SSL_CTX_set_info_callback) && FIND(library, SSL_CTX_set_ex_data) &&
           FIND(library, SSL_CTX_get_ex_data) && FIND(library, SSL_get_SSL_CTX) &&
           FIND(library, SSL_alert_desc_string_long) && FIND(library, SSL_get_verify_result) &&
           FIND(library, SSL_new) &&
           FIND(library, SSL_free) && FIND(library, SSL_set_fd) && FIND(library, SSL_connect) &&
           FIND(library, SSL_write_ex) && FIND(library, SSL_read_ex) &&
           FIND(library, SSL_get_error) && FIND(library, SSL_shutdown);
}

const char *edge_crypto_load(void) {
    static bool is_loaded = false;
    if (is_loaded) return NULL;
    void *crypto = dlopen("libcrypto.so.3", RTLD_NOW | RTLD_LOCAL);
    if (crypto == NULL) return dlerror();
    void *ssl = dlopen("libssl.so.3", RTLD_NOW | RTLD_LOCAL);
    if (ssl == NULL) return dlerror();
    if (!find_crypto(crypto) || !find_tls(ssl)) return dlerror();
    signal(SIGPIPE, SIG_IGN);
    is_loaded = true;
    return NULL;
}

int edge_sha256(const uint8_t *bytes, size_t count, uint8_t *digest) {
    unsigned int length = 0;
    const void *sha256 = edge_openssl.EVP_sha256();
    int code = edge_openssl.EVP_Digest(bytes, count, digest, &length, sha256, NULL);
    return code == 1 && length == 32 ? 0 : -1;
}

int edge_hmac_sha256(const uint8_t *key, size_t key_count, const uint8_t *bytes, size_t count,
                     uint8_t *digest) {
    if (key_count > INT_MAX) return -1;
    unsigned int length = 0;
    const void *sha256 = edge_openssl.EVP_sha256();
    const void *made =
        edge_openssl.HMAC(sha256, key, (int)key_count, bytes, count, digest, &length);
    return made != NULL && length == 32 ? 0 : -1;
}

void *edge_sha256_open(void) {
    void *stream = edge_openssl.EVP_MD_CTX_new();
    if (stream == NULL) return NULL;
    if (edge_openssl.EVP_DigestInit_ex(stream, edge_openssl.EVP_sha256(), NULL) == 1) return stream;
    edge_openssl.EVP_MD_CTX_free(stream);
    return NULL;
}

void edge_sha256_close(void *stream) { edge_openssl.EVP_MD_CTX_free(stream); }

int edge_sha256_update(void *stream, const uint8_t *bytes, size_t count) {
    return edge_openssl.EVP_DigestUpdate(stream, bytes, count) == 1 ? 0 : -1;
}

int edge_sha256_finish(void *stream, uint8_t *digest) {
    unsigned int length = 0;
    if (edge_openssl.EVP_DigestFinal_ex(stream, digest, &length) != 1 || length != 32) return -1;
    // Without a type the context keeps its own (EVP_DigestInit(3)).
    return edge_openssl.EVP_DigestInit_ex(stream, NULL, NULL) == 1 ? 0 : -1;
}

// The i2d functions tell how long their result is before they write it.
static int encode(int (*i2d)(const void *, unsigned char **), const void *object, uint8_t *der,
                  size_t capacity) {
    int length = i2d(object, NULL);
    if (length <= 0 || (size_t)length > capacity) return -1;
    unsigned char *end = der;
    return i2d(object, &end) == length ? length : -1;
}

int edge_key_make(uint8_t *der, size_t capacity) {
    void *key = edge_openssl.EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    if (key == NULL) return -1;
    void *wrapped = edge_openssl.EVP_PKEY2PKCS8(key);
    edge_openssl.EVP_PKEY_free(key);
    if (wrapped == NULL) return -1;
    int length = encode(edge_openssl.i2d_PKCS8_PRIV_KEY_INFO, wrapped, der, capacity);
    edge_openssl.PKCS8_PRIV_KEY_INFO_free(wrapped);
    return length;
}

void *edge_key_open(const uint8_t *der, size_t count) {
    if (count > LONG_MAX) return NULL;
    const unsigned char *start = der;
    void *key = edge_openssl.d2i_AutoPrivateKey(NULL, &start, (long)count);
    edge_openssl.ERR_clear_error();
    return key;
}

void edge_key_close(void *key) { edge_openssl.EVP_PKEY_free(key); }

int edge_key_public(void *key, uint8_t *der, size_t capacity) {
    return encode(edge_openssl.i2d_PUBKEY, key, der, capacity);
}

int edge_key_sign(void *key, const uint8_t *message, size_t count, uint8_t *signature,
                  size_t capacity) {
    void *context = edge_openssl.EVP_MD_CTX_new();
    if (context == NULL) return -1;
    size_t length = capacity;
    const void *sha256 = edge_openssl.EVP_sha256();
    bool is_signed =
        edge_openssl.EVP_DigestSignInit(context, NULL, sha256, NULL, key) == 1 &&
        edge_openssl.EVP_DigestSign(context, signature, &length, message, count) == 1;
    edge_openssl.EVP_MD_CTX_free(context);
    edge_openssl.ERR_clear_error();
    return is_signed && length <= INT_MAX ? (int)length : -1;
}
