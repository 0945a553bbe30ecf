#include "EdgeI2C.h"

#include <errno.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <string.h>
#include <sys/ioctl.h>

int edge_i2c_functions(int bus, unsigned long *functions) {
    return ioctl(bus, I2C_FUNCS, functions) < 0 ? -1 : 0;
}

int edge_i2c_choose(int bus, uint8_t address) {
    return ioctl(bus, I2C_SLAVE, (unsigned long)address) < 0 ? -1 : 0;
}

int edge_i2c_transfer(int bus, uint8_t address, const struct edge_i2c_message *messages,
                      int count) {
    struct i2c_msg list[I2C_RDWR_IOCTL_MAX_MSGS];
    if (count < 1 || count > I2C_RDWR_IOCTL_MAX_MSGS) {
        errno = EINVAL;
        return -1;
    }
    for (int i = 0; i < count; i++) {
        list[i].addr = address;
        list[i].flags = messages[i].is_read ? I2C_M_RD : 0;
        list[i].len = messages[i].count;
        list[i].buf = messages[i].bytes;
    }
    struct i2c_rdwr_ioctl_data data = {.msgs = list, .nmsgs = (uint32_t)count};
    int done = ioctl(bus, I2C_RDWR, &data);
    if (done < 0) return -1;
    if (done != count) {
        errno = EIO;
        return -1;
    }
    return 0;
}

int edge_i2c_smbus(int bus, bool is_read, uint8_t command, enum edge_i2c_size size, uint8_t *bytes,
                   int *count) {
    static const uint32_t sizes[] = {
        [EDGE_I2C_QUICK] = I2C_SMBUS_QUICK,           [EDGE_I2C_BYTE] = I2C_SMBUS_BYTE,
        [EDGE_I2C_BYTE_DATA] = I2C_SMBUS_BYTE_DATA,   [EDGE_I2C_WORD_DATA] = I2C_SMBUS_WORD_DATA,
        [EDGE_I2C_BLOCK_DATA] = I2C_SMBUS_I2C_BLOCK_DATA,
    };
    union i2c_smbus_data data;
    memset(&data, 0, sizeof data);
    int length = *count < 0 ? 0 : *count > I2C_SMBUS_BLOCK_MAX ? I2C_SMBUS_BLOCK_MAX : *count;
    switch (size) {
    case EDGE_I2C_BYTE_DATA:
        data.byte = bytes[0];
        break;
    case EDGE_I2C_WORD_DATA:
        data.word = (uint16_t)(bytes[0] | bytes[1] << 8);
        break;
    case EDGE_I2C_BLOCK_DATA:
        data.block[0] = (uint8_t)length;
        if (!is_read) memcpy(&data.block[1], bytes, (size_t)length);
        break;
    default:
        break;
    }
    struct i2c_smbus_ioctl_data request = {
        .read_write = is_read ? I2C_SMBUS_READ : I2C_SMBUS_WRITE,
        .command = command,
        .size = sizes[size],
        .data = size == EDGE_I2C_QUICK ? NULL : &data,
    };
    if (ioctl(bus, I2C_SMBUS, &request) < 0) return -1;
    if (!is_read) return 0;
    switch (size) {
    case EDGE_I2C_BYTE:
    case EDGE_I2C_BYTE_DATA:
        bytes[0] = data.byte;
        *count = 1;
        break;
    case EDGE_I2C_WORD_DATA:
        bytes[0] = (uint8_t)data.word;
        bytes[1] = (uint8_t)(data.word >> 8);
        *count = 2;
        break;
    case EDGE_I2C_BLOCK_DATA:
        *count = data.block[0] > I2C_SMBUS_BLOCK_MAX ? I2C_SMBUS_BLOCK_MAX : data.block[0];
        memcpy(bytes, &data.block[1], (size_t)*count);
        break;
    default:
        *count = 0;
    }
    return 0;
}
