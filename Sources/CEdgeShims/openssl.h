// What of OpenSSL 3 is used, found by dlsym(3). Its headers are not: these types are all opaque.
#ifndef EDGE_OPENSSL_H
#define EDGE_OPENSSL_H

#include <stddef.h>

struct edge_openssl {
    // libcrypto
    const void *(*EVP_sha256)(void);
    int (*EVP_Digest)(const void *, size_t, unsigned char *, unsigned int *, const void *, void *);
    int (*EVP_DigestInit_ex)(void *, const void *, void *);
    int (*EVP_DigestUpdate)(void *, const void *, size_t);
    int (*EVP_DigestFinal_ex)(void *, unsigned char *, unsigned int *);
    unsigned char *(*HMAC)(const void *, const void *, int, const unsigned char *, size_t,
                           unsigned char *, unsigned int *);
    void *(*EVP_PKEY_Q_keygen)(void *, const char *, const char *, ...);
    void (*EVP_PKEY_free)(void *);
    void *(*EVP_PKEY2PKCS8)(const void *);
    int (*i2d_PKCS8_PRIV_KEY_INFO)(const void *, unsigned char **);
    void (*PKCS8_PRIV_KEY_INFO_free)(void *);
    void *(*d2i_AutoPrivateKey)(void **, const unsigned char **, long);
    int (*i2d_PUBKEY)(const void *, unsigned char **);
    void *(*EVP_MD_CTX_new)(void);
    void (*EVP_MD_CTX_free)(void *);
    int (*EVP_DigestSignInit)(void *, void **, const void *, void *, void *);
    int (*EVP_DigestSign)(void *, unsigned char *, size_t *, const unsigned char *, size_t);
    int (*OPENSSL_sk_num)(const void *);
    void *(*OPENSSL_sk_value)(const void *, int);
    void *(*X509_get_X509_PUBKEY)(const void *);
    int (*i2d_X509_PUBKEY)(const void *, unsigned char **);
    void *(*X509_STORE_CTX_get0_untrusted)(const void *);
    void *(*X509_STORE_CTX_get0_cert)(const void *);
    void (*X509_STORE_CTX_set_error)(void *, int);
    int (*X509_STORE_CTX_get_error)(const void *);
    void *(*X509_STORE_CTX_new)(void);
    void (*X509_STORE_CTX_free)(void *);
    int (*X509_STORE_CTX_init)(void *, void *, void *, void *);
    void *(*X509_STORE_CTX_get0_param)(const void *);
    void *(*X509_STORE_new)(void);
    void (*X509_STORE_free)(void *);
    int (*X509_STORE_add_cert)(void *, void *);
    void *(*d2i_X509)(void **, const unsigned char **, long);
    void (*X509_free)(void *);
    int (*X509_VERIFY_PARAM_set_flags)(void *, unsigned long);
    int (*X509_VERIFY_PARAM_set_purpose)(void *, int);
    int (*X509_VERIFY_PARAM_set1_host)(void *, const char *, size_t);
    int (*X509_verify_cert)(void *);
    const char *(*X509_verify_cert_error_string)(long);
    unsigned long (*ERR_peek_last_error)(void);
    const char *(*ERR_reason_error_string)(unsigned long);
    void (*ERR_clear_error)(void);
    // libssl
    const void *(*TLS_client_method)(void);
    void *(*SSL_CTX_new)(const void *);
    void (*SSL_CTX_free)(void *);
    long (*SSL_CTX_ctrl)(void *, int, long, void *);
    void (*SSL_CTX_set_verify)(void *, int, void *);
    void (*SSL_CTX_set_cert_verify_callback)(void *, int (*)(void *, void *), void *);
    int (*SSL_CTX_use_certificate)(void *, void *);
    int (*SSL_CTX_use_PrivateKey)(void *, void *);
    void *(*SSL_CTX_get_cert_store)(const void *);
    void *(*SSL_CTX_get0_param)(void *);
    void (*SSL_CTX_set_info_callback)(void *, void (*)(const void *, int, int));
    int (*SSL_CTX_set_ex_data)(void *, int, void *);
    void *(*SSL_CTX_get_ex_data)(const void *, int);
    void *(*SSL_get_SSL_CTX)(const void *);
    const char *(*SSL_alert_desc_string_long)(int);
    long (*SSL_get_verify_result)(const void *);
    void *(*SSL_new)(void *);
    void (*SSL_free)(void *);
    int (*SSL_set_fd)(void *, int);
    int (*SSL_connect)(void *);
    int (*SSL_write_ex)(void *, const void *, size_t, size_t *);
    int (*SSL_read_ex)(void *, void *, size_t, size_t *);
    int (*SSL_get_error)(const void *, int);
    int (*SSL_shutdown)(void *);
};

// Filled by edge_crypto_load.
extern struct edge_openssl edge_openssl;

#endif
