// The ioctls of i2c-dev (Documentation/i2c/dev-interface.rst), whose structures and requests
// Swift cannot see. All return 0 or -1 with errno.
#ifndef EDGEI2C_H
#define EDGEI2C_H

#include <stdbool.h>
#include <stdint.h>

// The I2C_FUNC_ bits of the adapter.
int edge_i2c_functions(int bus, unsigned long *functions);

// Chooses the address for edge_i2c_smbus; EBUSY where a driver of the kernel has it.
int edge_i2c_choose(int bus, uint8_t address);

// One message of a combined transfer; `bytes` are read into or written from.
struct edge_i2c_message {
    bool is_read;
    uint16_t count;
    uint8_t *bytes;
};

// One transfer of at most 42 messages, with repeated starts between them (I2C_RDWR).
int edge_i2c_transfer(int bus, uint8_t address, const struct edge_i2c_message *messages, int count);

enum edge_i2c_size {
    EDGE_I2C_QUICK,
    EDGE_I2C_BYTE,
    EDGE_I2C_BYTE_DATA,
    EDGE_I2C_WORD_DATA,
    EDGE_I2C_BLOCK_DATA,
};

// One SMBus command with the chosen address. `bytes` holds 32; `count` says how many of them for a
// block, and after a read how many came. A word's low byte is the first.
int edge_i2c_smbus(int bus, bool is_read, uint8_t command, enum edge_i2c_size size, uint8_t *bytes,
                   int *count);

#endif
