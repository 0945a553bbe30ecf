// P-256 keys, SHA-256 and TLS by OpenSSL's libraries, which are loaded when they are first asked
// for: an agent that neither enrols nor renews does not pay for them, and its binary names none.
#ifndef EDGECRYPTO_H
#define EDGECRYPTO_H

#include <stddef.h>
#include <stdint.h>

// Loads libcrypto and libssl. NULL, or why not. To be called, with success, before all else here.
// A write to a connection that the other side closed would end the process, so SIGPIPE is ignored
// from here on. Call from one thread at a time.
const char *edge_crypto_load(void);

// 32 bytes into `digest`; 0, or -1 where the library has no memory.
int edge_sha256(const uint8_t *bytes, size_t count, uint8_t *digest);
int edge_hmac_sha256(const uint8_t *key, size_t key_count, const uint8_t *bytes, size_t count,
                     uint8_t *digest);

// SHA-256 of what comes in pieces. NULL where there is no memory; the others return 0 or -1. After
// `finish` it begins again.
void *edge_sha256_open(void);
void edge_sha256_close(void *stream);
int edge_sha256_update(void *stream, const uint8_t *bytes, size_t count);
int edge_sha256_finish(void *stream, uint8_t *digest);

// A new P-256 key as a PrivateKeyInfo (RFC 5958) in DER. Its length, or -1.
int edge_key_make(uint8_t *der, size_t capacity);

// A private key from its DER, to be given to edge_key_close; NULL where it is none.
void *edge_key_open(const uint8_t *der, size_t count);
void edge_key_close(void *key);

// The public half as a SubjectPublicKeyInfo in DER, and an ECDSA signature over the SHA-256 of a
// message. The length, or -1.
int edge_key_public(void *key, uint8_t *der, size_t capacity);
int edge_key_sign(void *key, const uint8_t *message, size_t count, uint8_t *signature,
                  size_t capacity);

// What a step of TLS came to.
enum edge_tls_step { EDGE_TLS_DONE, EDGE_TLS_WANTS_READ, EDGE_TLS_WANTS_WRITE, EDGE_TLS_FAILED };

// TLS 1.3 as a client over a non-blocking socket, which stays the caller's. The other side must
// show a certificate for serving and for `name`, signed by an authority whose SubjectPublicKeyInfo
// has this SHA-256; dates are not looked at. NULL where there is no memory.
void *edge_tls_open(int socket, const uint8_t pin[32], const char *name);
void edge_tls_close(void *connection);

// Why the last step failed; NULL where the connection itself did. `refused` is set where the other
// side is not the one of the pin.
const char *edge_tls_reason(void *connection, int *refused);

enum edge_tls_step edge_tls_handshake(void *connection);

// `moved` is the number of bytes; a read of 0 with EDGE_TLS_DONE is the end.
enum edge_tls_step edge_tls_write(void *connection, const uint8_t *bytes, size_t count,
                                  size_t *moved);
enum edge_tls_step edge_tls_read(void *connection, uint8_t *bytes, size_t capacity, size_t *moved);

// What a library that makes its own connections needs of us: a client's SSL_CTX for TLS 1.2 and
// later, that shows a certificate and believes `authority` alone, for serving and for `name`; dates
// are not looked at. All three in DER. NULL where one of them cannot be used.
struct edge_tls_part {
    const uint8_t *bytes;
    size_t count;
};
void *edge_tls_context_make(struct edge_tls_part authority, struct edge_tls_part certificate,
                            struct edge_tls_part key, const char *name);
// To be called once the library has let go of it.
void edge_tls_context_close(void *context);
// The SSL_CTX.
void *edge_tls_context_inner(void *context);
// What the other side answered to our handshake, or why we refused its; NULL where neither.
// `refused` is set where it was we who refused.
const char *edge_tls_context_reason(void *context, int *refused);

#endif
